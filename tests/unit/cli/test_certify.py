"""From a plan to a certificate that a stranger checks in an empty folder: real keys, a played engine, played probes."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import haicap.cli.inspect as inspecting
import haicap.cli.run as running
from haicap.cli import main
from haicap.inspection.model import Inspection, Probe
from haicap.plan.file import read_plan
from haicap.stack.engine import Applied, Failure, StepEvent
from haicap.stack.record import recorded_apply
from haicap.stack.workspace import Workspace

PEOPLE = ("lan", "minh", "hoa")
APPROVERS = """\
approvers:
  - {{principal: lan@x.vn, roles: [network], keys: [{{key: "{lan}", from: 2025-01-01}}]}}
  - {{principal: minh@x.vn, roles: [certifier], keys: [{{key: "{minh}", from: 2025-01-01}}]}}
rules:
  - {{name: any, roles: [network]}}
"""
PASSED = Probe("24958", "gw-24958", "lan", "dhcp", "passed", "a lease", "10.0.0.7", 0.5)


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Path:
    """A folder with a key of each; hoa may do nothing."""
    folder = tmp_path_factory.mktemp("keys")
    for name in PEOPLE:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
    return folder


@pytest.fixture
def work(enrolled, keys, tmp_path, monkeypatch) -> Path:
    """A folder for the files, beside a province in approval mode, whose engine and whose probes are played."""
    monkeypatch.setenv("HAICAP_PRINCIPAL", "tung@x.vn")
    for name in ("HAICAP_KEY", "HAICAP_REQUIRE_APPROVAL"):
        monkeypatch.delenv(name, raising=False)
    public = {name: (keys / f"{name}.pub").read_text().strip() for name in PEOPLE}
    (enrolled / "inventories/lam-dong/approvers.yml").write_text(APPROVERS.format(**public), "utf-8")

    def play(_ws, plan, on_event, _approved_by, _left) -> Applied:
        for change in plan.changes:
            on_event(StepEvent(change.resource, change.unit, change.system, change.action, "done"))
        return Applied(len(plan.changes), (), 0)

    monkeypatch.setattr(running, "apply", play)
    monkeypatch.setattr(inspecting, "inspect", lambda *_args, **_named: Inspection((PASSED,)))
    monkeypatch.setattr(Workspace, "enter", lambda _self: None)
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


@pytest.fixture
def step(run, work, keys):
    """`step("plan")`: the step with its usual files, which must end well; more words may follow."""
    usual = {
        "plan": "plan --unit 24958 --as-of 2025-07-01 -o plan.json",
        "approve": f"approve plan.json --key {keys / 'lan'} --yes",
        "apply": "apply plan.json -o applied.json",
        "inspect": "inspect --unit 24958 --plan plan.json -o inspection.json",
        "certify": "certify plan.json --applied applied.json --inspection inspection.json "
        f"--key {keys / 'minh'} -o certificate.json",
        "keys": "keys -o keys",
    }

    def do(name: str, *more: str):
        verb, *words = usual[name].split()
        files = [str(work / word) if word.endswith(".json") or word == "keys" else word for word in words]
        return run(verb, *files, *more)

    return do


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Where the files of `inspected` are kept: they are the same for every copy of the province."""
    return tmp_path_factory.mktemp("made") / "files"


@pytest.fixture
def inspected(step, work, made) -> Path:
    """Everything up to the certificate."""
    if not made.exists():
        done = [step(name).exit_code for name in ("plan", "approve", "apply", "inspect", "keys")]
        assert done == [2, 0, 0, 0, 0]
        shutil.copytree(work, made)
    shutil.copytree(made, work, dirs_exist_ok=True)
    return work


def _verify(work: Path, *words: str):
    return CliRunner().invoke(main, ["verify", str(work / "certificate.json"), "--keys", str(work / "keys"), *words])


def test_from_a_plan_to_a_certificate_that_a_stranger_checks(step, inspected, tmp_path, monkeypatch):
    done = step("certify")
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    checked = _verify(inspected)
    assert checked.exit_code == 0, checked.output
    assert "✓ approval   lan@x.vn approved at" in checked.stdout
    assert "✓ certifier  minh@x.vn may sign certificates" in checked.stdout
    assert checked.stderr == f"{inspected / 'certificate.json'}: every check passed.\n"
    told = json.loads(_verify(inspected, "--json").stdout)
    assert (told["ok"], told["kind"], told["faults"]) == (True, "certificate", [])
    assert [one["name"] for one in told["checks"]][:3] == ["envelope", "signature", "statement"]


def test_a_changed_byte_is_found(step, inspected):
    step("certify")
    path, chance = inspected / "certificate.json", random.Random(3)  # noqa: S311 - which byte is no secret
    whole = path.read_bytes()
    for at in (0, len(whole) - 1, *chance.sample(range(len(whole)), 20)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert _verify(inspected).exit_code == 3, at


def test_the_documents_say_what_was_done(inspected):
    applied = json.loads((inspected / "applied.json").read_text("utf-8"))
    plan = read_plan(inspected / "plan.json").plan
    assert (applied["plan"], applied["done"], applied["failed"]) == (plan.digest, len(plan.changes), 0)
    mine = sum(change.unit == "24958" for change in plan.changes)
    assert applied["units"] == {"24958": {"done": mine, "failed": 0}}
    found = json.loads((inspected / "inspection.json").read_text("utf-8"))
    assert (found["plan"], found["as_of"], found["by"]) == (plan.digest, "2025-07-01", "tung@x.vn")
    assert found["results"] == {"24958": "passed"}


def test_the_log_does_where_there_is_no_file(step, inspected, enrolled):
    words = ("--key", str(inspected / "nothing"))
    (inspected / "applied.json").unlink()
    assert "No such file" in step("certify").stderr
    run = CliRunner()
    told = ["-C", str(enrolled), "certify", str(inspected / "plan.json"), *words]
    told += ["--inspection", str(inspected / "inspection.json")]
    missing = run.invoke(main, told)
    assert missing.exit_code == 1
    assert "knows no apply of this plan that has ended" in missing.stderr


def test_what_the_log_says_of_an_apply_is_certified(step, work, enrolled, keys):
    for name in ("plan", "approve", "keys"):
        step(name)
    plan = read_plan(work / "plan.json").plan
    with recorded_apply(Workspace.open(enrolled, "lam-dong"), plan) as record:
        tell = record.told(lambda _step: None)
        for change in plan.changes:
            tell(StepEvent(change.resource, change.unit, change.system, change.action, "done"))
    step("inspect")
    words = ["-C", str(enrolled), "certify", str(work / "plan.json"), "--inspection", str(work / "inspection.json")]
    words += ["--key", str(keys / "minh"), "-o", str(work / "certificate.json"), "--json"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    run = json.loads(done.stdout)["predicate"]["run"]
    assert (run["done"], run["by"], run["plan"]) == (len(plan.changes), "tung@x.vn", plan.digest)
    assert _verify(work).exit_code == 0
    logged = json.loads(
        CliRunner().invoke(main, ["-C", str(enrolled), "log", "--kind", "certificate", "--json"]).stdout
    )
    assert logged["events"][0]["fields"]["plan"] == plan.digest


def test_what_failed_is_certified_only_on_purpose_and_says_so(step, work, monkeypatch):
    for name in ("plan", "approve", "apply", "keys"):
        step(name)
    failed = replace(PASSED, status="failed", observed="no lease")
    monkeypatch.setattr(inspecting, "inspect", lambda *_args, **_named: Inspection((PASSED, failed)))
    assert step("inspect").exit_code == 2
    done = step("certify")
    assert done.exit_code == 3
    assert done.stderr.startswith("Nothing was certified.\n  1 of 2 probes failed\n")
    assert not (work / "certificate.json").exists()
    assert step("certify", "--with-failures").exit_code == 2
    checked = _verify(work)
    assert checked.exit_code == 2
    assert "genuine, and it says: not passed. 1 of 2 probes failed." in checked.stderr


def test_an_apply_with_failures_is_not_certified(step, work, monkeypatch):
    step("plan")
    step("approve")
    failure = Failure("gw-24958", "24958", "gateway", "frr did not start", "Look at its journal.")
    monkeypatch.setattr(running, "apply", lambda _ws, plan, *_more: Applied(len(plan.changes) - 1, (failure,), 0))
    assert step("apply").exit_code == 1
    step("inspect")
    assert "changes failed" in step("certify").stderr


def test_without_an_approval_nothing_is_certified(step, inspected):
    (inspected / "plan.json.approvals").unlink()
    done = step("certify")
    assert done.exit_code == 3
    assert "nobody approved it, and somebody had to  [approved]" in done.stderr
    assert "1 more must approve  [rule]" in done.stderr


def test_a_key_that_nobody_would_believe_signs_nothing(step, inspected, keys):
    for name, told in (
        ("hoa", "not among the keys that are trusted"),
        ("lan", "its key is not for haicap-certificate"),
    ):
        done = step("certify", "--key", str(keys / name))
        assert done.exit_code == 3
        assert told in done.stderr
        assert "the role `certifier`  [certifier]" in done.stderr


def test_what_is_of_another_plan_is_refused(step, inspected):
    other = inspected / "other.json"
    whole = (inspected / "inspection.json").read_text("utf-8")
    step("inspect", "-o", str(other), "--as-of", "2025-07-02")
    done = step("certify", "--inspection", str(other))
    assert done.exit_code == 3
    assert "it is of another as_of  [inspection]" in done.stderr
    other.write_text(whole.replace("passed", "Passed"), "utf-8")
    assert step("certify", "--inspection", str(other)).exit_code == 1
    other.write_text(whole.replace("10.0.0.7", "10.0.0.8"), "utf-8")
    done = step("certify", "--inspection", str(other))
    assert done.exit_code == 3
    assert "this was altered after it was made" in done.stderr


def test_an_inspection_that_names_no_plan_is_refused(run, step, inspected):
    run("inspect", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(inspected / "inspection.json"))
    done = step("certify")
    assert done.exit_code == 3
    assert "it does not say which plan was applied before it: inspect with `--plan`" in done.stderr


def test_an_inspection_of_before_the_apply_is_refused(step, inspected):
    applied = inspected / "applied.json"
    values = json.loads(applied.read_text("utf-8"))
    text = applied.read_text("utf-8").replace(values["ended"], "2099-01-01T00:00:00Z")
    applied.write_text(text, "utf-8")
    done = step("certify")
    assert done.exit_code == 3
    assert "comes before apply ended (2099-01-01T00:00:00Z)  [times]" in done.stderr


def test_an_inspection_after_a_plan_is_of_its_province(run, step, inspected):
    plan = inspected / "plan.json"
    done = run("inspect", "--target", "live", "--plan", str(plan), "-o", str(inspected / "again.json"))
    assert done.exit_code == 0
    assert json.loads((inspected / "again.json").read_text("utf-8"))["as_of"] == "2025-07-01"


def test_keys_are_openssh_s_own_form(run, work, keys):
    done = run("keys")
    assert done.exit_code == 0
    public = (keys / "minh.pub").read_text().split()
    options = 'namespaces="haicap-approval,haicap-certificate",valid-after="20241231170000Z"'
    assert f"minh@x.vn {options} {' '.join(public[:2])}" in done.stdout.splitlines()
    assert json.loads(run("keys", "--json").stdout)["keys"][0]["principals"] == ["lan@x.vn"]


def test_without_approvers_there_are_no_keys(run):
    done = run("keys")
    assert done.exit_code == 1
    assert "lam-dong has no approvers.yml" in done.stderr


def test_a_certificate_needs_keys(step, inspected):
    step("certify")
    done = CliRunner().invoke(main, ["verify", str(inspected / "certificate.json")])
    assert done.exit_code == 1
    assert "name their file, `--keys FILE`" in done.stderr


def test_approvers_do_in_place_of_keys(step, inspected, enrolled):
    step("certify")
    words = ["verify", str(inspected / "certificate.json"), "--approvers"]
    assert CliRunner().invoke(main, [*words, str(enrolled / "inventories/lam-dong/approvers.yml")]).exit_code == 0


def test_verifying_waits_for_no_inventory_and_no_engine(step, inspected):
    step("certify")
    words = ["verify", str(inspected / "certificate.json"), "--keys", str(inspected / "keys")]
    absent = ["pydantic", "asyncssh", "pulumi", "grpc", "ansible", "haicap.inventory.loader", "haicap.stack.workspace"]
    program = (
        "import json, sys\nfrom haicap.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print(json.dumps([name for name in {absent!r} if name in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == []
