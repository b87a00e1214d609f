"""Applying a plan with a person watching: each step as it comes, and at the end what was done and what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from haicap.cli import ask, screen
from haicap.cli.progress import Counter
from haicap.errors import Stopped
from haicap.plan.model import Plan
from haicap.report.text import done_word
from haicap.stack.engine import Applied, StepEvent, apply
from haicap.stack.workspace import Workspace


def apply_plan(ws: Workspace, plan: Plan, again: str, approved_by: tuple[str, ...] = (), *, as_json: bool) -> int:
    """Do a plan; `again` is the command that goes on where this one stopped, `approved_by` who has approved it.

    The exit code: 1 if anything failed, 130 after Ctrl-C.
    """
    if not plan.changes:
        _report(ws, plan, Applied(0, (), 0), again, as_json)
        return 0
    with Steps(ask.names_of(ws.inventory), len(plan.changes)) as steps:
        applied = apply(ws, plan, steps.on_event, approved_by)
    _report(ws, plan, applied, again, as_json)
    return Stopped.exit_code if applied.stopped else int(bool(applied.failures))


class Steps(Counter):
    """The engine's steps: a line for each that ends (`quiet`: that failed), and a bar below them on a terminal."""

    def __init__(self, names: Mapping[str, str], total: int, *, quiet: bool = False, title: str = "apply") -> None:
        super().__init__(title, total)
        self._names, self._quiet = names, quiet

    def on_event(self, event: StepEvent) -> None:
        """Show one event."""
        if event.status == "started":
            self.tell(event.resource)
            return
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


def _report(ws: Workspace, plan: Plan, applied: Applied, again: str, as_json: bool) -> None:
    if as_json:
        screen.put_json(_json(ws, plan, applied))
        return
    for failure in () if applied.stopped else applied.failures:
        screen.say(f"{failure.resource} {failure.system}: {failure.cause}")
        if failure.next_step:
            screen.say(f"    {failure.next_step}")
    failed = len(applied.failures)
    if not plan.changes:
        screen.put("Nothing to do.")
    else:
        told = "Stopped: " if applied.stopped or applied.halted else ""
        screen.put(f"{told}{applied.done} done, {failed} failed, {applied.skipped} not begun")
    if applied.halted:
        screen.say(f"{applied.halted}: nothing new was begun. Mend what they have in common first.")
    if failed or applied.stopped:
        screen.say(f"Run `{again}` again: it does only what is left.")


def _json(ws: Workspace, plan: Plan, applied: Applied) -> dict[str, Any]:
    return {
        "format": "haicap.applied/1",
        "province": ws.slug,
        "target": ws.target,
        "plan": plan.digest,
        "done": applied.done,
        "failures": applied.failures,
        "skipped": applied.skipped,
        "stopped": applied.stopped,
        "halted": applied.halted,
    }
