"""`haicap diff`: dates, commits, plans, inventories and provinces, in any mix; and what each word means."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from haicap.cli import main
from tests.unit.cli.small import commit, edit, write_small

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def province(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small province in a repository with one commit; nothing locked, nothing enrolled."""
    directory = tmp_path / "work"
    folder = write_small(directory)
    commit(directory, "The province")
    monkeypatch.chdir(directory)
    return folder


def _run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words])


def _diff(*words: str) -> dict[str, Any]:
    ran = _run("diff", *words, "--json")
    assert ran.exit_code in (0, 2), ran.stderr
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def test_two_dates_as_text(province: Path) -> None:
    ran = _run("diff", "2025-06-19", "2025-06-20", "--system", "dns", "--unit", "24958", "--blast-radius")
    assert ran.exit_code == 2
    golden = GOLDEN / "diff.txt"
    if os.environ.get("HAICAP_GOLDEN") == "write":
        golden.write_text(ran.stdout, encoding="utf-8")
    assert ran.stdout == golden.read_text(encoding="utf-8"), "it reads otherwise: look at it, then `make golden`"


def test_nothing_is_written(province: Path) -> None:
    before = sorted(path for path in province.rglob("*"))
    _run("diff", "2025-06-01", "2025-07-01")
    assert sorted(path for path in province.rglob("*")) == before


@pytest.mark.parametrize("words", [("2025-07-01", "2025-07-01"), ("HEAD@2025-07-01", "lam-dong@2025-07-01")])
def test_the_same_is_clean(province: Path, words: tuple[str, str]) -> None:
    ran = _run("diff", *words)
    assert (ran.exit_code, ran.stdout.splitlines()[-1][:40]) == (0, "Diff: 0 come, 0 differ, 0 are replaced, ")


def test_a_unit_that_changed_its_code_between_commits(province: Path) -> None:
    edit(province / "units.yml", '- code: "24958"\n', '- code: "24999"\n')
    (province / "staff" / "24958.yml").rename(province / "staff" / "24999.yml")
    edit(province / "staff" / "24999.yml", 'unit: "24958"', 'unit: "24999"')
    commit(province.parents[1], "Another code")
    found = _diff("HEAD~1", "HEAD", "--as-of", "2025-07-01", "--blast-radius")
    actions = {change["resource"]: change["action"] for change in found["changes"]}
    assert {name: action for name, action in actions.items() if name.endswith(("24958", "24999"))} == {
        "gw-24999": "replace",
        "dns-24999": "replace",
        "mail-24999": "replace",
    }
    assert "delete" not in actions.values()
    assert [(move["what"], move["from"], move["to"]) for move in found["moves"]] == [("Đức Trọng", "24958", "24999")]
    assert found["blast"]["units"] == ["24829", "24999"]


def test_a_person_who_moved_is_one_difference(province: Path) -> None:
    line = '  - {id: "68-24829-013", name: Trần Đức Minh, position: Chuyên viên, from: 2025-07-01}\n'
    edit(province / "staff" / "24829.yml", line, "")
    edit(province / "staff" / "24958.yml", "people:\n", f"people:\n{line}")
    found = _diff("HEAD@2025-07-01", "lam-dong@2025-07-01")
    assert [(move["kind"], move["from"], move["to"]) for move in found["moves"]] == [("person", "24829", "24958")]
    [change] = found["changes"]
    assert change["resource"] == "mail-24958"
    assert [one["path"] for one in change["diff"]] == [["people", "68-24829-013"]]


def test_without_locks_an_address_differs_only_where_it_would(province: Path) -> None:
    """A newcomer with a low code takes no other unit's place."""
    entry = """  - code: "10000"
    name: "Mới"
    kind: commune
    valid_from: 2025-07-01
    agency_code: H36.999
    staff: 30
    wave: main
    office: {latitude: 11.5, longitude: 107.8}

"""
    edit(province / "units.yml", '  - code: "24829"\n', entry + '  - code: "24829"\n')
    found = _diff("HEAD@2025-07-01", "lam-dong@2025-07-01")
    gateways = {one["resource"]: one["action"] for one in found["changes"] if one["system"] == "gateway"}
    assert gateways == {"gw-10000": "create"}


def test_two_plans_and_a_plan_with_a_date(province: Path) -> None:
    assert _run("lock").exit_code == 0
    names = ["hub1", "hub2", "dns1", "dns2", "gw-24958"]
    entries = [f'  {name}:\n    wireguard: "{"A" * 43}="\n    ssh: "ssh-ed25519 AAAA"\n' for name in sorted(names)]
    (province / "keys.lock.yml").write_text("keys:\n" + "".join(entries), encoding="utf-8")
    for day in ("2025-06-19", "2025-06-20"):
        assert _run("plan", "--as-of", day, "-o", f"{day}.json").exit_code == 2
    found = _diff("2025-06-19.json", "2025-06-20.json")
    assert (found["from"]["kind"], found["to"]["kind"]) == ("plan", "plan")
    assert [change["resource"] for change in found["changes"]] == ["dns-24958"]
    assert _diff("2025-06-19.json", "2025-06-19.json")["changes"] == []
    names_only = {change["resource"] for change in _diff("2025-06-19.json", "2025-06-20", "--blast-radius")["changes"]}
    assert "dns-24958" in names_only
    assert "gw-24829" not in names_only, "of what a plan does not change nothing is known"
    assert (
        _diff("2025-06-19.json", "lam-dong@2025-06-20")["from"]["digest"]
        == json.loads(Path("2025-06-19.json").read_text(encoding="utf-8"))["digest"]
    )


def test_another_folder_and_another_province(province: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(province.parents[1], other)
    edit(other / "inventories/lam-dong/province.yml", "trial_ttl: 60", "trial_ttl: 30")
    day = "2025-06-15"
    by_folder = _diff("lam-dong", str(other), "--as-of", day)
    by_province = _diff("lam-dong", str(other / "inventories/lam-dong"), "--as-of", day)
    assert {change["system"] for change in by_folder["changes"]} == {"dns"}
    assert by_folder["changes"] == by_province["changes"]
    shutil.copytree(province, province.parent / "lam-moi")
    twins = _diff("lam-dong", "lam-moi", "--as-of", day)
    assert (twins["moves"], {change["action"] for change in twins["changes"]}) == ([], {"update"})


def test_the_document_is_whole(province: Path) -> None:
    ran = _run("diff", "2025-06-19", "2025-06-20", "--json", "-o", "build/diff.json")
    found = json.loads(ran.stdout)
    assert found == json.loads(Path("build/diff.json").read_text(encoding="utf-8"))
    keys = ["format", "province", "from", "to", "summary", "units", "moves", "changes", "blast"]
    assert (list(found), found["format"], found["blast"]) == (keys, "haicap.diff/1", None)
    assert found["from"] | {"digest": ""} == {
        "label": "lam-dong on 2025-06-19",
        "kind": "date",
        "digest": "",
        "supposes": found["to"]["supposes"],
    }
    assert set(found["units"]) == {change["unit"] for change in found["changes"] if change["unit"]}


def test_a_word_with_two_meanings_is_an_error_that_names_both(province: Path) -> None:
    subprocess.run(["git", "branch", "lam-dong"], check=True)
    ran = _run("diff", "lam-dong", "2025-07-01")
    assert ran.exit_code == 1
    assert ran.stderr == '"lam-dong" is a province and a commit here; say which: province:lam-dong or git:lam-dong.\n'
    assert _run("diff", "git:lam-dong", "province:lam-dong", "--as-of", "2025-07-01").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nix", "2025-07-01"), '"nix" is no date'),
        (("lam-dog", "2025-07-01"), "did you mean lam-dong?"),
        (("2025-02-30", "2025-07-01"), '"2025-02-30" is not a day of the calendar.'),
        (("province.yml", "2025-07-01"), '"province.yml" is no date'),
        (("inventories/lam-dong/units.yml", "2025-07-01"), "this is not of format haicap.plan/2"),
        (("--unit", "Nowhere", "2025-06-01", "2025-07-01"), 'Neither side has a unit "Nowhere"'),
        (("2025-06-01", "2025-07-01", "-o", "diff.pdf"), 'diff.pdf: a report has no form ".pdf"'),
        (("HEAD", "2025-07-01", "nghe-an"), "say which PROVINCE of that commit is meant; it has lam-dong."),
    ],
)
def test_what_means_nothing_is_told(province: Path, words: tuple[str, ...], said: str) -> None:
    ran = _run("diff", *words)
    assert ran.exit_code == 1
    assert said in ran.stderr


def test_the_difference_is_written_as_a_report(province: Path, tmp_path: Path) -> None:
    out = tmp_path / "diff.md"
    assert _run("diff", "2025-06-01", "2025-07-01", "-o", str(out)).exit_code == 2
    assert "dns-24958" in out.read_text("utf-8")


def test_a_commit_that_leads_out_of_its_folder_is_refused(province: Path) -> None:
    (province / "staff" / "passwd").symlink_to("/etc/passwd")
    commit(province.parents[1], "A way out")
    (province / "staff" / "passwd").unlink()
    ran = _run("diff", "HEAD", "lam-dong")
    assert ran.exit_code == 1
    assert "can't be read" in ran.stderr


def test_an_inventory_that_is_wrong_shows_its_findings(province: Path) -> None:
    edit(province / "units.yml", '- code: "24958"\n', '- code: "2495"\n')
    ran = _run("diff", "HEAD", "lam-dong")
    assert ran.exit_code == 1
    assert "inventories/lam-dong/units.yml:" in ran.stderr


def test_a_plan_tells_whom_it_touches(province: Path) -> None:
    assert _run("lock").exit_code == 0
    keys = f'keys:\n  hub1:\n    wireguard: "{"A" * 43}="\n    ssh: "ssh-ed25519 AAAA"\n'
    (province / "keys.lock.yml").write_text(keys, encoding="utf-8")
    ran = _run("plan", "--as-of", "2025-07-01", "--blast-radius")
    assert "    hub1 -> 2 units' tunnels -> 86 people" in ran.stdout.splitlines()
    assert json.loads(_run("plan", "--as-of", "2025-07-01", "--blast-radius", "--json").stdout)["blast"]["people"] == 86
