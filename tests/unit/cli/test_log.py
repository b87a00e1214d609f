"""`haicap log` and `haicap history` as a person meets them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from haicap.stack.record import log_of, record
from haicap.stack.workspace import Workspace

PLAN = "sha256:" + "ab" * 32


@pytest.fixture
def ws(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A province with a log of a plan's way."""
    monkeypatch.setenv("HAICAP_PRINCIPAL", "an@lamdong.gov.vn")
    ws = Workspace.open(folder, "lam-dong", "live")
    units = {"24958": 2}
    record(ws, "plan", plan=PLAN, units=units, summary={"create": 2, "delete": 0}, as_of="2025-07-01", file="plan.json")
    record(ws, "approval", plan=PLAN, principal="chi@lamdong.gov.vn", decision="approve")
    begun = record(ws, "apply-begun", plan=PLAN, units=units, summary={"create": 2}, as_of="2025-07-01")
    record(ws, "apply-ended", plan=PLAN, begun=begun.seq, done=1, failed=1, units={"24958": {"done": 1, "failed": 1}})
    record(ws, "apply-begun", plan=PLAN, units=units, summary={"create": 1}, as_of="2025-07-01", did_not_end=[])
    record(ws, "inspection", units={"24829": "passed"}, summary={"passed": 9}, as_of="2025-07-01", digest=PLAN)
    return ws


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    (tmp_path / "allowed").write_text(f"dung@lamdong.gov.vn {path.with_suffix('.pub').read_text()}")
    return path


def test_it_is_read_as_a_table(run, ws):
    shown = run("log", "lam-dong")
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert len(lines) == 7
    assert (
        "plan         an@lamdong.gov.vn  sha256:abababababab; 2 create; 1 unit, as of 2025-07-01; into plan.json"
        in lines[1]
    )
    assert lines[2].endswith("an@lamdong.gov.vn  sha256:abababababab; approved by chi@lamdong.gov.vn")
    assert "did not end" in lines[5] and "did not end" not in lines[3]
    assert run("log").stdout == run("log", "show", "lam-dong").stdout == shown.stdout


def test_it_is_limited_to_what_is_asked(run, ws):
    def numbers(*words: str) -> list[int]:
        return [event["seq"] for event in json.loads(run("log", *words, "--json").stdout)["events"]]

    assert numbers() == [1, 2, 3, 4, 5, 6]
    assert numbers("--kind", "plan", "--kind", "approval") == [1, 2]
    assert numbers("--unit", "duc trong") == [1, 2, 3, 4, 5]
    assert numbers("--since", "2999-01-01") == []
    assert run("log", "--since", "2999-01-01").stdout == "Nothing of that is in the log of lam-dong.\n"


def test_a_log_that_is_as_written(run, ws):
    found = run("log", "verify")
    assert (found.exit_code, found.stdout) == (0, "6 lines in 1 segment: all as written\n")
    assert "`haicap log head` signs one" in found.stderr


def test_a_changed_line_is_named_and_the_exit_code_is_3(run, ws):
    segment = ws.audit / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"done":1,"failed":1', b'"done":2,"failed":0', 1))
    found = run("log", "verify")
    assert found.exit_code == 3
    assert "✗ 000001.jsonl:4: the line was changed: its hash is not that of its content\n" in found.stdout
    assert json.loads(run("log", "verify", "--json").stdout)["faults"][0]["place"] == "000001.jsonl:4"
    shown = run("log")
    assert shown.exit_code == 3 and "The log is not as it was written: 000001.jsonl:4" in shown.stderr
    refused = run("history", "24958")
    assert refused.exit_code == 3 and "000001.jsonl:4" in refused.stderr


def test_a_head_in_a_file_finds_a_cut_off_end(run, ws, key, tmp_path):
    head, keys = tmp_path / "disk" / "head", tmp_path / "allowed"
    for _ in range(2):
        assert run("log", "head", "--key", str(key), "-o", str(head)).exit_code == 0
    good = run("log", "verify", "--head", str(head), "--keys", str(keys))
    assert (good.exit_code, good.stderr) == (0, "")
    assert "held against 2 heads; the newest is of line 6, by dung@lamdong.gov.vn" in good.stdout
    for name in ("000001.jsonl", "000001.personal.jsonl"):
        lines = (ws.audit / name).read_bytes().splitlines(keepends=True)
        own = [line for line in lines if json.loads(line)["seq"] < 5]
        (ws.audit / name).write_bytes(b"".join(own))
    assert run("log", "verify").exit_code == 0
    cut = run("log", "verify", "--head", str(head), "--keys", str(keys))
    assert cut.exit_code == 3
    assert "✗ the end: lines 5 to 6 were cut off: there were 6, as dung@lamdong.gov.vn signed at" in cut.stdout


def test_a_head_in_a_git_note(run, ws, key, tmp_path):
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b.vn", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=ws.directory, check=True)
    for name, value in (("user.name", "An"), ("user.email", "an@lamdong.gov.vn")):
        subprocess.run(["git", "config", name, value], cwd=ws.directory, check=True)
    for _ in range(2):
        assert run("log", "head", "--key", str(key), "--git-note").exit_code == 0
    found = run("log", "verify", "--git-note", "--keys", str(tmp_path / "allowed"))
    assert found.exit_code == 0, found.stderr
    assert "held against 2 heads" in found.stdout


def test_a_head_of_another_log_is_refused(run, ws, key, tmp_path):
    from haicap.audit.head import sign_head

    (tmp_path / "head").write_text(sign_head(log_of(ws).events(), "nghe-an", "live", key))
    found = run("log", "verify", "--head", str(tmp_path / "head"), "--keys", str(tmp_path / "allowed"))
    assert found.exit_code == 3
    assert "there is no head of the log of lam-dong, live, in it" in found.stderr
    assert run("log", "verify", "--head", str(tmp_path / "head")).exit_code == 1


def test_redaction_is_asked_about_and_told(run, ws):
    words = ["log", "redact", "--before", "2999-01-01", "--reason", "the law"]
    assert run(*words).exit_code == 3
    assert run("log", "redact", "--reason", "too young", "--yes").stdout.startswith("0 values")
    assert run(*words, "--yes").stdout == "13 values of before 2999-01-01 redacted\n"
    assert "chi@lamdong.gov.vn" not in run("log").stdout and "(redacted)" in run("log").stdout
    assert "13 values redacted: all as written" in run("log", "verify").stdout


def test_a_unit_s_life(run, ws):
    shown = run("history", "Đức Trọng", "lam-dong").stdout
    assert shown.startswith("24958  Đức Trọng, since 2025-07-01\n")
    assert "24982  Phú Hội     Đức Trọng, Lâm Đồng  whole" in shown
    told = json.loads(run("history", "duc trong", "--json").stdout)
    happened = [(one["what"], one["result"], one["who"]) for one in told["moments"] if one["no"]]
    assert happened == [
        ("plan", "2 changes", "an@lamdong.gov.vn"),
        ("approval", "", "chi@lamdong.gov.vn"),
        ("apply-begun", "2 changes", "an@lamdong.gov.vn"),
        ("apply-ended", "1 done, 1 failed", "an@lamdong.gov.vn"),
        ("apply-begun", "2 changes", "an@lamdong.gov.vn"),
    ]
    assert {one["digest"] for one in told["moments"] if one["no"]} == {PLAN}
    assert told["moments"][0]["what"] == "stage" and told["ancestors"][0]["name"] == "Liên Nghĩa"
    assert [one["file"] for one in told["moments"] if one["file"]] == ["plan.json"]


def test_a_unit_that_was_taken_out_of_the_inventory_still_has_a_life(run, ws):
    path = ws.folder / "units.yml"
    before, _, rest = path.read_text("utf-8").partition('  - code: "24958"')
    path.write_text(before + rest[rest.index("  - code:") :], "utf-8")
    shown = run("history", "24958")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.startswith("24958  Đức Trọng, in the inventory no more\n")
    assert "1 done, 1 failed" in shown.stdout and "Liên Nghĩa" in shown.stdout


def test_a_unit_that_nobody_knows(run, ws):
    found = run("history", "99999")
    assert found.exit_code == 1
    assert 'lam-dong has no unit "99999"' in found.stderr


def test_a_plan_is_logged_and_is_no_change_of_the_inventory(run, folder, tmp_path):
    for words in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.vn", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file in files:
        run("plan", "--as-of", "2025-07-01", "-o", str(file))
    commits = [json.loads(file.read_text())["made"]["commit"] for file in files]
    assert commits[0] == commits[1] and not commits[0].endswith("+")
    assert [event.fields["file"] for event in log_of(Workspace.open(folder, "lam-dong")).events()] == list(
        map(str, files)
    )


def test_a_plan_is_made_where_nothing_can_be_logged(run, folder, tmp_path):
    (folder / "inventories/lam-dong/audit").write_text("in the way")
    done = run("plan", "--as-of", "2025-07-01", "-o", str(tmp_path / "plan.json"))
    assert done.exit_code in (0, 2) and (tmp_path / "plan.json").exists()
    assert "This is not in the log: " in done.stderr
