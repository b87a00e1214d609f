"""The resource kind `Machine`: all of a hypervisor go together, and a hypervisor that is away stops no other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from haicap.errors import HaicapError
from haicap.machines.call import HypervisorHost
from haicap.provider import machines
from haicap.provider.context import RunContext
from haicap.provider.machines import Machines
from haicap.reach.context import Connection
from haicap.reach.jobs import Answers
from tests.unit.machines.samples import WANTED

CONTEXT = RunContext(Connection(), {"vm-a-1": ("update", "d", True)}, Path())


class Hypervisors:
    """Stand-ins: `calls` are the jobs of each call by hypervisor, `found` is what reads find, `away` answer nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[Mapping[str, Any]]]] = []
        self.found: dict[str, Any] = {}
        self.away: set[str] = set()

    def call(
        self,
        host: HypervisorHost,
        _connection: Connection,
        jobs: Iterable[Mapping[str, Any]],
        on_answer: Callable[[str, Any], None],
    ) -> Answers:
        self.calls.append((host.name, list(jobs)))
        if host.name in self.away:
            return Answers({}, error=f"cannot reach {host.name}")
        results: dict[str, Any] = {}
        for job in self.calls[-1][1]:
            results[job["key"]] = self.found.get(job.get("wanted", {}).get("machine"))
            on_answer(job["key"], results[job["key"]])
        return Answers(results)


@pytest.fixture
def hypervisors(monkeypatch: pytest.MonkeyPatch) -> Hypervisors:
    found = Hypervisors()
    monkeypatch.setattr(machines, "call", found.call)
    return found


def _inputs(machine: str, hypervisor: str = "hv1") -> dict[str, Any]:
    return {**WANTED, "machine": machine, "hypervisor": hypervisor}


def test_all_of_a_hypervisor_go_together(hypervisors: Hypervisors) -> None:
    kind, ready = Machines(lambda: CONTEXT), threading.Barrier(3)

    def write(name: str) -> None:
        ready.wait()
        kind.write(f"vm-{name}", _inputs(name), None)

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, ["a-1", "a-2", "a-3"]))
    ((host, jobs),) = hypervisors.calls
    assert host == "hv1"
    assert {job["wanted"]["machine"]: job["destroy"] for job in jobs} == {"a-1": True, "a-2": False, "a-3": False}


def test_a_hypervisor_that_is_away_fails_its_own_machines_alone(hypervisors: Hypervisors) -> None:
    hypervisors.away = {"hv1"}
    kind = Machines(lambda: CONTEXT)
    with ThreadPoolExecutor() as threads:
        here = threads.submit(kind.write, "vm-a-1", _inputs("a-1"), None)
        there = threads.submit(kind.write, "vm-a-2", _inputs("a-2", "hv2"), None)
    there.result()
    with pytest.raises(HaicapError, match="cannot reach hv1"):
        here.result()


def test_a_machine_that_is_gone_is_told_so(hypervisors: Hypervisors) -> None:
    kind = Machines(lambda: CONTEXT)
    assert kind.read("vm-a-1", _inputs("a-1")) == {**_inputs("a-1"), "state": "absent"}
    hypervisors.found["a-1"] = {**_inputs("a-1"), "vcpus": 2}
    assert kind.read("vm-a-1", _inputs("a-1"))["vcpus"] == 2


def test_only_what_the_plan_names_is_destroyed(hypervisors: Hypervisors) -> None:
    kind = Machines(lambda: CONTEXT)
    kind.delete("vm-a-1", _inputs("a-1"))
    kind.delete("vm-a-2", _inputs("a-2"))
    jobs = {job["gone"]["machine"]: job["destroy"] for _, (job,) in hypervisors.calls}
    assert jobs == {"a-1": True, "a-2": False}
