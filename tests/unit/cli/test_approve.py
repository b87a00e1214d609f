"""Approving, verifying and applying what is approved, as a person meets it: real keys, a played engine."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from haicap.cli import main
from haicap.plan.file import read_plan
from haicap.plan.model import dump
from haicap.stack import approving
from haicap.stack.engine import Applied
from tests.unit.cli.small import commit

PEOPLE = ("lan", "minh", "hoa")
APPROVERS = """\
approvers:
  - {{principal: lan@x.vn, roles: [network], keys: [{{key: "{lan}", from: 2025-01-01}}]}}
  - {{principal: minh@x.vn, roles: [security], keys: [{{key: "{minh}", from: 2025-01-01}}]}}
rules:
  - {{name: any, roles: [network]}}
  - {{name: gateways, count: 2, when: {{systems: [gateway]}}}}
"""


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Path:
    """A folder with a key of each; hoa may not approve."""
    folder = tmp_path_factory.mktemp("keys")
    for name in PEOPLE:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True)
    return folder


@pytest.fixture
def file(enrolled, keys, run, tmp_path, monkeypatch) -> Path:
    """A plan for Đức Trọng, which two people must approve. Two people may approve, and nobody has."""
    monkeypatch.setenv("HAICAP_PRINCIPAL", "tung@x.vn")
    for name in ("HAICAP_KEY", "HAICAP_REQUIRE_APPROVAL"):
        monkeypatch.delenv(name, raising=False)
    public = {name: (keys / f"{name}.pub").read_text().strip() for name in PEOPLE}
    approvers_file(enrolled).write_text(APPROVERS.format(**public), "utf-8")
    path = tmp_path / "plan.json"
    assert run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(path)).exit_code == 2
    return path


@pytest.fixture
def applied(enrolled, monkeypatch) -> list[str]:
    """The digests of the plans that reach the engine."""
    import haicap.cli.run as module

    digests: list[str] = []

    def play(_ws, plan, _on_event, _approved_by, _left) -> Applied:
        digests.append(plan.digest)
        return Applied(len(plan.changes), (), 0)

    monkeypatch.setattr(module, "apply", play)
    return digests


def approvers_file(folder: Path) -> Path:
    return folder / "inventories/lam-dong/approvers.yml"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def refused(done, *told: str) -> None:
    """It ended with 3, and said each of these."""
    assert done.exit_code == 3, done.output
    for words in told:
        assert words in done.stderr + done.stdout


@pytest.fixture
def approve(run, keys, file):
    return lambda name, *words: run("approve", str(file), "--key", str(keys / name), "--yes", *words)


@pytest.fixture
def approved(approve, file) -> Path:
    """The same plan, approved by both."""
    assert [approve(name).exit_code for name in ("lan", "minh")] == [0, 0]
    return file


def test_it_shows_what_is_signed_and_what_is_still_asked_for(approve, file):
    done = approve("lan")
    digest = read_plan(file).plan.digest
    assert done.exit_code == 0
    assert "made 20" in done.stdout
    assert " by tung@x.vn, holds until 20" in done.stdout
    assert "\n  gateway: 1 to create\n  hub: 2 to create\n" in done.stdout
    assert f"\n{digest}\nrule any: 1 with network; 1 more must approve\n" in done.stdout
    assert f"wrote {file}.approvals\n  rule gateways asks for 2, approved by lan@x.vn; 1 more must" in done.stderr
    assert "It is approved: `haicap apply" in approve("minh").stderr


def test_a_plan_says_what_comes_next(run, file):
    done = run("plan", "--as-of", "2025-07-01", "-o", str(file))
    assert f"`haicap approve {file}` approves it, then `haicap apply lam-dong {file}` does it." in done.stderr


def test_it_asks_only_on_a_terminal(run, file, keys):
    refused(run("approve", str(file), "--key", str(keys / "lan")), "Nothing was done: there is no terminal to ask on.")
    assert not approving.approvals_of(file).exists()


def test_the_signature_can_be_checked_without_haicap(approved, keys, tmp_path):
    line = json.loads(approving.approvals_of(approved).read_text().splitlines()[0])
    signature = line.pop("signature")
    (tmp_path / "s").write_text(f"-----BEGIN SSH SIGNATURE-----\n{signature}\n-----END SSH SIGNATURE-----\n")
    (tmp_path / "allowed").write_text(f"lan@x.vn {(keys / 'lan.pub').read_text()}")
    words = [
        "-Y",
        "verify",
        "-f",
        tmp_path / "allowed",
        "-I",
        "lan@x.vn",
        "-n",
        "haicap-approval",
        "-s",
        tmp_path / "s",
    ]
    signed = json.dumps(line, sort_keys=True, separators=(",", ":")).encode()
    assert subprocess.run(["ssh-keygen", *words], input=signed, check=False).returncode == 0


def test_what_is_approved_is_applied(run, applied, approved):
    assert run("verify", str(approved)).exit_code == 0
    assert run("apply", str(approved)).exit_code == 0
    assert applied == [read_plan(approved).plan.digest]


def test_json_for_programs(run, approve, file):
    told = json.loads(approve("lan", "--json").stdout)
    assert (told["approval"]["principal"], told["approved_by"], told["lacks"]) == (
        "lan@x.vn",
        ["lan@x.vn"],
        {"any": 0, "gateways": 1},
    )
    done = run("verify", str(file), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ok"], told["kind"]) == (3, False, "plan")
    assert [check["name"] for check in told["checks"] if not check["ok"]] == ["rule"]


def test_a_stranger_verifies_in_an_empty_folder(approved, enrolled, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path in (approved, approving.approvals_of(approved), approvers_file(enrolled)):
        shutil.copy(path, empty)
    words = ["-C", str(empty), "verify", str(empty / "plan.json")]
    refused(CliRunner().invoke(main, words), "--approvers names one to hold it against")
    assert CliRunner().invoke(main, [*words, "--approvers", str(empty / "approvers.yml")]).exit_code == 0


def test_who_approved_already_adds_nothing(approve, file):
    approve("lan")
    before = approving.approvals_of(file).read_bytes()
    assert "You have approved it already." in approve("lan").stderr
    assert approving.approvals_of(file).read_bytes() == before


@pytest.mark.parametrize("words", [["--reject"], ["--reason", "no"], ["--reject", "--reason", " "]])
def test_a_rejection_has_a_reason(approve, words):
    assert "--reject needs --reason" in approve("lan", *words).stderr


def test_a_rejection_stands_until_it_is_taken_back(run, applied, approve, approved, monkeypatch):
    assert approve("lan", "--reject", "--reason", "địa chỉ sai").exit_code == 0
    refused(run("apply", str(approved)), "lan@x.vn rejects it: địa chỉ sai")
    later = approving.clock() + timedelta(seconds=60)
    for module in ("haicap.cli.approve", "haicap.cli.apply"):
        monkeypatch.setattr(f"{module}.clock", lambda: later)
    assert approve("lan").exit_code == 0
    assert run("apply", str(approved)).exit_code == 0


class TestKeys:
    """Which keys sign, and which count."""

    def test_a_key_that_is_nobodys(self, approve):
        refused(approve("hoa"), "this key is nobody's in approvers.yml")

    def test_nobody_approves_their_own_plan(self, run, approve, file, monkeypatch):
        monkeypatch.setenv("HAICAP_PRINCIPAL", "Lan@x.vn")
        run("plan", "--as-of", "2025-07-01", "-o", str(file))
        refused(approve("lan"), "lan@x.vn made it, or its commit: somebody else must approve it")

    def test_a_key_of_the_environment_and_of_git(self, run, file, keys, enrolled, monkeypatch):
        assert "With which key?" in run("approve", str(file), "--yes").stderr
        subprocess.run(["git", "init", "-q", enrolled], check=True)
        for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(keys / "lan.pub"))):
            subprocess.run(["git", "-C", enrolled, "config", name, value], check=True)
        assert run("approve", str(file), "--yes").exit_code == 0
        monkeypatch.setenv("HAICAP_KEY", str(keys / "minh"))
        assert json.loads(run("approve", str(file), "--yes", "--json").stdout)["approved_by"] == [
            "lan@x.vn",
            "minh@x.vn",
        ]

    @pytest.mark.parametrize(
        ("dates", "told"),
        [
            ("from: 2025-01-01, until: 2025-02-01", "its key held until 2025-02-01"),
            ("from: 2999-01-01", "its key holds from 2999-01-01 on"),
            ("from: 2025-01-01, revoked: 2025-03-01", "its key was revoked on 2025-03-01"),
        ],
    )
    def test_a_key_that_does_not_count_today(self, approve, enrolled, dates, told):
        change(approvers_file(enrolled), "from: 2025-01-01", dates)
        refused(approve("lan"), told)

    def test_a_passphrase_without_a_terminal(self, run, file, enrolled, tmp_path, keys):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret-phrase", "-f", tmp_path / "locked"]
        subprocess.run(words, check=True)
        change(
            approvers_file(enrolled),
            (keys / "lan.pub").read_text().split()[1],
            (tmp_path / "locked.pub").read_text().split()[1],
        )
        run("plan", "--as-of", "2025-07-01", "-o", str(file))
        done = run("approve", str(file), "--key", str(tmp_path / "locked"), "--yes")
        assert (done.exit_code, "passphrase" in done.stderr) == (1, True)

    def test_there_are_no_approvers(self, approve, enrolled):
        approvers_file(enrolled).unlink()
        done = approve("lan")
        assert (done.exit_code, "has no approvers.yml: nobody may approve" in done.stderr) == (1, True)


class TestAttacks:
    """Each is refused by `apply` with its own message, and nothing reaches the engine."""

    @pytest.fixture(autouse=True)
    def nothing_applied(self, applied):
        yield
        assert applied == []

    def test_nobody_has_approved(self, run, file):
        refused(run("apply", str(file)), "rule any asks for 1 with network, approved by nobody; 1 more must approve")

    def test_an_approval_of_another_plan_is_used_again(self, run, approved):
        run("plan", "--unit", "24958", "--as-of", "2025-07-02", "-o", str(approved))
        refused(run("apply", str(approved)), "it is of another plan, sha256:", "an approval is of one plan only")

    def test_a_key_that_was_revoked_since(self, run, approved, enrolled):
        change(approvers_file(enrolled), "from: 2025-01-01", "from: 2025-01-01, revoked: 2025-03-01")
        refused(run("apply", str(approved)), "lan@x.vn approved at", "its key was revoked on 2025-03-01")

    def test_the_approvers_are_swapped(self, run, file, keys, enrolled):
        """Whoever can write the inventory puts in a key, and approves."""
        path = approvers_file(enrolled)
        change(path, (keys / "lan.pub").read_text().split()[1], (keys / "hoa.pub").read_text().split()[1])
        done = run("approve", str(file), "--key", str(keys / "hoa"), "--yes")
        refused(done, "who may approve has changed: approvers.yml is not the one that it was made with")
        refused(run("apply", str(file)), "who may approve has changed")

    def test_the_approvers_are_removed(self, run, approved, enrolled):
        approvers_file(enrolled).unlink()
        refused(run("apply", str(approved)), "who may approve has changed since this plan was made")
        refused(run("apply", "--yes", "--require-approval"), "lam-dong has no approvers.yml")

    def test_the_inventory_is_swapped(self, run, approved, enrolled):
        change(enrolled / "inventories/lam-dong/units.yml", "printer-1", "printer-9")
        run("lock")
        refused(run("apply", str(approved)), "inventory and locks have moved since this plan was made")

    def test_the_plan_was_made_on_another_state(self, run, approved, monkeypatch):
        """Something else was applied after it was approved."""
        from haicap.stack import planning
        from haicap.stack.state import Recorded, State

        stands = Recorded("hub1", "Host", "urn", {"host": "hub1", "role": "hub"}, {"host": "hub1"}, False)
        monkeypatch.setattr(planning, "read_state", lambda _ws: State({"hub1": stands}))
        refused(run("apply", str(approved)), "state has moved since this plan was made")

    def test_the_plan_is_altered(self, run, approved):
        change(approved, '"create"', '"update"')
        refused(run("apply", str(approved)), "this was altered after it was made")
        refused(run("verify", str(approved)), "✗ digest     this was altered")

    def test_the_plan_has_expired(self, run, approved, monkeypatch):
        monkeypatch.setattr("haicap.cli.apply.clock", lambda: approving.clock() + timedelta(days=15))
        refused(run("apply", str(approved)), "it expired at", "make a new one")

    def test_the_clock_is_set_back(self, run, approved, monkeypatch):
        monkeypatch.setattr("haicap.cli.apply.clock", lambda: approving.clock() - timedelta(days=1))
        refused(run("apply", str(approved)), "it was made at", "a clock was set back")

    def test_an_approval_is_forged(self, run, approved):
        """Lan's approval is given Minh's name."""
        change(approving.approvals_of(approved), '"principal":"lan@x.vn"', '"principal":"minh@x.vn"')
        refused(run("apply", str(approved)), "its key is not minh@x.vn's, but lan@x.vn's")

    def test_an_approval_is_dated_back(self, run, approved):
        path = approving.approvals_of(approved)
        at = json.loads(path.read_text().splitlines()[0])["at"]
        change(path, at, f"{at[:-3]}{(int(at[-3:-1]) + 1) % 60:02}Z")
        refused(run("apply", str(approved)), "its signature is wrong: the signature does not match")

    @pytest.mark.parametrize("words", [["apply", "--yes"], ["destroy", "--unit", "24958", "--yes"]])
    def test_nothing_is_done_without_a_file(self, run, file, words):
        refused(run(*words), "must be approved before.", "haicap approve plan.json` approves it")

    @pytest.mark.parametrize("how", [{"words": ["--require-approval"]}, {"environment": "1"}])
    def test_the_inventory_does_not_ask_for_it_but_whoever_runs_it(self, run, file, enrolled, monkeypatch, how):
        change(approvers_file(enrolled), "rules:", "required_for: []\nrules:")
        run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
        monkeypatch.setenv("HAICAP_REQUIRE_APPROVAL", how.get("environment", ""))
        refused(run("apply", str(file), *how.get("words", [])), "1 more must approve")


def test_an_expired_plan_is_refused_though_nobody_must_approve(run, applied, file, enrolled, monkeypatch):
    approvers_file(enrolled).unlink()
    run("plan", "--as-of", "2025-07-01", "-o", str(file))
    monkeypatch.setattr("haicap.cli.apply.clock", lambda: approving.clock() + timedelta(days=15))
    refused(run("apply", str(file)), "it expired at")
    assert applied == []


def test_a_target_that_needs_none(run, applied, file, enrolled):
    change(approvers_file(enrolled), "rules:", "required_for: [lab]\nrules:")
    run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
    assert run("apply", str(file)).exit_code == 0


def test_years_later(run, approved, enrolled):
    """The key is revoked since, and the plan expired: as if it were then, it was right."""
    then = json.loads(approving.approvals_of(approved).read_text().splitlines()[-1])["at"]
    change(approvers_file(enrolled), "from: 2025-01-01", "from: 2025-01-01, revoked: 2998-12-01")
    assert run("verify", str(approved), "--at", then).exit_code == 0
    refused(run("verify", str(approved), "--at", "2999-01-01T00:00:00Z"), "it expired at", "was revoked on 2998-12-01")
    change(approvers_file(enrolled), "revoked: 2998-12-01", "revoked: 2998-12-01, compromised: true")
    refused(run("verify", str(approved), "--at", then), "as it was compromised")
    assert "is not a moment" in run("verify", str(approved), "--at", "then").stderr


def test_a_destroy_is_planned_approved_and_done(run, applied, approve, file, monkeypatch):
    from haicap.stack import planning
    from haicap.stack.state import Recorded, State

    inputs = {"host": "gw-24958", "unit": "24958", "role": "gateway"}
    stands = State({"gw-24958": Recorded("gw-24958", "Host", "urn", inputs, inputs, False)})
    monkeypatch.setattr(planning, "read_state", lambda _ws: stands)
    assert run("destroy", "--unit", "24958", "-o", str(file)).exit_code == 3  # nobody was told of it
    announced = ("--override", "notice", "--reason", "the unit has moved out")
    done = run("destroy", "--unit", "24958", "-o", str(file), *announced)
    assert (done.exit_code, applied) == (2, [])
    shown = approve("lan")
    assert "- delete gw-24958  Đức Trọng  gateway" in shown.stdout
    refused(run("apply", str(file)), "1 more must approve")
    assert approve("minh").exit_code == 0
    assert run("apply", str(file)).exit_code == 0
    assert len(applied) == 1


def test_two_who_approve_at_once_lose_none(file):
    """Many at a time, each a line: all are there, and whole."""
    from concurrent.futures import ThreadPoolExecutor

    from haicap.plan.approval import parse, say_of

    plan, now = read_plan(file).plan, datetime.now(UTC)
    said = [say_of(plan, f"p{number}@x.vn", now) for number in range(50)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: approving.add_approval(file, one), said))
    found, faults = parse(approving.approvals_of(file).read_bytes())
    assert (sorted(found, key=str), faults) == (sorted(said, key=str), ())


def test_a_line_that_was_cut_off_is_not_written_on(approve, file):
    approve("lan")
    path = approving.approvals_of(file)
    path.write_bytes(path.read_bytes()[:-20])
    done = approve("minh")
    assert (done.exit_code, "its last line was cut off" in done.stderr) == (1, True)


def test_each_of_a_thousand_changed_bytes_is_found(approved, enrolled):
    """In the plan or its approvals, any byte, to any other."""
    approvers = approving.find_approvers(enrolled, "lam-dong")
    now, chance = approving.clock(), random.Random(2025)  # noqa: S311 - which byte changes is no secret
    missed = []
    files = [approved, approving.approvals_of(approved)]
    for number in range(1000):
        path = files[number % 2]
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        other = bytes([(whole[place] + chance.randrange(1, 256)) % 256])
        path.write_bytes(whole[:place] + other + whole[place + 1 :])
        if not _is_refused(approved, approvers, now):
            missed.append((path.name, place, other))
        path.write_bytes(whole)
    assert missed == []
    assert not _is_refused(approved, approvers, now)


def _is_refused(file, approvers, now) -> bool:
    from haicap.errors import HaicapError

    try:
        return bool(approving.verdict_of(read_plan(file), approvers, now).reasons)
    except HaicapError:
        return True


def test_what_would_steer_the_terminal_is_spelt_out(run, approve, file):
    """A plan made by a stranger hides nothing from who approves it."""
    plan = read_plan(file).plan
    from dataclasses import replace

    hostile = replace(plan, made=replace(plan.made, by="\x1b[8m\u202eevil"))
    file.write_text(dump(hostile.to_json()), "utf-8")
    shown = approve("lan").stdout
    assert "<U+001B>[8m<U+202E>evil" in shown
    assert "\x1b" not in shown


def test_what_haicap_writes_beside_the_inventory_makes_no_plan_stale(run, applied, approve, file, enrolled):
    """The log of what was done, and the engine's state, are not what a plan is made from."""
    git = ["git", "-C", str(enrolled), "-c", "user.name=son", "-c", "user.email=son@x.vn"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "inventory"]):
        subprocess.run([*git, *words], check=True)
    run("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
    for name in ("audit", ".state", "sealed"):
        (enrolled / "inventories/lam-dong" / name).mkdir(exist_ok=True)
        (enrolled / "inventories/lam-dong" / name / "more").write_text("1")
    assert [approve(name).exit_code for name in ("lan", "minh")] == [0, 0]
    assert run("apply", str(file)).exit_code == 0
    (enrolled / "inventories/lam-dong/note.txt").write_text("by hand")
    done = run("apply", str(file))
    refused(done, "commit has moved since this plan was made")
    assert len(applied) == 1


@pytest.mark.parametrize("words", [["verify", "none.json"], ["approve", "none.json"], ["apply", "none.json"]])
def test_a_plan_that_is_not_there(run, words):
    done = run(*words)
    assert (done.exit_code, "none.json" in done.stderr) == (1, True)


def test_files_that_are_not_there(run, file, tmp_path):
    done = run("verify", str(file), "--approvers", str(tmp_path / "none.yml"))
    refused(done, "none.yml: there is no such file")
    done = run("approve", str(file), "--key", str(tmp_path / "none"), "--yes")
    assert (done.exit_code, "there is no such key" in done.stderr) == (1, True)


def test_a_changes_base_says_whose_commits_count(run, file, enrolled):
    units = enrolled / "inventories/lam-dong/units.yml"
    commit(enrolled, "The province", "An <an@x.vn>")
    for name in ("binh", "chi"):
        units.write_text(units.read_text("utf-8") + f"# {name}\n", "utf-8")
        commit(enrolled, f"By {name}", f"{name} <{name}@x.vn>")
    made = ("plan", "--unit", "24958", "--as-of", "2025-07-01", "-o", str(file))
    for words, authors in (((), ["chi@x.vn"]), (("--since", "HEAD~2"), ["binh@x.vn", "chi@x.vn"])):
        assert run(*made, *words).exit_code == 2
        assert json.loads(file.read_text("utf-8"))["made"]["authors"] == authors
    refusal = run(*made, "--since", "nothing")
    assert (refusal.exit_code, refusal.stderr.splitlines()[0]) == (
        1,
        '--since "nothing": git knows no such commit here. In a shallow clone, fetch the history first.',
    )
    assert "--since is for a file" in run("plan", "--since", "HEAD").stderr
