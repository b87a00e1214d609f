"""Measure what docs/benchmarks.md reports: whole processes, several runs, the middle one; the peak memory of each.

The engine's own preview of the same province and the same state is the peer of `haicap plan`; reports of 5,000 changes
have rows of their own (`bench_report.py`). With `--lab`, the parts of a first apply too, on the lab's hosts: of the six
pilot units, of the whole province, and of mail (`bench_mail.py`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import bench_mail
import bench_report
from bench_part import DAY

from haicap import assets
from haicap.addressing.lockfile import write_keys, write_locks, write_mail
from haicap.addressing.mail import plan_mail
from haicap.addressing.model import Keys
from haicap.addressing.planner import plan_locks
from haicap.inventory import national
from haicap.inventory.scaffold import scaffold
from haicap.stack.pulumi import find_pulumi
from haicap.stack.resources import resources_of
from haicap.stack.state import PROJECT, TYPES
from haicap.stack.workspace import Workspace

ROOT = Path(__file__).parents[1]
SLUG = "lam-dong"
RUNS = 5
HAICAP = str(Path(sys.executable).parent / "haicap")


def main(words: Sequence[str]) -> None:
    """Print one row a measurement: what, median seconds, the fastest and the slowest run, peak memory."""
    print(f"{'what':58} {'median':>8} {'min':>8} {'max':>8} {'MiB':>6}")
    with tempfile.TemporaryDirectory(prefix="haicap-bench-") as folder:
        _offline(Path(folder))
        bench_report.main(Path(folder), _row)
    if "--lab" in words:
        for title, wave in (("6 units", ["--wave", "pilot"]), ("124 units", [])):
            _on_hosts(title, wave)
        bench_mail.main()


def _offline(directory: Path) -> None:
    workspace = _prepared(directory)
    haicap = [HAICAP, "-C", str(directory)]
    overriding = ["--override", "waves", "--reason", "a plan of both waves is what is measured"]
    plan = [*haicap, "plan", SLUG, "--as-of", DAY.isoformat(), *overriding]
    _row("check, 124 units", [*haicap, "check"])
    _row("lock --check, 124 units", [*haicap, "lock", "--check"])
    _row("load to render, 128 hosts, alone in a process", _self("render", directory))
    nation = directory / "nation"
    for province in national.provinces():
        scaffold(nation, province.name)
    _row("lock 3,321 units of 34 provinces, alone in a process", _self("lock", nation))
    _row("read and lock their 190,000 people too", _self("mail", nation), runs=1)
    many = _with_machines(directory / "machines")
    _row("lock --check, 2,000 new machines, 60 hypervisors", [HAICAP, "-C", str(many), "lock", "--check"], 2)
    _run([HAICAP, "-C", str(many), "lock"], 0)
    _row("rebalance one of 60 away, 2,000 machines", [HAICAP, "-C", str(many), "rebalance", "--without", "hv1"], 2)
    machines = _standing(_with_machines(directory / "standing", 20))
    _record(machines)
    _row("plan, 20 platforms' 200 machines unchanged", [HAICAP, "-C", str(machines.directory), *plan[3:]])
    _approval(workspace, haicap, plan, directory / "plan.json")
    _against("253 to create", plan, _preview(workspace), directory, 2)
    _record(workspace)
    _against("253 unchanged", plan, _preview(workspace), directory, 0)
    units = workspace.folder / "units.yml"
    units.write_text(units.read_text(encoding="utf-8").replace("staff: 38", "staff: 39", 1), encoding="utf-8")
    _against("1 changed, 252 unchanged", plan, _preview(workspace), directory, 2)
    workspace = _with_people(workspace)
    _record(workspace)
    _against("379 unchanged, with 6,958 people", plan, _preview(workspace), directory, 0)
    _row("diff of two dates, 372 differ", [*haicap, "diff", "2025-05-20", DAY.isoformat(), SLUG, "--blast-radius"], 2)
    staff = workspace.folder / "staff" / "24829.yml"
    staff.write_text(staff.read_text(encoding="utf-8").replace("Văn thư", "Kế toán", 1), encoding="utf-8")
    _against("1 person changed", plan, _preview(workspace), directory, 2)


def _approval(workspace: Workspace, haicap: Sequence[str], plan: Sequence[str], file: Path) -> None:
    """Two people approve the plan of a whole province; then it is verified."""
    approvers, people = workspace.folder / "approvers.yml", ""
    for name in ("lan", "minh"):
        _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file.with_name(name))], 0)
        public = file.with_name(f"{name}.pub").read_text(encoding="ascii").strip()
        people += f'  - {{principal: {name}@x.vn, keys: [{{key: "{public}", from: 2025-01-01}}]}}\n'
    approvers.write_text(f"approvers:\n{people}rules: [{{name: two, count: 2}}]\n", encoding="utf-8")
    _run([*plan, "-o", str(file)], 2)
    for name in ("lan", "minh"):
        _run([*haicap, "approve", str(file), "--yes", "--key", str(file.with_name(name))], 0)
    _row("verify that plan and its two approvals", [*haicap, "verify", str(file)])
    approvers.unlink()


def _with_machines(directory: Path, platforms: int = 200) -> Path:
    """The sample with platforms of ten machines each, on 60 hypervisors in four halls."""
    folder = directory / "inventories" / SLUG
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "inventories" / SLUG / "units.yml", folder)
    size = "vcpus: 256, memory_mib: 524288, disk_gib: 16384"
    halls = [f"  - {{name: hv{n}, site: a, failure_domain: dc{n % 4}, {size}}}" for n in range(1, 61)]
    text = (ROOT / "inventories" / SLUG / "province.yml").read_text(encoding="utf-8")
    text = re.sub(r"^  - \{name: hv1.*\n.*$", "\n".join(halls), text, count=1, flags=re.MULTILINE)
    text = text.replace("10.126.0.0/24", "10.120.0.0/16")
    text = text.replace("operators: [", "authorized_keys: [ssh-ed25519 AAAA]\n  operators: [", 1)
    (folder / "province.yml").write_text(text, encoding="utf-8")
    entries = [
        f"  - {{name: p{n}, title: p{n}, kind: other, owner: a, dates: {{live: 2025-07-01}}, machines: {{profile: "
        f"{('app', 'db', 'small')[n % 3]}, image: debian-12, count: 10, disks: {{data: {n}}}}}}}\n"
        for n in range(1, platforms + 1)
    ]
    (folder / "platforms.yml").write_text("platforms:\n" + "".join(entries), encoding="utf-8")
    return directory


def _standing(directory: Path) -> Workspace:
    """The same with every hypervisor and machine enrolled (with keys and certificates made up)."""
    first = Workspace.open(directory, SLUG)
    write_locks(first.folder, plan_locks(first.inventory, first.locks, DAY).locks)
    machines = [name for platform in first.inventory.platforms for name in platform.machine_names]
    names = [*first.inventory.province.servers, *machines]
    write_keys(
        first.keys_file, {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in names}
    )
    first.certificates.mkdir()
    for name in (*machines, "ca"):
        (first.certificates / f"{name}.pem").write_text(f"({name})\n", encoding="ascii")
    return Workspace.open(directory, SLUG)


def _with_people(before: Workspace) -> Workspace:
    """The same with a mail server that is enrolled, and everybody's address."""
    folder = before.folder
    text = (folder / "province.yml").read_text(encoding="utf-8")
    text = text.replace("mail:\n", f"mail:\n  officers: [age1{'q' * 58}]\n", 1)
    (folder / "province.yml").write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "inventories" / SLUG / "staff", folder / "staff")
    mail = Keys("mail1".rjust(43, "A") + "=", "ssh-ed25519 AAAA", {"h1": "A" * 392})
    write_keys(before.keys_file, {**before.locks.keys, "mail1": mail})
    before.certificates.mkdir()
    for name in ("mail1", "ca"):
        (before.certificates / f"{name}.pem").write_text(f"({name})\n", encoding="ascii")
    workspace = Workspace.open(before.directory, SLUG)
    people = plan_mail(workspace.inventory, workspace.staff.units.values(), workspace.locks.names, {}, DAY)
    write_mail(folder, people.mailboxes)
    return Workspace.open(before.directory, SLUG)


def _prepared(directory: Path) -> Workspace:
    """The sample province with every host enrolled (with keys made up)."""
    folder = directory / "inventories" / SLUG
    folder.mkdir(parents=True)
    for name in ("province.yml", "units.yml"):
        shutil.copy(ROOT / "inventories" / SLUG / name, folder / name)
    first = Workspace.open(directory, SLUG)
    write_locks(folder, plan_locks(first.inventory, first.locks, DAY).locks)
    names = [unit.gateway for unit in first.inventory.units] + ["hub1", "hub2", "dns1", "dns2"]
    keys = {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in names}
    write_keys(first.keys_file, keys)
    return Workspace.open(directory, SLUG)


def _record(workspace: Workspace) -> None:
    """Write the state as it is after an apply of everything, as the engine writes it."""
    stack, frame = workspace.stack_name, "2025-07-01T00:00:00Z"
    urn = f"urn:pulumi:{stack}::{PROJECT}::"
    parent, provider = f"{urn}pulumi:pulumi:Stack::{PROJECT}-{stack}", f"{urn}pulumi:providers:haicap::default"
    own = "00000000-0000-4000-8000-000000000000"
    entries: list[dict[str, object]] = [
        {"urn": parent, "custom": False, "type": "pulumi:pulumi:Stack"},
        {"urn": provider, "custom": True, "id": own, "type": "pulumi:providers:haicap"},
    ]
    for resource in resources_of(workspace.design(DAY)):
        kind = TYPES[resource.kind]
        entry = {"urn": f"{urn}{kind}::{resource.name}", "custom": True, "id": resource.name, "type": kind}
        values = {"inputs": resource.inputs, "outputs": resource.inputs}
        entries.append({**entry, **values, "parent": parent, "provider": f"{provider}::{own}"})
    latest = {"manifest": {"time": frame, "magic": "", "version": ""}, "resources": entries}
    path = workspace.state_folder / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": {"stack": stack, "latest": latest}}), encoding="utf-8")


def _preview(workspace: Workspace) -> list[str]:
    program = str(assets.path("stacks") / "province")
    return [str(find_pulumi()), "preview", "--suppress-progress", "--stack", workspace.stack_name, "--cwd", program]


def _against(title: str, plan: Sequence[str], preview: Sequence[str], directory: Path, code: int) -> None:
    """The plan, the engine's preview of the same, and how many times as long that takes."""
    ours = _row(f"plan, {title}", plan, code)
    state = directory / "inventories" / SLUG / ".state"
    state.mkdir(exist_ok=True)
    pulumi = Path(preview[0])
    environment = {
        "PATH": os.pathsep.join((str(Path(HAICAP).parent), str(pulumi.parent), os.environ["PATH"])),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "HAICAP_DIRECTORY": str(directory),
        "HAICAP_AS_OF": DAY.isoformat(),
    }
    if not (state / ".pulumi").is_dir():
        _run([*preview[:1], "stack", "init", preview[4], *preview[5:]], 0, environment)
    theirs = _row(f"pulumi preview, {title}", preview, 0, environment)
    print(f"{'  the preview takes, for each second of the plan':58} {theirs / ours:8.1f}", flush=True)


def _on_hosts(title: str, wave: Sequence[str]) -> None:
    """Each part of a first apply, once."""
    directory = ROOT / "build" / "bench"
    folder = directory / "inventories" / SLUG
    haicap = [HAICAP, "-C", str(directory)]
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(ROOT / "inventories" / SLUG, folder, ignore=shutil.ignore_patterns(".*", "*.lock.yml"))
    if not wave:
        province = folder / "province.yml"
        text = province.read_text(encoding="utf-8")
        province.write_text(text.replace("bfd_interval_ms: 150", "bfd_interval_ms: 3000"), encoding="utf-8")
    try:
        _row(f"{title}: lock", [*haicap, "lock", SLUG], runs=1)
        _row(f"{title}: boot the hosts", [*haicap, "lab", "up", SLUG, *wave], runs=1)
        _row(f"{title}: enrol", [*haicap, "enrol", SLUG, *wave], runs=1)
        _row(f"{title}: plan, all to create", [*haicap, "plan", SLUG, *wave], 2, runs=1)
        _row(f"{title}: apply", [*haicap, "apply", SLUG, "--yes", *wave], runs=1)
        _row(f"{title}: inspect", [*haicap, "inspect", SLUG, *wave], runs=1)
        _row(f"{title}: plan, nothing to do", [*haicap, "plan", SLUG, *wave], runs=1)
        _row(f"{title}: drift", [*haicap, "drift", SLUG, *wave], runs=1)
    finally:
        _run([*haicap, "lab", "down", SLUG], 0)


def _self(part: str, directory: Path) -> list[str]:
    return [sys.executable, str(Path(__file__).with_name("bench_part.py")), part, str(directory)]


def _row(
    what: str, command: Sequence[str], code: int = 0, environment: Mapping[str, str] | None = None, runs: int = RUNS
) -> float:
    """Run, print the row, and return the median seconds. Where there are several runs, one before them warms up."""
    if runs > 1:
        _run(command, code, environment)
    measured = [_run(command, code, environment) for _ in range(runs)]
    seconds, memory = [each for each, _ in measured], max(each for _, each in measured)
    middle = statistics.median(seconds)
    print(f"{what:58} {middle:8.2f} {min(seconds):8.2f} {max(seconds):8.2f} {memory:6.0f}", flush=True)
    return middle


def _run(command: Sequence[str], code: int, environment: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Seconds, and the peak MiB of the largest of its processes."""
    with tempfile.TemporaryFile("w+") as said, tempfile.NamedTemporaryFile("r") as result:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SMALL, result.name, *command],
            stdout=said,
            stderr=said,
            env={**os.environ, **(environment or {})},
            check=False,
        )
        if done.returncode != code:
            said.seek(0)
            sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{said.read()[-4000:]}")
        seconds, kilobytes = result.read().split()
    return float(seconds), int(kilobytes) / 1024


# A process starts with the peak of the one that it was forked from: it is started from a small one, not from this one.
_SMALL = """\
import os, sys, time
begun = time.perf_counter()
_, status, used = os.wait4(os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ), 0)
with open(sys.argv[1], "w") as result:
    result.write(f"{time.perf_counter() - begun} {used.ru_maxrss}")
sys.exit(os.waitstatus_to_exitcode(status))
"""


if __name__ == "__main__":
    main(sys.argv[1:])
