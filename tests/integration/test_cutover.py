"""A cut-over on real machines, while somebody goes on writing; killed half way, gone on with, and taken back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from haicap.lab import missing
from tests.integration.province import HAICAP, Province, lab_of

pytestmark = [
    pytest.mark.lab,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=f"no machines in a lab here: {'; '.join(missing())}"),
]
ROOT = Path(__file__).parents[2]
UNIT, GATEWAY, NAME = "24958", "gw-24958", "motcua.lamdong.gov.vn"
OLD, NEW = "procedures-old", "procedures"
BOTH = ("--platform", OLD, "--platform", NEW)
CUTOVER = ("cutover", NEW, "lam-dong", "--yes")
ROWS_BEFORE = 20_000
FILL = (
    "INSERT INTO records (unit, note) "
    "SELECT '24958', i || repeat(chr(7840 + i % 90), 40) FROM generate_series(1, 20000) i"
)
PSQL = "runuser -u postgres -- psql -X -A -t -q -v ON_ERROR_STOP=1 -d platform"
REMOTE = """
import sys
from pathlib import Path
from haicap.reach.fanout import run
from haicap.stack.workspace import Workspace
directory, machine, command, text = sys.argv[1:]
ws = Workspace.open(Path(directory), "lam-dong")
ws.enter()
done = run(machine, ws.addresses()[machine], ws.connection(), command, text, timeout=300)
sys.exit(done.error or done.stderr) if not done.ok else sys.stdout.write(done.stdout)
"""


def on_machine(province: Province, platform: str, command: str, text: str = "") -> str:
    """What a command prints on a platform's machine."""
    words = [sys.executable, "-c", REMOTE, province.directory, f"{platform}-1", command, text]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sql(province: Province, platform: str, statement: str) -> list[str]:
    """The lines that a machine's database answers."""
    return on_machine(province, platform, PSQL, statement).splitlines()


def rows(province: Province, platform: str) -> Counter[tuple[int, str]]:
    """Number and text of each row, and how often it is there."""
    lines = sql(province, platform, "SELECT id, note FROM records")
    return Counter((int(line.partition("|")[0]), line.partition("|")[2]) for line in lines)


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """Both platforms stand, with what is in them, and nothing is left to apply."""
    with lab_of(tmp_path_factory.mktemp("cutover"), [UNIT], platforms=[OLD, NEW]) as province:
        province.run("apply", "lam-dong", "--yes", timeout=1200)
        province.run("enrol", "lam-dong", "--unit", UNIT, *BOTH, timeout=600)
        province.run("apply", "lam-dong", "--yes", timeout=1200)
        assert province.plan() == {}
        sql(province, OLD, FILL)
        yield province


@contextmanager
def writing(province: Province) -> Iterator[dict[str, Any]]:
    """Somebody writes rows by the platform's name from a commune's network while the block runs; after it, what came of
    them."""
    authority = (province.folder / ".lab" / "certificates" / "ca.pem").read_text()
    program = ("python3", "-I", "-", "--name", NAME, "--ca", authority, "--unit", UNIT, "--rows", "--seconds", "3000")
    command = [HAICAP, "-C", province.directory, "lab", "exec", GATEWAY, "--", *program]
    summary: dict[str, Any] = {}
    with (ROOT / "toolchain" / "cutover_writer.py").open() as text:
        writer = subprocess.Popen(command, stdin=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        until_written(province, writer)
        yield summary
    finally:
        province.on_host(GATEWAY, "touch /run/haicap-writer.stop")
        out, err = writer.communicate(timeout=600)
    assert writer.returncode == 0, err
    summary.update(json.loads(out))


def until_written(province: Province, writer: subprocess.Popen[str]) -> None:
    """Wait until the first rows are there."""
    before, deadline = counted(province), time.monotonic() + 120
    while counted(province) < before + 5:
        assert writer.poll() is None and time.monotonic() < deadline, "nothing is written"
        time.sleep(1)


def counted(province: Province) -> int:
    return sum(int(sql(province, platform, "SELECT count(*) FROM records")[0]) for platform in (OLD, NEW))


def kill_at(province: Province, step: str, seconds: float, *more: str) -> None:
    """Run the cut-over, and kill -9 it so many seconds after a step began."""
    command = [HAICAP, "-C", province.directory, *CUTOVER, *more]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        said = []
        for line in run.stderr:
            said.append(line)
            if f" {step}: " in line:
                break
        else:
            pytest.fail(f"it never came to {step}: {''.join(said)}")
        time.sleep(seconds)
        assert run.poll() is None, f"{step} was done within {seconds} s: nothing was interrupted"
        run.kill()


def ensure_kept(province: Province, platform: str, *summaries: dict[str, Any]) -> None:
    """Every row that was acknowledged is there, once, and so are all that were there before."""
    there = rows(province, platform)
    notes = Counter(note for _, note in there.elements())
    acknowledged = [(row["id"], row["note"]) for summary in summaries for row in summary["rows"]]
    assert [row for row in acknowledged if there[row] != 1] == []
    assert [note for note, times in notes.items() if times > 1] == []
    unanswered = sum(summary["unanswered"] for summary in summaries)
    assert 0 <= there.total() - ROWS_BEFORE - len(acknowledged) <= unanswered


def addresses(province: Province) -> dict[str, str]:
    listed = json.loads(province.run("platform", "list", "lam-dong", "--json"))["platforms"]
    return {platform["name"]: platform["machines"][0]["address"] for platform in listed}


WRITTEN: list[dict[str, Any]] = []


def test_killed_while_it_freezes_it_is_undone_at_once(province: Province) -> None:
    kill_at(province, "freeze", 4)
    assert "switched" not in (province.folder / ".lab" / "cutovers.lock.yml").read_text()
    done = json.loads(province.run(*CUTOVER, "--back", "--json", timeout=600))
    assert (done["phase"], done["now"]) == ("frozen", "before")
    assert province.plan() == {}
    with writing(province) as summary:
        pass
    assert set(summary["by_address"]) == {addresses(province)[OLD]}
    assert summary["found_again"] == summary["acknowledged"] > 0
    WRITTEN.append(summary)
    ensure_kept(province, OLD, *WRITTEN)


def test_nobody_who_goes_on_writing_loses_a_row_though_it_is_killed_twice(province: Province) -> None:
    with writing(province) as summary:
        kill_at(province, "carry", 3)
        kill_at(province, "switch", 4)
        done = json.loads(province.run(*CUTOVER, "--json", timeout=900))
        time.sleep(70)  # a name is kept for 60 s
    print(json.dumps({key: value for key, value in summary.items() if key != "rows"}, indent=1))
    assert done["now"] == "switched"
    assert done["inspection"]["failed"] == done["inspection"]["unreachable"] == 0
    at = addresses(province)
    assert set(summary["by_address"]) == {at[OLD], at[NEW]}
    assert summary["refused"] > 0
    assert summary["found_again"] == summary["acknowledged"]
    WRITTEN.append(summary)
    ensure_kept(province, NEW, *WRITTEN)
    assert province.plan() == {}
    assert json.loads(province.run("inspect", "lam-dong", "--unit", UNIT, *BOTH, "--json"))["summary"]["failed"] == 0


def test_again_it_only_proves(province: Province) -> None:
    done = json.loads(province.run(*CUTOVER, "--json", timeout=600))
    assert [step["step"] for step in done["steps"]] == ["switch", "prove", "keep"]
    assert done["read_only_seconds"] is None


def test_the_way_back_brings_what_was_written_since_though_it_is_killed(province: Province) -> None:
    with writing(province) as summary:
        kill_at(province, "carry", 3, "--back")
        done = json.loads(province.run(*CUTOVER, "--back", "--json", timeout=900))
        time.sleep(70)
    print(json.dumps({key: value for key, value in summary.items() if key != "rows"}, indent=1))
    assert (done["phase"], done["now"]) == ("returning", "before")
    assert set(summary["by_address"]) == {*addresses(province).values()}
    WRITTEN.append(summary)
    ensure_kept(province, OLD, *WRITTEN)
    assert province.plan() == {}
    left = "find /srv/data /var/lib/haicap -path '*cutover*' | wc -l"
    assert [on_machine(province, platform, left) for platform in (OLD, NEW)] == ["0\n", "0\n"]
