"""Pulumi's resource provider protocol (provider.proto), synchronous: Structs in, Structs out, one thread a call."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from haicap import __version__
from haicap.errors import HaicapError, Refused
from haicap.plan.diff import REPLACING, differences, replaces
from haicap.plan.model import Difference, Json
from haicap.plan.values import normalise
from haicap.provider.accounts import Accounts, Directory
from haicap.provider.context import VARIABLE, read_context
from haicap.provider.host import Hosts
from haicap.provider.kind import Inputs, Kind
from haicap.provider.machines import Machines
from haicap.provider.records import Records

_Method = TypeVar("_Method", bound=Callable[..., Any])


def _answers(method: _Method) -> _Method:
    """A HaicapError reaches the user word for word, as the call's status."""

    @wraps(method)
    def call(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except Refused as error:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, error)
        except HaicapError as error:
            _abort(context, grpc.StatusCode.UNAVAILABLE, error)

    return call  # type: ignore[return-value]


def _abort(context: grpc.ServicerContext, code: grpc.StatusCode, error: Exception) -> NoReturn:
    context.abort(code, str(error))
    raise AssertionError("abort returns never")


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One process serves a whole run."""

    def __init__(self) -> None:
        self._cancel = threading.Event()
        self._context = cache(read_context)
        self._kinds: dict[str, Kind] = {
            "haicap:index:Host": Hosts(self._context, self._cancel),
            "haicap:index:Records": Records(self._context),
            "haicap:index:Directory": Directory(self._context),
            "haicap:index:Accounts": Accounts(self._context),
            "haicap:index:Machine": Machines(self._context),
        }

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's names
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=False, accept_resources=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version=__version__)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        schema = {"name": "haicap", "version": __version__, "resources": {kind: {} for kind in self._kinds}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.ConfigureResponse(acceptSecrets=False, supportsPreview=True, acceptResources=False)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        if os.environ.get(VARIABLE) and _name(request.urn) not in self._context().fence:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        diff = differences(_values(request.olds), _values(request.news))
        kinds = provider_pb2.PropertyDiff.Kind
        detailed = {
            property_path(d): provider_pb2.PropertyDiff(kind=getattr(kinds, _diff_kind(d)), inputDiff=True)
            for d in diff
        }
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if diff else none,
            diffs=sorted({d.path[0] for d in diff}),
            replaces=[key for key in REPLACING if replaces(diff)],
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=True,
        )

    @_answers
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        name, inputs = _name(request.urn), _values(request.properties)
        if not request.preview:
            self._context().allow(name, ("create", "replace"), inputs)
            self._kind(request.urn).write(name, inputs, None)
        return provider_pb2.CreateResponse(id=name, properties=_struct(inputs))

    @_answers
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        name, inputs = _name(request.urn), _values(request.news)
        if not request.preview:
            self._context().allow(name, ("update",), inputs)
            self._kind(request.urn).write(name, inputs, _values(request.old_inputs))
        return provider_pb2.UpdateResponse(properties=_struct(inputs))

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        name = _name(request.urn)
        inputs = _values(request.old_inputs) or _values(request.properties)
        self._context().allow(name, ("delete", "replace"), inputs)
        self._kind(request.urn).delete(name, inputs)
        return empty_pb2.Empty()

    @_answers
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        name = _name(request.urn)
        inputs = _values(request.inputs)
        self._context()  # without a run there is nothing to reach hosts with
        found = self._kind(request.urn).read(name, inputs)
        return provider_pb2.ReadResponse(id=request.id, inputs=_struct(inputs), properties=_struct(found))

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        self._cancel.set()
        return empty_pb2.Empty()

    def _kind(self, urn: str) -> Kind:
        return self._kinds[urn.split("::")[2].rsplit("$", maxsplit=1)[-1]]


def property_path(difference: Difference) -> str:
    """`files["/etc/frr/frr.conf"]`: the engine's way to name a value inside a resource."""
    first, *rest = difference.path
    return first + "".join(f"[{json.dumps(part)}]" for part in rest)


def _diff_kind(difference: Difference) -> str:
    kind = "ADD" if difference.before is None else "DELETE" if difference.after is None else "UPDATE"
    return f"{kind}_REPLACE" if difference.path[0] in REPLACING else kind


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _values(struct: struct_pb2.Struct) -> Inputs:
    values: Json = normalise(json_format.MessageToDict(struct))
    return {key: value for key, value in values.items() if key not in _ENGINE_KEYS}


_ENGINE_KEYS: Iterable[str] = frozenset({"__defaults", "__internal", "__name", "__provider"})


def _struct(values: Inputs) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
