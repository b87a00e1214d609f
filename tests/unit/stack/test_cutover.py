"""A cut-over as it is carried out, in a played world: what is told, what is measured, and each way it may stop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from haicap.addressing.model import Cutover
from haicap.errors import HaicapError, Refused, Stopped
from haicap.lifecycle.cutover import Direction, phase_of
from haicap.plan.model import Change
from haicap.stack.cutover import Report, changes_of, run_cutover
from haicap.stack.cutover_hands import Room
from tests.unit.stack.cutover_world import MIB, NEW, OLD, World, _probe, make_job, make_pair

ON, BACK = "`haicap cutover procedures lam-dong`", "`haicap cutover procedures lam-dong --back`"


def run(world: World, direction: Direction = "forward") -> tuple[Report, list[str]]:
    told: list[str] = []
    return run_cutover(make_job(direction, world.entry), world, told.append), told


def stopped(world: World, direction: Direction = "forward", kind: type[HaicapError] = HaicapError) -> str:
    with pytest.raises(kind) as error:
        run(world, direction)
    assert type(error.value) is kind
    return str(error.value)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def switched(world: World) -> World:
    run(world)
    world.log.clear()
    return world


def test_the_order_of_things(world: World) -> None:
    report, told = run(world)
    assert world.log == [
        *(f"counts {OLD}", f"counts {NEW}", f"look {NEW}"),
        *("record", "apply"),
        *(f"counts {OLD}", f"export {OLD}"),
        *(f"carry {OLD} {NEW}", f"load {NEW}", f"counts {OLD}", f"counts {NEW}"),
        *("record", "apply", "prove", f"discard {OLD}", f"discard {NEW}"),
    ]
    assert told[0] == (
        "1/7 ready: look whether procedures-old and procedures stand as planned, pass their inspection, can move data "
        "and have room"
    )
    assert [line for line in told if line.startswith("    ")] == [
        "    procedures-old-1 has 1 row in 1 table",
        "    procedures-1 has 0 rows in 1 table, in place of which the other's come",
        "    1 probe passed",
        "    procedures-old takes no changes",
        "    6 rows in 1 table in 0.0 MiB",
        "    the export is on procedures-1, with the same checksums",
        "    6 rows in 1 table: the same on both",
        "    procedures takes changes, and its names lead there; nothing took changes for 14 s",
        "    1 passed, 0 failed, 0 unreachable",
        "    until 2025-07-15 `haicap cutover procedures lam-dong --back` goes back; procedures-old stands, read-only, "
        "and is retired on 2025-12-31",
    ]
    assert report.read_only_seconds == 14
    assert report.tables is not None
    assert report.tables["records"].rows == 6
    assert [done.step for done in report.steps] == list(make_job().steps)
    assert str(report.back_until) == "2025-07-15"
    assert report.ok


def test_the_way_back_carries_what_was_written_since(switched: World) -> None:
    for _ in range(10):
        switched._turn()
    written = list(switched.acknowledged)
    report, told = run(switched, "back")
    assert switched.log[:3] == [f"counts {NEW}", f"counts {OLD}", f"look {OLD}"]
    assert [word for word in switched.log if word.split()[0] in ("export", "carry", "load")] == [
        *(f"export {NEW}", f"carry {NEW} {OLD}", f"load {OLD}")
    ]
    assert set(written) <= set(switched.rows[OLD])
    assert report.entry is None
    assert report.back_until is None
    assert told[-1] == "    procedures-old is in use; procedures stands, read-only"


def test_before_the_switch_the_way_back_moves_no_data(world: World) -> None:
    world.fail(f"load {NEW}", "no")
    stopped(world)
    world.log.clear()
    report, told = run(world, "back")
    assert world.log == ["record", "apply", f"discard {NEW}", f"discard {OLD}"]
    assert told[1].startswith("    procedures-old takes changes; nothing took changes for ")
    assert report.entry is None


def test_again_when_all_is_done_only_proves(switched: World) -> None:
    report, told = run(switched)
    assert switched.log == ["record", "prove", f"discard {OLD}", f"discard {NEW}"]
    assert told[1] == "    procedures takes changes, and its names lead there"
    assert report.read_only_seconds is None
    assert run(World(), "back")[1][1] == "    procedures-old takes changes as it did"


def test_a_proof_that_fails_is_told_and_takes_nothing_back(world: World) -> None:
    world.on["prove"] = lambda: setattr(world, "probes", (_probe("gw-24958", "failed", "24958"),))
    report, told = run(world)
    assert not report.ok
    assert "    0 passed, 1 failed, 0 unreachable" in told
    assert phase_of(world.entry) == "switched"


def test_what_keeps_it_from_beginning_is_told_at_once(world: World) -> None:
    world.foreign = (Change(None, "hub", "hub1", "update", ""),)
    world.fail(f"counts {OLD}", "procedures-old-1 has no /usr/local/lib/haicap/data")
    world.fail(f"counts {NEW}", "cannot reach procedures-1")
    assert stopped(world, kind=Refused) == (
        "It is not ready:\n"
        "  hub1 must be applied first: `haicap apply lam-dong --platform procedures-old --platform procedures`\n"
        "  procedures-old-1 has no /usr/local/lib/haicap/data\n"
        "  cannot reach procedures-1\n"
        "Nothing was changed: procedures-old is in use."
    )
    assert world.entry is None


def test_room_is_looked_at_before_anybody_is_frozen(world: World) -> None:
    world.room_of = {OLD: Room(1000 * MIB, 499 * MIB), NEW: Room(50 * MIB, 1499 * MIB)}
    place = "/srv/data/haicap-cutover/procedures"
    way_out = "give its disk more in platforms.yml, and apply that"
    assert stopped(world, kind=Refused) == (
        f"It is not ready:\n  procedures-old-1 has 499 MiB free at {place}, and needs 500: {way_out}\n"
        f"  procedures-1 has 1499 MiB free at {place}, and needs 1500: {way_out}\n"
        "Nothing was changed: procedures-old is in use."
    )
    world.room_of = {OLD: Room(1000 * MIB, 500 * MIB), NEW: Room(50 * MIB, 1500 * MIB)}
    run(world)


def test_room_is_looked_at_again_when_the_export_is_known(world: World) -> None:
    def shrink() -> None:
        world.room_of = {OLD: Room(100 * MIB, 0), NEW: Room(0, 100 * MIB)}

    world.on["apply"] = shrink
    assert stopped(world).startswith(
        "procedures-1 has 100 MiB free at /srv/data/haicap-cutover/procedures, and needs 100"
    )
    assert f"carry {OLD} {NEW}" not in world.log


def test_probes_that_fail_keep_it_from_beginning_but_not_a_unit_that_is_away(world: World) -> None:
    away = _probe("gw-24958", "unreachable", "24958")
    world.probes = (_probe("procedures-1", "failed"), away)
    assert stopped(world, kind=Refused) == (
        "It is not ready:\n  procedures-1 services: expected nginx, found nothing\n"
        "Nothing was changed: procedures-old is in use."
    )
    world.probes = (_probe("procedures-1", "passed"), away)
    assert "    1 probe passed, 1 could not be made" in run(world)[1]


def test_rows_that_come_though_it_is_frozen_stop_it(world: World) -> None:
    world.on[f"export {OLD}"] = lambda: world.rows[OLD].append(99)
    assert stopped(world) == (
        "procedures-old-1 still changes, though it is frozen:\n"
        f"  records: 6 rows in procedures-old-1, 7 in its export\n{_frozen()}"
    )


def _frozen() -> str:
    return (
        f"procedures-old is read-only since 2025-07-01T00:00:03Z, and names lead to it. {ON} goes on, {BACK} undoes it."
    )


def test_a_row_that_differs_stops_it_before_the_switch(world: World) -> None:
    world.on[f"load {NEW}"] = lambda: world.rows[NEW].pop() and None
    assert stopped(world) == (
        "What was imported is not what was exported, and nothing was switched:\n"
        f"  records: 6 rows in procedures-old-1, 5 in procedures-1\n{_frozen()}"
    )
    assert phase_of(world.entry) == "frozen"
    assert world.leads == OLD


@pytest.mark.parametrize("what", [f"export {OLD}", f"carry {OLD} {NEW}", f"load {NEW}", "apply"])
def test_whatever_fails_says_what_stands_and_goes_on_when_run_again(world: World, what: str) -> None:
    world.fail(what, "the line is cut")
    assert stopped(world) == f"the line is cut\n{_frozen()}"
    del world.on[what]
    run(world)
    assert world.writer == NEW
    assert sorted(world.rows[NEW]) == sorted(world.acknowledged)


def test_what_stands_after_the_switch_and_on_the_way_back(world: World) -> None:
    world.fail("prove", "no key")
    assert stopped(world) == f"no key\nprocedures has taken over, but not all is done: {ON} goes on."
    world.fail(f"look {OLD}", "no key")
    assert stopped(world, "back") == "no key\nNothing was changed: procedures is in use."
    del world.on[f"look {OLD}"]
    world.fail(f"export {NEW}", "the disk is full")
    assert stopped(world, "back").startswith("the disk is full\nprocedures is read-only since 2025-07-01T00:0")
    assert stopped(world, "back").endswith(f"and names lead to it. {BACK} goes on, {ON} undoes it.")
    world.on.clear()
    world.log.clear()
    report, _ = run(world)
    assert world.log == ["record", "apply", "prove", f"discard {OLD}", f"discard {NEW}"]
    assert phase_of(report.entry) == "switched"
    assert world.writer == NEW


def test_ctrl_c_says_what_stands(world: World) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    world.on[f"export {OLD}"] = press
    assert stopped(world, kind=Stopped) == f"Stopped.\n{_frozen()}"
    assert Stopped.exit_code == 130


@pytest.mark.parametrize(
    ("action", "resource"), [("update", "procedures-1"), ("replace", "vm-procedures-1"), ("delete", "procedures-old-1")]
)
def test_other_changes_of_the_platforms_are_not_done_on_the_way(world: World, action: str, resource: str) -> None:
    world.entry = Cutover("2025-07-01T00:00:00Z")
    world.foreign = (Change(None, "machine", resource, action, ""),)  # type: ignore[arg-type]
    message = stopped(world, kind=Refused)
    assert message.startswith(
        f"Other changes of these platforms are pending:\n  {action} {resource}\n"
        "  Look at `haicap plan lam-dong`: is this the newest cutovers.lock.yml?\n"
    )
    assert "apply" not in world.log


def test_what_is_shared_and_not_of_the_step_is_left_to_apply(world: World) -> None:
    world.entry = Cutover("2025-07-01T00:00:00Z")
    world.foreign = (Change(None, "hub", "hub1", "update", ""),)
    run(world)
    assert world.writer == NEW


def test_an_apply_that_leaves_something_is_no_step_done(world: World) -> None:
    world.apply = lambda _plan: None  # type: ignore[method-assign]
    assert stopped(world).startswith("After the apply there is still to do: procedures-old-1.\n")


def test_an_export_without_counts_is_not_carried(world: World) -> None:
    world.exported = lambda _side, _key: None  # type: ignore[method-assign]
    assert stopped(world).startswith("procedures-old-1: `data export` left no counts.json in its folder.\n")


def test_an_export_that_is_whole_is_used_again(world: World) -> None:
    world.fail(f"load {NEW}", "no")
    stopped(world)
    world.on.clear()
    world.log.clear()
    run(world)
    assert f"export {OLD}" not in world.log
    assert f"carry {OLD} {NEW}" not in world.log
    assert f"load {NEW}" in world.log


def test_what_each_step_would_change(world: World) -> None:
    found = changes_of(make_job(), world)
    assert {step: [change.resource for change in changes] for step, changes in found.items()} == {
        "freeze": ["procedures-old-1"],
        "switch": ["procedures-1", "zones"],
    }
    assert world.entry is None


def test_no_day_of_retirement_is_said_too(world: World) -> None:
    pair = make_pair()
    dates = pair.old.dates.model_copy(update={"retired": None})
    job = make_job(pair=replace(pair, old=pair.old.model_copy(update={"dates": dates})))
    report = run_cutover(job, world, lambda _line: None)
    assert report.steps[-1].told[0].endswith("read-only, and is retired when platforms.yml says so")
