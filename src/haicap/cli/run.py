"""Applying a plan with a person watching: each step as it comes, and at the end what was done and what was not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from haicap.cli import ask, screen
from haicap.cli.progress import Counter
from haicap.errors import Stopped
from haicap.plan.applied import AppliedResult
from haicap.plan.left import done_before
from haicap.plan.model import Plan, dump
from haicap.plan.moment import now
from haicap.report.text import done_word
from haicap.stack.engine import Applied, StepEvent, apply
from haicap.stack.making import principal
from haicap.stack.workspace import Workspace


def apply_plan(
    ws: Workspace,
    plan: Plan,
    again: str,
    approved_by: tuple[str, ...] = (),
    left: Plan | None = None,
    *,
    as_json: bool,
    file: Path | None = None,
) -> int:
    """Do a plan, or what is `left` of it; `again` is the command that goes on where this one stopped, `approved_by` who
    has approved it, `file` where the result goes, which is of the whole plan.

    The exit code: 1 if anything failed, 130 after Ctrl-C.
    """
    begun, applied, left = now(), Applied(0, (), 0), left or plan
    before = done_before(plan, left)
    if before:
        screen.say(f"{len(before)} of {screen.count(len(plan.changes), 'change')} were done before.")
    steps = Steps(ask.names_of(ws.inventory), len(left.changes))
    if left.changes:
        with steps:
            applied = apply(ws, plan, steps.on_event, approved_by, left)
    done = steps.done | {change.resource for change in before}
    result = _result(ws, plan, replace(applied, done=applied.done + len(before)), done, begun)
    if file is not None:
        screen.write(file, dump(result.to_json()))
    _report(result, plan, again, as_json)
    return Stopped.exit_code if applied.stopped else int(bool(applied.failures))


class Steps(Counter):
    """The engine's steps: a line for each that ends (`quiet`: that failed), and a bar below them on a terminal. `done`
    are the resources that are."""

    def __init__(self, names: Mapping[str, str], total: int, *, quiet: bool = False, title: str = "apply") -> None:
        super().__init__(title, total)
        self._names, self._quiet = names, quiet
        self.done: set[str] = set()

    def on_event(self, event: StepEvent) -> None:
        """Show one event."""
        if event.status == "started":
            self.tell(event.resource)
            return
        (self.done.add if event.status == "done" else self.done.discard)(event.resource)
        if event.status == "failed" or not self._quiet:
            self._say(event)
        self.step()

    def _say(self, event: StepEvent) -> None:
        mark, style = ("✓", "green") if event.status == "done" else ("✗", "red")
        words = done_word(event.action) if event.status == "done" else f"{event.action} failed"
        name = self._names.get(event.unit or "", "")
        told = f"{mark} {event.resource} {event.system} {words} {event.seconds:.1f} s"
        self.line(f"{told}  {name}".rstrip(), style)
        if event.text and event.status == "failed":
            self.line(f"    {event.text}")


def _result(ws: Workspace, plan: Plan, applied: Applied, done: Collection[str], begun: str) -> AppliedResult:
    """What came of it, by unit too."""
    units: dict[str, dict[str, int]] = {}
    failed = {failure.resource for failure in applied.failures}
    for change in plan.changes:
        if change.unit is not None:
            counts = units.setdefault(change.unit, {"done": 0, "failed": 0})
            counts["failed"] += change.resource in failed
            counts["done"] += change.resource in done and change.resource not in failed
    return AppliedResult(
        province=ws.slug,
        target=ws.target,
        plan=plan.digest,
        by=principal(ws),
        begun=begun,
        ended=now(),
        done=applied.done,
        failed=len(applied.failures),
        skipped=applied.skipped,
        stopped=applied.stopped,
        halted=applied.halted,
        units=dict(sorted(units.items())),
        failures=applied.failures,
    )


def _report(result: AppliedResult, plan: Plan, again: str, as_json: bool) -> None:
    if as_json:
        screen.put_json(result.to_json())
        return
    for failure in () if result.stopped else result.failures:
        screen.say(f"{failure.resource} {failure.system}: {failure.cause}")
        if failure.next_step:
            screen.say(f"    {failure.next_step}")
    if not plan.changes:
        screen.put("Nothing to do.")
    else:
        told = "Stopped: " if result.stopped or result.halted else ""
        screen.put(f"{told}{result.done} done, {result.failed} failed, {result.skipped} not begun")
    if result.halted:
        screen.say(f"{result.halted}: nothing new was begun. Mend what they have in common first.")
    if result.failed or result.stopped:
        screen.say(f"Run `{again}` again: it does only what is left.")
