"""The provider over gRPC, in this process: what the engine would hear, and what the fence refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from haicap.plan.model import Change, Plan, digest_of
from haicap.provider.context import VARIABLE, read_context, write_context
from haicap.provider.servicer import Provider
from haicap.reach.context import Connection
from haicap.stack.state import TYPES

URN = "urn:pulumi:lam-dong::haicap-province::haicap:index:Host::gw-24829"
INPUTS = {"host": "gw-24829", "unit": "24829", "files": {"/etc/a": "one\n"}, "services": {"frr": "active"}, "n": 3}


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _plan(action: str, digest: str) -> Plan:
    change = Change("24829", "gateway", "gw-24829", action, digest)  # type: ignore[arg-type]
    return Plan("lam-dong", "lab", "2025-07-01", {}, {}, (change,))


@pytest.fixture
def stub() -> Iterator[Any]:
    server = grpc.server(ThreadPoolExecutor(4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


def _diff(stub: Any, after: dict[str, Any]) -> Any:
    return stub.Diff(provider_pb2.DiffRequest(urn=URN, olds=_struct(INPUTS), news=_struct(after)))


def test_equal_inputs_are_no_difference(stub: Any) -> None:
    assert _diff(stub, INPUTS).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_difference_names_the_file_and_replaces_nothing(stub: Any) -> None:
    answer = _diff(stub, {**INPUTS, "files": {"/etc/a": "two\n"}})
    assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert list(answer.detailedDiff) == ['files["/etc/a"]']
    assert list(answer.replaces) == []


def test_another_host_is_another_resource(stub: Any) -> None:
    assert list(_diff(stub, {**INPUTS, "host": "gw-1"}).replaces) == ["host"]


def test_a_preview_touches_nothing_and_needs_no_plan(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    answer = stub.Create(provider_pb2.CreateRequest(urn=URN, properties=_struct(INPUTS), preview=True))
    assert answer.id == "gw-24829"


@pytest.mark.parametrize(
    ("action", "digest", "said"),
    [
        ("update", digest_of(INPUTS), "the plan does not hold this create"),
        ("create", digest_of({**INPUTS, "n": 4}), "is not what the plan holds"),
    ],
)
def test_what_the_plan_does_not_hold_is_refused(
    stub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, digest: str, said: str
) -> None:
    path = tmp_path / "run.json"
    write_context(path, Connection(), _plan(action, digest), tmp_path / "sealed")
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(grpc.RpcError) as caught:
        stub.Create(provider_pb2.CreateRequest(urn=URN, properties=_struct(INPUTS)))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION  # type: ignore[attr-defined]
    assert said in caught.value.details()  # type: ignore[attr-defined]


def test_without_a_run_nothing_is_changed_or_read(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(grpc.RpcError) as caught:
        stub.Read(provider_pb2.ReadRequest(urn=URN, id="gw-24829", inputs=_struct(INPUTS)))
    assert "haicap apply" in caught.value.details()  # type: ignore[attr-defined]


def test_the_schema_names_every_kind(stub: Any) -> None:
    schema = json.loads(stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert set(schema["resources"]) == set(TYPES.values())


def test_what_one_resource_may_destroy_says_nothing_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Change("24829", "mail", "accounts-24829", "update", "d", destroys=("mailbox of 68-24829-004",))
    plan = Plan("lam-dong", "lab", "2025-07-01", {}, {}, (gone, Change(None, "machine", "vm-app-1", "update", "d")))
    write_context(tmp_path / "run.json", Connection(), plan, tmp_path / "sealed")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "run.json"))
    context = read_context()
    assert context.destroys("accounts-24829")
    assert not context.destroys("vm-app-1")
    assert not context.destroys("vm-other")
