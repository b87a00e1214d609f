"""`haicap explain`: lines, rule, date, commit and neighbours of a change, for each kind of resource."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from haicap.addressing.lockfile import write_keys
from haicap.addressing.model import Keys
from haicap.cli import main
from haicap.stack.workspace import Workspace
from tests.unit.cli.small import commit, edit, write_small
from tests.unit.stack.recorded import record

DAY = "2025-07-01"
SERVERS = ("hub1", "hub2", "dns1", "dns2", "mail1", "hv1", "hv2")


@pytest.fixture
def province(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small province, locked and committed; all is enrolled but one gateway, and one machine has its certificate."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    directory = tmp_path / "work"
    folder = write_small(directory)
    operators = "operators: [100.127.0.0/30]\n"
    edit(folder / "province.yml", operators, f'{operators}  authorized_keys: ["ssh-ed25519 AAAA"]\n')
    edit(folder / "province.yml", "mail:\n", f"mail:\n  officers: [age1{'q' * 58}]\n")
    monkeypatch.chdir(directory)
    assert _run("lock").exit_code == 0
    names = [*SERVERS, "gw-24958", "procedures-1"]
    keys = {name: Keys(name.replace("-", "").rjust(43, "A") + "=", "ssh-ed25519 AAAA") for name in names}
    keys["mail1"] = Keys(keys["mail1"].wireguard, "ssh-ed25519 AAAA", {"h1": "A" * 392})
    keys["procedures-1"] = Keys("", "ssh-ed25519 AAAA")
    write_keys(Workspace.open(directory, "lam-dong").keys_file, keys)
    (folder / "certificates").mkdir()
    for name in ("mail1", "procedures-1", "ca"):
        (folder / "certificates" / f"{name}.pem").write_text(f"({name})\n", encoding="ascii")
    commit(directory, "The province")
    return folder


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def _explain(*words: str, as_of: str | None = DAY) -> dict[str, Any]:
    ran = _run("explain", *words, "--json", *(("--as-of", as_of) if as_of else ()))
    assert ran.exit_code == 0, ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def _line(found: dict[str, Any], what: str) -> dict[str, Any]:
    [line] = [line for line in found["lines"] if line["what"].startswith(what)]
    return dict(line)


def test_a_change_by_a_date(province: Path) -> None:
    record(Workspace.open(Path.cwd(), "lam-dong"), date(2025, 6, 19))
    found = _explain("dns-24958", as_of="2025-06-20")
    assert found["change"]["action"] == "update"
    assert found["dates"] == ["dns is live on 2025-06-20, since 2025-06-20, by defaults.calendar.pilot.live"]
    [because] = found["because"]
    assert because.endswith("not what was last applied: the inventory, a lock or the date says otherwise now")
    rule = _line(found, "wave pilot: live on 2025-06-20")
    assert rule["file"] == "inventories/lam-dong/province.yml"
    assert rule["text"].startswith("pilot: {prepare:")
    assert rule["commit"]["subject"] == "The province"
    assert _line(found, "names of predecessor 24958")["text"].startswith('- {code: "24958"')
    assert found["stands_on"] == ["zones"]
    assert found["touches"] == ["dns-24958", "names of 24958", "38 people"]


def test_a_units_own_date_is_the_rule(province: Path) -> None:
    edit(
        province / "units.yml",
        "    wave: pilot\n    office: {latitude: 11.6788",
        ("    wave: pilot\n    overrides: {calendar: {dns: {live: 2025-06-25}}}\n    office: {latitude: 11.6788"),
    )
    found = _explain("dns-24958", as_of="2025-06-25")
    assert found["dates"] == ["dns is live on 2025-06-25, since 2025-06-25, by overrides.calendar.dns.live"]
    assert _line(found, "dns live on 2025-06-25")["file"] == "inventories/lam-dong/units.yml"


def test_who_changed_what_stands_below_a_line(province: Path) -> None:
    edit(province / "units.yml", "    staff: 38\n", "    staff: 40\n")
    commit(province.parents[1], "Two more people in Đức Trọng", "Bình <binh@example.vn>", "2025-06-02")
    found = _explain("gw-24958")
    unit = _line(found, 'unit 24958 "Đức Trọng"')
    assert (unit["text"], unit["last"] > unit["line"]) == ('- code: "24958"', True)
    assert (unit["commit"]["author"], unit["commit"]["subject"]) == ("Bình", "Two more people in Đức Trọng")
    assert unit["commit"]["date"] == "2025-06-02"
    [changed] = unit["newest"]
    assert (changed["text"], unit["line"] < changed["line"] <= unit["last"]) == ("staff: 40", True)
    assert _line(found, "wave pilot: live")["newest"] == [], "the whole of it is of one change"
    assert f"\n          {changed['line']}: staff: 40\n" in _run("explain", "gw-24958", "--as-of", DAY).stdout
    assert _line(found, "wave pilot: live")["commit"]["author"] == "An"


def test_a_commit_takes_no_hold_of_the_terminal(province: Path) -> None:
    edit(province / "units.yml", "    staff: 38\n", "    staff: 40\n")
    commit(province.parents[1], "Harmless \x1b[2J\u202eword", "Bình <binh@example.vn>", "2025-06-02")
    ran = _run("explain", "gw-24958", "--as-of", DAY)
    assert "Bình: Harmless <U+001B>[2J<U+202E>word" in ran.stdout


def test_what_is_not_committed_has_no_commit(province: Path) -> None:
    edit(province / "province.yml", "domain: lamdong.gov.vn", "domain: lamdong.gov.vn  # new")
    assert _line(_explain("zones"), "the province's domain")["commit"] is None
    edit(province / "units.yml", "    staff: 38\n", "    staff: 40\n")
    told = _run("explain", "gw-24958", "--as-of", DAY).stdout
    assert "        not committed:\n" in told and ": staff: 40\n" in told


def test_a_file_of_a_gateway(province: Path) -> None:
    record(Workspace.open(Path.cwd(), "lam-dong"), date(2025, 7, 1))
    edit(province / "province.yml", "bfd_interval_ms: 150", "bfd_interval_ms: 200")
    found = _explain("gw-24958:/etc/frr/frr.conf")
    assert [one["path"] for one in found["change"]["diff"]] == [["files", "/etc/frr/frr.conf"]]
    assert "bfd_interval_ms: 200" in _line(found, "defaults.vpn")["text"]
    assert found["stands_on"] == ["hub1", "hub2"]
    other = _explain("gw-24958:/etc/nftables.conf")
    assert (other["change"]["diff"], other["because"]) == ([], ["nothing changes at this place; the rest of it does"])


@pytest.mark.parametrize(
    ("name", "files", "carries"),
    [
        ("hub1", {"province.yml", "addresses.lock.yml", "keys.lock.yml"}, []),
        ("dns1", {"province.yml", "addresses.lock.yml", "keys.lock.yml"}, ["zones"]),
        ("mail1", {"province.yml", "addresses.lock.yml", "keys.lock.yml"}, ["directory"]),
        ("hv1", {"province.yml", "addresses.lock.yml", "keys.lock.yml", "machines.lock.yml"}, None),
        ("zones", {"province.yml", "platforms.yml"}, ["dns-24958"]),
        ("directory", {"province.yml"}, ["mail-24829", "mail-24958"]),
        ("mail-24958", {"units.yml", "province.yml", "24958.yml", "mail.lock.yml"}, []),
        ("vm-procedures-1", {"platforms.yml", "machines.lock.yml", "province.yml", "keys.lock.yml"}, ["procedures-1"]),
        ("procedures-1", {"platforms.yml", "machines.lock.yml", "keys.lock.yml"}, []),
        ("gw-24958", {"units.yml", "province.yml", "addresses.lock.yml", "keys.lock.yml"}, []),
    ],
)
def test_each_kind_of_resource_says_where_it_comes_from(
    province: Path, name: str, files: set[str], carries: list[str] | None
) -> None:
    found = _explain(name)
    assert found["because"] == ["nothing of it is recorded, and it is to stand on 2025-07-01"]
    assert {line["file"].rpartition("/")[2] for line in found["lines"]} == files
    assert carries is None or found["carries"] == carries


def test_a_person(province: Path) -> None:
    found = _explain("mail-24829:68-24829-004")
    assert [one["path"] for one in found["change"]["diff"]] == [["people", "68-24829-004"]]
    assert "68-24829-004 Trần Công Khánh is here from 2025-07-01: live on 2025-07-01" in found["dates"]
    assert "Trần Công Khánh" in _line(found, "person 68-24829-004")["text"]
    assert _line(found, "addresses of 68-24829-004")["file"] == "inventories/lam-dong/mail.lock.yml"
    assert found["touches"] == ["mail-24829", "mailboxes of 24829", "1 person"]


def test_what_does_not_change(province: Path) -> None:
    record(Workspace.open(Path.cwd(), "lam-dong"), date(2025, 7, 1))
    found = _explain("gw-24958")
    assert found["change"]["action"] == "unchanged"
    assert found["because"] == ["nothing changes: what is recorded of gw-24958 is what is wanted on 2025-07-01"]


def test_what_waits(province: Path) -> None:
    found = _explain("gw-24829")
    assert found["because"] == ["it waits: its gateway is not enrolled; haicap enrol lam-dong --unit 24829"]


def test_what_does_not_stand_yet(province: Path) -> None:
    found = _explain("dns-24958", as_of="2025-05-01")
    assert found["because"] == ["it does not stand on 2025-05-01"]
    assert found["dates"] == ["dns is absent on 2025-05-01, by defaults.calendar.pilot; prepare from 2025-05-15"]


def test_what_is_gone(province: Path) -> None:
    record(Workspace.open(Path.cwd(), "lam-dong"), date(2025, 7, 1))
    text = (province / "units.yml").read_text(encoding="utf-8")
    (province / "units.yml").write_text(text[: text.index('  - code: "24958"')], encoding="utf-8")
    (province / "staff" / "24958.yml").unlink()
    assert _run("lock").exit_code == 0
    found = _explain("dns-24958")
    assert found["change"]["action"] == "delete"
    assert found["because"] == ["it is recorded, and unit 24958 is in units.yml no more"]


def test_a_plan_in_a_file_and_an_inventory_that_moved_on(province: Path) -> None:
    assert _run("plan", "--as-of", DAY, "-o", "plan.json").exit_code == 2
    assert _explain("gw-24958", "plan.json", as_of=None)["as_of"] == DAY
    edit(province / "units.yml", "    staff: 38\n", "    staff: 37\n")
    first, *_ = _explain("gw-24958", "plan.json", as_of=None)["because"]
    assert first == "the inventory has changed since this plan was made: the lines below are today's"
    assert _run("explain", "gw-24958", "plan.json", "--as-of", DAY).exit_code == 1


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("gw-2495", 'nothing named "gw-2495" on 2025-07-01; did you mean gw-24958'),
        ("gw-24958:/etc/nftables", 'gw-24958 holds nothing named "/etc/nftables"; did you mean /etc/nftables.conf'),
    ],
)
def test_a_name_that_is_unknown_has_near_ones(province: Path, word: str, said: str) -> None:
    ran = _run("explain", word, "--as-of", DAY)
    assert ran.exit_code == 1
    assert said in ran.stderr


def test_as_text(province: Path) -> None:
    ran = _run("explain", "dns-24958:ductrong.lamdong.gov.vn. MX", "--as-of", DAY)
    lines = ran.stdout.splitlines()
    assert lines[0] == "+ create dns-24958  Đức Trọng  dns"
    assert "Because nothing of it is recorded, and it is to stand on 2025-07-01." in lines
    assert any(line.startswith("    inventories/lam-dong/units.yml:") for line in lines)
    assert lines[-2:] == ["Stands on zones", "Touches dns-24958 -> names of 24958 -> 38 people"]
