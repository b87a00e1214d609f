"""`haicap cutover` as a person meets it: real plans on a recorded state; the engine and the machines are played."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from haicap.addressing.lockfile import CUTOVERS, write_cutovers, write_keys, write_locks
from haicap.addressing.model import Cutover, Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.cli import cutover as verb
from haicap.errors import HaicapError
from haicap.inspection.model import Inspection, Probe
from haicap.inventory.loader import load
from haicap.inventory.scaffold import scaffold
from haicap.lifecycle.cutover import Counts, Table
from haicap.plan.model import Plan
from haicap.stack import cutover_hands
from haicap.stack.cutover_hands import Outside, Room
from haicap.stack.cutover_job import Side
from haicap.stack.engine import Applied, OnEvent, StepEvent
from haicap.stack.holder import hold_cutover
from haicap.stack.record import log_of
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record

SERVERS = ("hub1", "hub2", "dns1", "dns2", "hv1", "hv2")
MACHINES = ("procedures-old-1", "procedures-1")
FROZEN = Cutover("2025-07-01T00:00:00Z")
PASSED = Probe(None, "procedures-1", "machine", "services", "passed", "nginx", "nginx", 0.1)


COUNTED: Counts = {"records": Table(3, "ab")}
STEPS = ["ready", "freeze", "save", "carry", "switch", "prove", "keep"]


class Played(Outside):
    """Machines that hold what they are told to; `probes` is what the proof finds."""

    probes: tuple[Probe, ...] = (PASSED,)

    def now(self) -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC)

    def room(self, side: Side) -> Room:
        return Room(1, 1 << 30)

    def counts(self, side: Side) -> Counts:
        return COUNTED

    def exported(self, side: Side, key: str) -> Counts | None:
        return COUNTED

    def size(self, side: Side, key: str) -> int:
        return 1 << 20

    def carried(self, source: Side, target: Side, key: str) -> bool:
        return True

    def load(self, side: Side, key: str) -> None:
        return None

    def discard(self, side: Side) -> None:
        return None

    def look_ready(self, target: Side) -> Inspection:
        return Inspection((PASSED,))

    def look_proven(self) -> Inspection:
        return Inspection(self.probes)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two units of Lâm Đồng, and its platforms; addresses, names and machines locked. Not to be changed."""
    directory = tmp_path_factory.mktemp("locked")
    scaffold(directory, "lam-dong")
    folder = directory / "inventories" / "lam-dong"
    shutil.rmtree(folder / "staff")
    head, *units = re.split(r"(?m)^(?=  - code: )", (folder / "units.yml").read_text("utf-8"))
    (folder / "units.yml").write_text("".join([head, *units[:2]]), "utf-8")
    with (folder / "province.yml").open("a", encoding="utf-8") as province:
        province.write("\nlimits: {notice_days: 0}\n")  # these tests announce nothing
    write_locks(folder, plan_locks(load(directory, "lam-dong"), Locks(), date(2025, 5, 1)).locks)
    return directory


@pytest.fixture
def applied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Two platforms stand, and are recorded as applied. What each apply changes, by resource."""
    ws = Workspace.open(folder, "lam-dong", "live")
    write_keys(ws.keys_file, {name: Keys("A" * 42 + "A=", "ssh-ed25519 AAAA") for name in (*SERVERS, *MACHINES)})
    ws.certificates.mkdir()
    for name in ("ca", *MACHINES):
        (ws.certificates / f"{name}.pem").write_text(f"certificate of {name}\n")
    record(Workspace.open(folder, "lam-dong", "live"), date.today())
    changed: list[list[str]] = []

    def play(at: Workspace, plan: Plan, on_event: OnEvent) -> Applied:
        assert (
            plan.basis == cutover_hands.plan_unlimited(Workspace.open(folder, "lam-dong", "live"), date.today()).basis
        )
        changed.append([change.resource for change in plan.changes])
        for change in plan.changes:
            on_event(StepEvent(change.resource, None, change.system, change.action, "done", "", 1.0))
        record(at, date.today())
        return Applied(len(plan.changes), (), 0)

    monkeypatch.setattr(cutover_hands, "apply", play)
    monkeypatch.setattr(verb, "Outside", Played)
    return changed


def lock_of(folder: Path, entry: Cutover | None) -> None:
    """The lock as it is after an apply."""
    write_cutovers(folder / "inventories/lam-dong" / CUTOVERS, {"procedures": entry} if entry else {})
    record(Workspace.open(folder, "lam-dong", "live"), date.today())


def edit(folder: Path, old: str, new: str, platform: str = "procedures-old") -> None:
    """Edit what platforms.yml says of one platform."""
    path = folder / "inventories/lam-dong/platforms.yml"
    head, mark, rest = path.read_text("utf-8").partition(f"- name: {platform}\n")
    assert old in rest
    path.write_text(head + mark + rest.replace(old, new, 1), "utf-8")


def test_there_and_back(run, applied, folder):
    done = run("cutover", "procedures", "lam-dong", "--yes")
    assert done.exit_code == 0, done.stderr
    assert applied == [["procedures-old-1"], ["procedures-1", "zones"]]
    assert done.stdout.endswith(
        "procedures is in use.\nNothing took changes for 0 s.\n"
        "until 2026-07-15 `haicap cutover procedures lam-dong --back` goes back; procedures-old stands, read-only, and "
        "is retired when platforms.yml says so\n"
    )
    assert "✓ procedures-old-1 machine updated 1.0 s\n" in done.stderr
    assert done.stderr.endswith(
        "Commit inventories/lam-dong/cutovers.lock.yml now: whoever applies without it undoes this.\n"
    )
    lock = (folder / "inventories/lam-dong" / CUTOVERS).read_text()
    assert lock.endswith('frozen: "2026-07-01T00:00:00Z"\n    switched: "2026-07-01T00:00:00Z"\n')
    assert run("plan", "--platform", "procedures", "--platform", "procedures-old").exit_code == 0
    listed = run("platform", "list").stdout
    assert [line.split()[:2] for line in listed.splitlines() if line.startswith("procedures-old")] == [
        ["procedures-old", "frozen"]
    ]
    assert "motcua.lamdong.gov.vn\n" in listed


def test_both_its_ends_are_logged(run, applied, folder, monkeypatch):
    def fail(*_words: object) -> None:
        raise HaicapError("the disk of procedures-1 is full")

    with monkeypatch.context() as broken:
        broken.setattr(Played, "load", fail)
        run("cutover", "procedures", "lam-dong", "--yes")
    run("cutover", "procedures", "lam-dong", "--yes")
    told = [event.fields for event in log_of(Workspace.open(folder, "lam-dong", "live")).events()]
    assert [(one["platform"], one["phase"], one.get("ok"), one.get("error")) for one in told] == [
        ("procedures", "begun", None, None),
        ("procedures", "ended", None, "the disk of procedures-1 is full"),
        ("procedures", "begun", None, None),
        ("procedures", "ended", True, None),
    ]


def test_the_way_back_within_its_days(run, applied, folder):
    recently = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lock_of(folder, Cutover(recently, recently))
    done = run("cutover", "procedures", "--back", "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    assert applied == [["procedures-1"], ["procedures-old-1", "zones"]]
    told = json.loads(done.stdout)
    assert (told["phase"], told["now"], told["direction"]) == ("switched", "before", "back")
    assert (told["cutover"], told["back_until"], told["failed"]) == (None, None, [])
    assert told["tables"] == {"records": {"rows": 3, "sha256": "ab"}}
    assert [step["step"] for step in told["steps"]] == STEPS
    assert run("plan", "--platform", "procedures").exit_code == 0


def test_before_the_switch_it_is_undone_at_once(run, applied, folder):
    lock_of(folder, FROZEN)
    assert run("cutover", "procedures", "--back", "--yes").exit_code == 0
    assert applied == [["procedures-old-1"]]
    assert run("cutover", "procedures", "--back", "--yes").exit_code == 0
    assert applied == [["procedures-old-1"]]


def test_a_dry_run_shows_the_steps_and_touches_nothing(run, applied, folder):
    done = run("cutover", "procedures", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "procedures-old to procedures, lam-dong: before, planned for 2025-07-01\n\n"
        "1 ready    +0:00  takes 1:00\n"
        "    does   look whether procedures-old and procedures stand as planned, pass their inspection, can move data "
        "and have room\n"
        "    needs  nothing pending for either; no machine of procedures fails\n"
        "    users  nothing\n\n"
        "2 freeze   +1:00  takes 0:30\n"
        "    does   make procedures-old read-only: its proxy refuses changes, its database takes none\n"
        "           update procedures-old-1: /etc/haicap/platform.json, /etc/nginx/nginx.conf, "
    )
    assert "3 save     +1:30  takes 0:45 at most\n" in done.stdout
    assert (
        "--- until here `haicap cutover procedures lam-dong --back` undoes it at once; from here on it carries the "
        "data back, for 14 days\n"
    ) in done.stdout
    assert "           update zones: lamdong.gov.vn.\n" in done.stdout
    assert "a name may lead to procedures-old for 60 s more, where nothing is recorded\n" in done.stdout
    assert done.stdout.endswith("\nNothing takes changes for about 4:10; in all 6:45.\n")
    assert not (folder / "inventories/lam-dong" / CUTOVERS).exists()
    assert applied == []
    told = json.loads(run("cutover", "procedures", "--dry-run", "--json").stdout)
    assert [step["step"] for step in told["steps"]] == STEPS
    assert told["steps"][1]["changes"][0].startswith("update procedures-old-1: ")


def test_a_dry_run_before_the_day_says_so(run, applied, folder):
    edit(folder, "frozen: 2025-07-01", "frozen: 2099-07-01")
    record(Workspace.open(folder, "lam-dong", "live"), date.today())
    done = run("cutover", "procedures", "--dry-run")
    assert "procedures-old to procedures, lam-dong: before, planned for 2099-07-01\n" in done.stdout
    assert done.stdout.endswith("It is planned for 2099-07-01; until then it is refused without --now.\n")
    assert "--now" not in run("cutover", "procedures", "--dry-run", "--now").stdout


def test_the_dry_run_of_the_way_back_and_of_what_has_begun(run, applied, folder):
    lock_of(folder, FROZEN)
    assert (
        "procedures-old to procedures, lam-dong: frozen\n\n1 freeze "
        in run("cutover", "procedures", "--dry-run").stdout
    )
    undo = run("cutover", "procedures", "--back", "--dry-run").stdout
    assert undo.startswith("procedures to procedures-old, lam-dong: frozen\n\n1 thaw ")
    assert "let procedures-old take changes again; no data is moved\n           update procedures-old-1: " in undo
    lock_of(folder, Cutover(FROZEN.frozen, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
    back = run("cutover", "procedures", "--back", "--dry-run").stdout
    assert "    does   export the data of procedures, with" in back
    assert (
        "--- until here `haicap cutover procedures lam-dong` undoes it at once; from here on that is another " in back
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("frozen: 2025-07-01", "frozen: 2099-07-01"),
            "Nothing was changed. procedures-old is to be frozen on 2099-07-01, and today is {today}. Run this on that "
            "day, or say --now.\n",
        ),
        (
            ("trial: 2025-06-16, live: 2025-07-01}", "trial: 2099-06-16}", "procedures"),
            "Nothing was changed. procedures is prepare on {today}, and would take no changes after the switch. Its "
            "dates are in platforms.yml (prepare 2025-06-01, trial 2099-06-16).\n",
        ),
        (
            ("dates: {live: 2020-01-01, frozen: 2025-07-01}", "dates: {live: 2099-01-01, retired: 2099-12-31}"),
            "Nothing was changed. procedures-old takes no changes on {today} (it is absent): there is nothing to take "
            "over.\n",
        ),
    ],
)
def test_what_may_not_begin_is_refused(run, applied, folder, change, message):
    edit(folder, *change)
    done = run("cutover", "procedures", "--yes")
    assert (done.exit_code, done.stdout, done.stderr) == (3, "", message.format(today=date.today()))
    assert applied == []


def test_the_way_back_after_its_days_is_refused(run, applied, folder):
    lock_of(folder, Cutover(FROZEN.frozen, "2025-07-01T01:00:00Z"))
    done = run("cutover", "procedures", "--back", "--yes")
    assert done.exit_code == 3
    assert done.stderr == (
        f"Nothing was changed. procedures could be taken back until 2025-07-15, 14 days after the switch, and today is "
        f"{date.today()}. Who must, raises rollback_days in platforms.yml; it is reviewed there.\n"
    )


def test_the_way_back_to_what_is_retired_is_refused(run, applied, folder):
    edit(folder, "frozen: 2025-07-01}", "frozen: 2025-07-01, retired: 2025-07-02}")
    lock_of(folder, Cutover(FROZEN.frozen, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
    done = run("cutover", "procedures", "--back", "--yes")
    assert (done.exit_code, done.stderr) == (
        3,
        "Nothing was changed. procedures-old is retired since 2025-07-02: there is nothing to go back to.\n",
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["procedure"], 1, 'lam-dong has no platform "procedure"; did you mean procedures?\n'),
        (
            ["procedures-old"],
            1,
            "procedures-old takes over from no platform; `haicap cutover procedures` takes over from it.\n",
        ),
        (["documents"], 1, "documents takes over from no platform; platforms.yml says it: `replaces`.\n"),
        (["lam-dong"], 1, "Error: Which platform? It takes PLATFORM [PROVINCE].\n"),
        ([], 1, "Error: Missing argument 'PLATFORM'.\n"),
        (["procedures", "--json"], 1, "Error: --json asks nothing: give --yes too, or a plan file.\n"),
        (["procedures"], 3, "Nothing was done: there is no terminal to ask on. --yes says that it is not to ask.\n"),
        (
            ["procedures", "--unit", "1", "--wave", "pilot"],
            1,
            "--unit and --wave exclude each other: give one of them.\n",
        ),
    ],
)
def test_mistakes(run, applied, words, code, message):
    done = run("cutover", *words)
    assert done.exit_code == code
    assert done.stderr.endswith(message)
    assert applied == []


def test_a_machine_that_is_not_enrolled(run, applied, folder):
    (folder / "inventories/lam-dong/certificates/procedures-1.pem").unlink()
    done = run("cutover", "procedures", "--yes")
    assert (done.exit_code, done.stderr) == (
        1,
        "procedures-1: not enrolled, or without a certificate. `haicap plan lam-dong --platform procedures` says "
        "which, and what comes next.\n",
    )


def test_what_is_pending_comes_first(run, applied, folder):
    edit(folder, "port: 8080", "port: 8090")
    done = run("cutover", "procedures", "--yes")
    assert done.exit_code == 3
    assert (
        "It is not ready:\n  procedures-old-1 must be applied first: `haicap apply lam-dong --platform " in done.stderr
    )
    assert done.stderr.endswith("Nothing was changed: procedures-old is in use.\n")
    assert not (folder / "inventories/lam-dong" / CUTOVERS).exists()


def test_another_run_is_waited_for_by_nobody(run, applied, folder):
    with hold_cutover(Workspace.open(folder, "lam-dong", "live")):
        done = run("cutover", "procedures", "--yes")
    assert done.exit_code == 3
    assert done.stderr.startswith("lam-dong: another run holds this province: ")
    assert run("cutover", "procedures", "--yes").exit_code == 0


def test_a_proof_that_fails_is_shown(run, applied, monkeypatch):
    bad = Probe("24958", "gw-24958", "machine", "motcua.lamdong.gov.vn", "failed", "procedures", "silence", 1.0)
    monkeypatch.setattr(Played, "probes", (PASSED, bad))
    done = run("cutover", "procedures", "--yes")
    assert done.exit_code == 2
    assert (
        "✗ 24958  motcua.lamdong.gov.vn, from gw-24958: failed\n    expected  procedures\n    observed  silence\n"
        "procedures is in use.\n"
    ) in done.stdout


def test_a_step_that_fails_leaves_the_lock_and_says_what_goes_on(run, applied, folder, monkeypatch):
    def fail(*_words: object) -> None:
        raise HaicapError("procedures-1: the disk is full")

    monkeypatch.setattr(Played, "load", fail)
    done = run("cutover", "procedures", "--yes")
    assert done.exit_code == 1
    assert done.stderr.endswith(
        "procedures-1: the disk is full\nprocedures-old is read-only since 2026-07-01T00:00:00Z, and names lead to it. "
        "`haicap cutover procedures lam-dong` goes on, `haicap cutover procedures lam-dong --back` undoes it.\n"
    )
    assert 'frozen: "2026-07-01T00:00:00Z"' in (folder / "inventories/lam-dong" / CUTOVERS).read_text()
    assert applied == [["procedures-old-1"]]


class TestApproved:
    """Where the inventory asks for it, a cut-over is written, approved by another, and done as it was approved."""

    @pytest.fixture(autouse=True)
    def approvers(self, folder, tmp_path, monkeypatch):
        monkeypatch.setenv("HAICAP_PRINCIPAL", "tung@x.vn")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "lan"], check=True)
        key = (tmp_path / "lan.pub").read_text().strip()
        (folder / "inventories/lam-dong/approvers.yml").write_text(
            f'approvers:\n  - {{principal: lan@x.vn, keys: [{{key: "{key}", from: 2025-01-01}}]}}\n', "utf-8"
        )

    @pytest.fixture
    def file(self, run, applied, tmp_path):
        path = tmp_path / "cutover.json"
        assert run("cutover", "procedures", "--dry-run", "-o", str(path)).exit_code == 0
        return path

    @pytest.fixture
    def approved(self, run, file, tmp_path):
        assert run("approve", str(file), "--key", str(tmp_path / "lan"), "--yes").exit_code == 0
        return file

    def test_it_is_done(self, run, applied, approved):
        done = run("cutover", "procedures", "--approved", str(approved), "--yes")
        assert done.exit_code == 0, done.stderr
        assert applied == [["procedures-old-1"], ["procedures-1", "zones"]]

    def test_it_goes_on_after_it_was_ended(self, run, applied, approved, monkeypatch):
        """The state has moved by its own first step, and nothing takes changes: it needs no other approval."""
        monkeypatch.setattr(Played, "load", _fails)
        assert run("cutover", "procedures", "--approved", str(approved), "--yes").exit_code == 1
        assert applied == [["procedures-old-1"]]
        monkeypatch.setattr(Played, "load", lambda _self, _side, _key: None)
        done = run("cutover", "procedures", "--approved", str(approved), "--yes")
        assert done.exit_code == 0, done.stderr

    def test_what_was_begun_is_undone_without_an_approval(self, run, applied, folder):
        lock_of(folder, FROZEN)
        assert run("cutover", "procedures", "--back", "--yes").exit_code == 0
        assert applied == [["procedures-old-1"]]

    def test_what_is_refused(self, run, applied, file, folder, tmp_path):
        for words, told in (
            ([], "a cut-over of lam-dong, live, must be approved before."),
            (["--approved", str(file)], "approved by nobody; 1 more must approve"),
        ):
            done = run("cutover", "procedures", *words, "--yes")
            assert (done.exit_code, told in done.stderr) == (3, True), done.stderr
        done = run("apply", str(file))
        assert (done.exit_code, "this is a cut-over, not a plan for apply" in done.stderr) == (3, True)
        assert applied == []

    def test_it_is_of_another_day(self, run, applied, file, tmp_path):
        run("cutover", "procedures", "--dry-run", "--as-of", "2031-07-01", "-o", str(file))
        run("approve", str(file), "--key", str(tmp_path / "lan"), "--yes")
        done = run("cutover", "procedures", "--approved", str(file), "--yes")
        assert (done.exit_code, "it is for 2031-07-01, and today is" in done.stderr) == (3, True), done.stderr
        assert applied == []

    def test_what_stands_has_moved_since(self, run, applied, approved, folder):
        edit(folder, "image: debian-12", "image: debian-12, count: 2", "documents")
        run("lock")
        done = run("cutover", "procedures", "--approved", str(approved), "--yes")
        assert (done.exit_code, "moved since this plan was made" in done.stderr) == (3, True), done.stderr
        assert applied == []

    def test_it_is_of_the_other_way(self, run, applied, approved, folder):
        recently = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lock_of(folder, Cutover(recently, recently))
        done = run("cutover", "procedures", "--back", "--approved", str(approved), "--yes")
        assert (done.exit_code, "it is not of `haicap cutover procedures lam-dong --back`" in done.stderr) == (3, True)


def _fails(_self: Played, _side: Side, _key: str) -> None:
    raise HaicapError("the machine was switched off")


def notice(folder: Path, words: str) -> None:
    province = folder / "inventories/lam-dong/province.yml"
    province.write_text(province.read_text("utf-8").replace("limits: {notice_days: 0}", f"limits: {words}"), "utf-8")


def test_a_cut_over_that_nobody_announced_does_not_begin(run, applied, folder):
    notice(folder, "{notice_days: 7}")
    done = run("cutover", "procedures", "--yes")
    assert (done.exit_code, applied) == (3, [])
    assert "notice: 1 change interrupts users: procedures-old-1 (read-only while its data is carried); no announ" in (
        done.stderr
    )
    assert "It will be refused: notice: " in run("cutover", "procedures", "--dry-run").stdout
    overriding = ("--override", "notice", "--reason", "the old platform lost its disk")
    assert run("cutover", "procedures", "--yes", *overriding).exit_code == 0


def test_a_cut_over_that_has_begun_is_never_kept_half_way(run, applied, folder):
    notice(folder, "{freeze: [{from: 2020-01-01, until: 2099-12-31, reason: 'for ever'}]}")
    assert "freeze: Nothing is changed from 2020-01-01" in run("cutover", "procedures", "--yes").stderr
    for words in ((), ("--back",)):
        lock_of(folder, FROZEN)
        assert run("cutover", "procedures", "--yes", *words).exit_code == 0
