"""What is run on the two machines: the very commands, on two folders of this one."""

from __future__ import annotations

import json
import subprocess
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from haicap.errors import HaicapError, Stopped
from haicap.lifecycle.cutover import Table
from haicap.reach.context import Connection, Outcome
from haicap.reach.pipe import End
from haicap.stack import cutover_hands
from haicap.stack.cutover_hands import Outside, _ensure_done
from haicap.stack.cutover_job import Side
from haicap.stack.engine import Applied, Failure
from tests.unit.stack.cutover_world import DAY, NEW, OLD, make_job

KEY = "20250701T000000Z"
COUNTS = {"records": {"rows": 2, "sha256": "ab"}}
PROGRAM = """\
#!/bin/sh
set -e
case $1 in
  counts) cat {folder}/database ;;
  export) mkdir -p "$2/more"; cp {folder}/database "$2/counts.json"; echo rows > "$2/more/data dump" ;;
  import) test "$3" = --replace; cp "$2/counts.json" {folder}/database ;;
esac
"""


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Side, Side]:
    return (
        Side(OLD, (f"{OLD}-1",), str(tmp_path / OLD / "exports" / NEW), ""),
        Side(NEW, (f"{NEW}-1",), str(tmp_path / NEW / "exports" / NEW), ""),
    )


@pytest.fixture
def hands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outside:
    for name in (OLD, NEW):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "database").write_text(json.dumps(COUNTS if name == OLD else {}))
        (folder / "data").write_text(PROGRAM.format(folder=folder))
        (folder / "data").chmod(0o755)

    def local(machine: str, command: str) -> str:
        return command.replace(cutover_hands.DATA, str(tmp_path / machine.removesuffix("-1") / "data"))

    def run(name: str, _address: str, _connection: Any, command: str, **_options: Any) -> Outcome:
        done = subprocess.run(["sh", "-c", local(name, command)], capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def pipe(source: End, target: End, _connection: Any, *, seconds: float, on_bytes: Any) -> int:
        out = subprocess.run(["sh", "-c", local(source.name, source.command)], capture_output=True, check=True)
        subprocess.run(["sh", "-c", local(target.name, target.command)], input=out.stdout, check=True)
        on_bytes(len(out.stdout))
        return len(out.stdout)

    monkeypatch.setattr(cutover_hands, "run", run)
    monkeypatch.setattr(cutover_hands, "pipe", pipe)
    places = {f"{OLD}-1": "10.126.0.2", f"{NEW}-1": "10.126.0.3"}
    workspace: Any = SimpleNamespace(connection=Connection, addresses=lambda: places)
    return Outside(workspace, make_job(), DAY, lambda _plan: nullcontext(lambda _event: None), lambda _line: None)


def test_data_is_counted_exported_carried_imported_and_removed(hands: Outside, sides: tuple[Side, Side]) -> None:
    old, new = sides
    counts = {"records": Table(2, "ab")}
    assert hands.counts(old) == counts
    assert hands.counts(new) == {}
    assert hands.exported(old, KEY) is None
    hands.export(old, KEY)
    assert hands.exported(old, KEY) == counts
    assert hands.exported(old, "20250702T000000Z") is None
    assert hands.size(old, KEY) > 0
    assert not hands.carried(old, new, KEY)
    hands.carry(old, new, KEY)
    assert hands.carried(old, new, KEY)
    folder = Path(new.folder)
    assert (folder / KEY / "more" / "data dump").read_text() == "rows\n"
    assert {path.name for path in folder.iterdir()} == {KEY}
    assert folder.stat().st_mode & 0o077 == 0
    hands.load(new, KEY)
    assert hands.counts(new) == counts
    for side in sides:
        hands.discard(side)
        assert not Path(side.folder).parent.exists()
        hands.discard(side)


def test_an_export_takes_the_place_of_older_ones(hands: Outside, sides: tuple[Side, Side]) -> None:
    old, _ = sides
    hands.export(old, "20250601T000000Z")
    hands.export(old, KEY)
    assert [path.name for path in Path(old.folder).iterdir()] == [KEY]


def test_what_was_carried_is_not_what_was_sent(
    hands: Outside, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = sides
    hands.export(old, KEY)
    whole = cutover_hands.pipe

    def broken(*ends: Any, **options: Any) -> int:
        carried = whole(*ends, **options)
        (Path(new.folder) / "part" / "counts.json").write_text("{")
        return carried

    monkeypatch.setattr(cutover_hands, "pipe", broken)
    with pytest.raises(HaicapError) as error:
        hands.carry(old, new, KEY)
    message = "What came to procedures-1 is not what procedures-old-1 has: its checksums differ."
    assert str(error.value) == message
    assert not hands.carried(old, new, KEY)
    assert hands.exported(new, KEY) is None


def test_room(hands: Outside, sides: tuple[Side, Side]) -> None:
    room = hands.room(sides[0])
    assert room.used > 0
    assert room.free > 0
    away = Side(OLD, (f"{OLD}-1",), sides[0].folder, "none")
    with pytest.raises(HaicapError, match="procedures-old-1: /srv/none is not mounted"):
        hands.room(away)


def test_a_machine_whose_role_brings_no_program(hands: Outside, sides: tuple[Side, Side], tmp_path: Path) -> None:
    (tmp_path / OLD / "data").unlink()
    with pytest.raises(HaicapError) as error:
        hands.counts(sides[0])
    assert str(error.value) == (
        "procedures-old-1 has no /usr/local/lib/haicap/data: the role of procedures-old must bring it. It is a program "
        "that takes `counts`, `export DIR` and `import DIR --replace`; docs/cutover.md says what each does."
    )


@pytest.mark.parametrize("said", ["", "[]", "{", '{"records": 3}', '{"records": {"rows": "many", "sha256": ""}}'])
def test_a_program_that_does_not_keep_its_word(
    hands: Outside, sides: tuple[Side, Side], tmp_path: Path, said: str
) -> None:
    (tmp_path / OLD / "database").write_text(said)
    with pytest.raises(HaicapError) as error:
        hands.counts(sides[0])
    assert str(error.value) == (
        f"procedures-old-1: `/usr/local/lib/haicap/data counts` says {said!r}, which is not "
        '{"table": {"rows": 3, "sha256": "..."}}'
    )


def test_a_program_that_fails_has_the_last_word(hands: Outside, sides: tuple[Side, Side], tmp_path: Path) -> None:
    (tmp_path / OLD / "data").write_text("#!/bin/sh\necho starts >&2\necho 'data: the disk is full' >&2\nexit 1\n")
    with pytest.raises(HaicapError, match="procedures-old-1: starts / data: the disk is full"):
        hands.export(sides[0], KEY)
    (tmp_path / OLD / "data").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(HaicapError, match="procedures-old-1: a command ended with code 3"):
        hands.load(sides[0], KEY)


def test_a_host_out_of_reach(hands: Outside, sides: tuple[Side, Side], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutover_hands, "run", lambda *_words, **_options: Outcome(None, error="cannot reach it"))
    with pytest.raises(HaicapError, match="cannot reach it"):
        hands.counts(sides[0])


def test_an_apply_that_did_not_do_all() -> None:
    _ensure_done(Applied(2, (), 0))
    failure = Failure("zones", None, "dns", "cannot reach dns1", "See that dns1 is up.")
    with pytest.raises(HaicapError) as error:
        _ensure_done(Applied(1, (failure,), 0))
    assert str(error.value) == "zones: cannot reach dns1\n    See that dns1 is up."
    with pytest.raises(Stopped):
        _ensure_done(Applied(1, (), 1, stopped=True))
