"""Promises of a cut-over: whoever is told that a row is kept finds it, wherever a run ends and whoever turns back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.errors import Refused
from haicap.lifecycle.cutover import Direction, phase_of, refusal
from haicap.stack.cutover import run_cutover
from tests.unit.stack.cutover_world import DAY, NEW, OLD, WANTED, Killed, World, make_job, make_pair

DIRECTIONS: st.SearchStrategy[Direction] = st.sampled_from(["forward", "back"])
ENDED = {"forward": "switched", "back": "before"}


def run(world: World, direction: Direction, kill_after: int | None) -> bool:
    """One run by a person who does what messages say; whether it came to its end."""
    assert refusal(make_pair(), world.entry, direction, DAY, now=False) == ""
    world.kill_at = -1 if kill_after is None else world.turn + kill_after
    try:
        if make_job(direction, world.entry).steps[0] == "ready":  # what is pending is applied first, as it would say
            world.apply(world.plan(world.entry))
        run_cutover(make_job(direction, world.entry), world, lambda _line: None)
    except Killed:
        return False
    return True


def ensure_kept(world: World) -> None:
    assert len(set(world.acknowledged)) == len(world.acknowledged)
    where = world.rows[world.writer]
    assert sorted(where) == sorted(world.acknowledged), "a row that was acknowledged is gone, or is there twice"


@settings(max_examples=400, deadline=None)
@given(runs=st.lists(st.tuples(DIRECTIONS, st.integers(1, 40)), max_size=6), last=DIRECTIONS)
def test_no_row_is_lost_and_every_run_can_be_gone_on_with(runs: list[tuple[Direction, int]], last: Direction) -> None:
    world = World()
    for direction, kill_after in runs:
        run(world, direction, kill_after)
    assert run(world, last, None)
    assert phase_of(world.entry) == ENDED[last]
    assert (world.writer, world.leads) == WANTED[phase_of(world.entry)]
    assert world.exports == {}
    assert not world.plan(world.entry).changes
    ensure_kept(world)


@settings(max_examples=100, deadline=None)
@given(direction=DIRECTIONS, kill_after=st.integers(1, 60))
def test_a_run_that_was_ended_comes_to_the_same_end_when_run_again(direction: Direction, kill_after: int) -> None:
    world, other = World(), World()
    for each in (world, other):
        if direction == "back":
            run(each, "forward", None)
    run(world, direction, None)
    run(other, direction, kill_after)
    run(other, direction, None)
    assert (world.writer, world.leads, phase_of(world.entry)) == (other.writer, other.leads, phase_of(other.entry))
    ensure_kept(other)


@settings(max_examples=100, deadline=None)
@given(turn=st.integers(1, 60), direction=DIRECTIONS)
def test_an_import_that_loses_a_row_never_leads_anybody_there(turn: int, direction: Direction) -> None:
    world = World()
    if direction == "back":
        run(world, "forward", None)
    for _ in range(3):
        world._turn()
    source, target = (OLD, NEW) if direction == "forward" else (NEW, OLD)
    world.on[f"load {target}"] = lambda: world.rows[target].pop(turn % len(world.rows[target]))  # type: ignore[assignment]
    before = world.writer
    try:
        run(world, direction, None)
    except Exception as error:
        assert "nothing was switched" in str(error)
    assert world.leads == before
    assert phase_of(world.entry) == {"forward": "frozen", "back": "returning"}[direction]
    run(world, "back" if direction == "forward" else "forward", None)
    assert world.writer == source
    ensure_kept(world)


def test_a_lock_that_is_not_the_newest_freezes_nobody() -> None:
    """Names were led to the new platform, and somebody runs the command with the lock of before."""
    world = World()
    run(world, "forward", None)
    for entry in (None, world.entry and type(world.entry)(world.entry.frozen)):
        world.entry, rows = entry, list(world.rows[NEW])
        try:
            run_cutover(make_job("forward", entry), world, lambda _line: None)
        except Refused as error:
            assert "must be applied first" in str(error) or "is this the newest cutovers.lock.yml?" in str(error)
        assert world.entry == entry
        assert world.rows[NEW][: len(rows)] == rows
        assert world.writer == NEW
