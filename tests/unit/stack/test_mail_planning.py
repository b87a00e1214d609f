"""People in a plan: who comes, changes and leaves, and what of theirs would go for good."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from haicap.addressing.lockfile import read_locks, read_mail, write_keys, write_locks, write_mail
from haicap.addressing.mail import plan_mail
from haicap.addressing.model import Keys
from haicap.addressing.planner import plan_locks
from haicap.plan.model import Change, Plan
from haicap.report.text import plan_lines
from haicap.stack.planning import make_plan, plan_destroy
from haicap.stack.workspace import Workspace
from tests.unit.stack.recorded import record

DAY = date(2025, 7, 1)
ROOT = Path(__file__).parents[3]
HOSTS = ("hub1", "hub2", "dns1", "dns2", "mail1", "gw-24829")
OFFICER = "age1" + "q" * 58


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A province whose mail server and one unit are enrolled; that unit and another have staff."""
    sample, folder = ROOT / "inventories" / "lam-dong", tmp_path / "inventories" / "lam-dong"
    (folder / "staff").mkdir(parents=True)
    text = (sample / "province.yml").read_text("utf-8")
    (folder / "province.yml").write_text(text.replace("mail:\n", f"mail:\n  officers: [{OFFICER}]\n"), "utf-8")
    for name in ("units.yml", "staff/24829.yml", "staff/24958.yml"):
        shutil.copy(sample / name, folder / name)
    workspace = Workspace.open(tmp_path, "lam-dong")
    write_locks(folder, plan_locks(workspace.inventory, workspace.locks, DAY).locks)
    keys = {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in HOSTS}
    keys["mail1"] = replace(keys["mail1"], dkim={"h1": "A" * 392})
    write_keys(workspace.keys_file, keys)
    workspace.certificates.mkdir()
    for name in ("mail1", "ca"):
        (workspace.certificates / f"{name}.pem").write_text(f"({name})\n", "ascii")
    _lock(folder)
    return folder


def _lock(folder: Path) -> None:
    ws = _open(folder)
    mail = plan_mail(ws.inventory, ws.staff.units.values(), read_locks(folder).names, read_mail(folder), DAY)
    write_mail(folder, mail.mailboxes)


def _open(folder: Path) -> Workspace:
    return Workspace.open(folder.parents[1], "lam-dong")


def _edit(folder: Path, old: str, new: str, file: str = "staff/24829.yml") -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def _pending(plan: Plan) -> dict[str, Change]:
    return {change.resource: change for change in plan.changes}


def _told(plan: Plan) -> str:
    return "\n".join(line.text for line in plan_lines(plan, {"24829": "B'Lao"}))


def test_a_unit_s_accounts_are_one_resource_and_its_people_are_counted(folder: Path) -> None:
    plan = make_plan(_open(folder), DAY)
    assert {"directory", "mail-24829", "mail-24958"} <= set(_pending(plan))
    assert "48 people, 3 role mailboxes, 3 probes" in _told(plan)


def test_nothing_is_left_once_it_is_recorded_and_one_edit_changes_one_person(folder: Path) -> None:
    record(_open(folder), DAY)
    assert make_plan(_open(folder), DAY).changes == ()
    _edit(folder, "position: Chánh Văn phòng HĐND và UBND", "position: Chuyên viên")
    plan = make_plan(_open(folder), DAY)
    assert list(_pending(plan)) == ["mail-24829"]
    assert [difference.path for difference in plan.changes[0].diff] == [("people", "68-24829-004")]
    assert "      position: Chánh Văn phòng HĐND và UBND -> Chuyên viên" in _told(plan)


def test_who_leaves_is_frozen_and_keeps_the_mailbox(folder: Path) -> None:
    record(_open(folder), DAY)
    _edit(folder, "from: 2025-07-01}", "from: 2025-07-01, until: 2025-08-31}")
    plan = make_plan(_open(folder), date(2025, 9, 1))
    change = _pending(plan)["mail-24829"]
    assert change.diff[0].before["stage"] == "live" and change.diff[0].after["stage"] == "frozen"
    assert plan.destroys == ()
    assert "      stage: live -> frozen" in _told(plan)


def test_who_is_taken_out_of_the_file_would_lose_the_mailbox_and_is_named(folder: Path) -> None:
    record(_open(folder), DAY)
    path = folder / "staff" / "24829.yml"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "68-24829-040" not in line), "utf-8")
    plan = make_plan(_open(folder), DAY)
    assert len(plan.destroys) == 1 and plan.destroys[0].startswith("mailbox of 68-24829-040 ")
    assert "Deleted for good: 1" in _told(plan)


def test_a_unit_that_is_taken_away_loses_all_its_mailboxes(folder: Path) -> None:
    record(_open(folder), DAY)
    assert len(plan_destroy(_open(folder), DAY, frozenset({"24829"})).destroys) == 48


def test_a_mailbox_that_moves_is_not_deleted(folder: Path) -> None:
    record(_open(folder), DAY)
    line = next(one for one in (folder / "staff/24829.yml").read_text("utf-8").splitlines() if "68-24829-040" in one)
    _edit(folder, line, line.replace("from: 2025-07-01", "from: 2025-07-01, until: 2025-08-31"))
    _edit(folder, "people:\n", "people:\n" + line.replace("2025-07-01", "2025-09-01") + "\n", "staff/24958.yml")
    _lock(folder)
    plan = make_plan(_open(folder), date(2025, 9, 1))
    assert plan.destroys == ()
    left, came = (_pending(plan)[name].diff for name in ("mail-24829", "mail-24958"))
    person = ("people", "68-24829-040")
    assert {d.path: d.after for d in left}[person]["home"] == "24958"
    old = {d.path: d.before for d in left}[person]["address"]
    assert {d.path: d.after for d in came}[person]["aliases"] == {old: "2026-08-31"}


def test_without_officers_accounts_wait_and_the_rest_does_not(folder: Path) -> None:
    _edit(folder, f"  officers: [{OFFICER}]\n", "", "province.yml")
    plan = make_plan(_open(folder), DAY)
    assert "mail1" in _pending(plan) and "mail-24829" not in _pending(plan)
    assert [wait.reason for wait in plan.waiting if wait.host == "mail1"] == [
        "the accounts of 2 units: nobody is named whom first passwords are sealed to",
        "the backup key: nobody is named whom it is sealed to, and without it a lost server stays lost",
    ]


def test_a_server_without_its_certificate_waits_and_says_which_file_it_is(folder: Path) -> None:
    (folder / "certificates" / "mail1.pem").unlink()
    plan = make_plan(_open(folder), DAY)
    assert "mail1" not in _pending(plan) and "directory" not in _pending(plan)
    assert any("certificates/mail1.csr" in wait.reason for wait in plan.waiting)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"  officers: [{OFFICER}]\n", ""),
        ("mail:\n", "mail:\n  dkim: {publish: [h1, h2], sign_with: h2}\n"),
    ],
)
def test_what_waits_for_papers_is_not_taken_away(folder: Path, old: str, new: str) -> None:
    record(_open(folder), DAY)
    _edit(folder, old, new, "province.yml")
    plan = make_plan(_open(folder), DAY)
    assert "mail1" in {wait.host for wait in plan.waiting}
    assert [change.resource for change in plan.changes if change.action == "delete"] == []
    assert plan.destroys == ()


def test_a_lost_certificate_takes_no_server_and_no_mailbox_away(folder: Path) -> None:
    record(_open(folder), DAY)
    (folder / "certificates" / "mail1.pem").unlink()
    plan = make_plan(_open(folder), DAY)
    assert [change.resource for change in plan.changes if change.action == "delete"] == []
