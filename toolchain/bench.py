"""Measure what docs/benchmarks.md reports: whole processes, several runs, medians; the peak memory of each.

The engine's own preview of the same province is the peer of `haicap plan`. With root and a lab, `make demo` and
`make demo UNITS=all` print the time of each part.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from haicap.addressing.lockfile import write_keys, write_locks
from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.design import design_province
from haicap.inventory.loader import load
from haicap.render import render_host
from haicap.stack.workspace import Workspace

ROOT = Path(__file__).parents[1]
DAY = date(2025, 7, 1)
RUNS = 5


def main() -> None:
    """Print one row a measurement: what, median seconds, the fastest and the slowest run, peak memory."""
    print(f"{'what':58} {'median':>8} {'min':>8} {'max':>8} {'MiB':>6}")
    with tempfile.TemporaryDirectory(prefix="haicap-bench-") as folder:
        workspace = _prepared(Path(folder))
        haicap = [str(Path(sys.executable).parent / "haicap"), "-C", folder]
        _row("check, 124 units", lambda: _run([*haicap, "check"]))
        _row("lock --check, 124 units", lambda: _run([*haicap, "lock", "--check"]))
        _row("plan, 124 units, all to create", lambda: _run([*haicap, "plan", "--as-of", DAY.isoformat()], 2))
        _row("in process: load to render, 128 hosts", lambda: _render(workspace))
    _row("in process: lock, 3,321 units of 34 provinces", _lock_all)


def _prepared(directory: Path) -> Workspace:
    """The sample province with every host enrolled (with keys made up)."""
    folder = directory / "inventories" / "lam-dong"
    folder.mkdir(parents=True)
    for name in ("province.yml", "units.yml"):
        shutil.copy(ROOT / "inventories" / "lam-dong" / name, folder / name)
    first = Workspace.open(directory, "lam-dong")
    write_locks(folder, plan_locks(first.inventory, first.locks, DAY).locks)
    names = [unit.gateway for unit in first.inventory.units] + ["hub1", "hub2", "dns1", "dns2"]
    keys = {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in names}
    write_keys(first.keys_file, keys)
    return Workspace.open(directory, "lam-dong")


def _render(workspace: Workspace) -> None:
    fresh = Workspace.open(workspace.directory, workspace.slug)
    for host in design_province(fresh.inventory, fresh.locks, DAY).hosts:
        render_host(host)


def _lock_all() -> None:
    from haicap.inventory import national
    from haicap.inventory.scaffold import scaffold

    with tempfile.TemporaryDirectory(prefix="haicap-bench-") as folder:
        for province in national.provinces():
            scaffold(Path(folder), province.name)
        for path in sorted((Path(folder) / "inventories").iterdir()):
            plan_locks(load(Path(folder), path.name), Locks(), DAY)


def _run(command: Sequence[str], code: int = 0) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    if done.returncode != code:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")


def _row(what: str, work: Callable[[], None]) -> None:
    seconds = []
    work()
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    who = resource.RUSAGE_SELF if what.startswith("in process") else resource.RUSAGE_CHILDREN
    memory = resource.getrusage(who).ru_maxrss / 1024
    low, high = min(seconds), max(seconds)
    print(f"{what:58} {statistics.median(seconds):8.2f} {low:8.2f} {high:8.2f} {memory:6.0f}", flush=True)


if __name__ == "__main__":
    main()
