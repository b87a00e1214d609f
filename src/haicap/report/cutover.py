"""A cut-over's steps as lines of text, and as rows for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from haicap.lifecycle.cutover import STEPS, StepName, phase_of, takes
from haicap.plan.model import Change, Json
from haicap.plan.wording import few
from haicap.report.text import Line
from haicap.stack.cutover_job import Job

Changes = Mapping[StepName, Sequence[Change]]


def step_lines(job: Job, changes: Changes) -> Iterator[Line]:
    """Each step with its time from the start on, and where the easy way back ends."""
    planned = job.pair.old.dates.frozen
    day = f", planned for {planned}" if planned and job.direction == "forward" and job.entry is None else ""
    yield Line(f"{job.source.platform} to {job.target.platform}, {job.province}: {phase_of(job.entry)}{day}", "place")
    begins = 0
    for number, step in enumerate(job.steps, 1):
        given, seconds = STEPS[step], takes(step, job.gib)
        yield Line("")
        yield Line(f"{number} {step:8} +{_time(begins)}  takes {_time(seconds)}{_bound(step)}", "place")
        yield Line(f"    does   {job.words(given.does)}")
        yield from (Line(f"           {line}") for line in _changed(changes.get(step, ())))
        if given.needs:
            yield Line(f"    needs  {job.words(given.needs)}")
        yield Line(f"    users  {job.words(given.users)}")
        if step == "carry":
            yield Line("")
            yield Line(f"--- {_point(job)}", "update")
        begins += seconds
    if read_only := _read_only(job):
        yield Line("")
        yield Line(f"Nothing takes changes for about {_time(read_only)}; in all {_time(begins)}.")


def step_rows(job: Job, changes: Changes) -> list[dict[str, Json]]:
    """The same for programs."""
    return [
        {
            "step": step,
            "does": job.words(STEPS[step].does),
            "needs": job.words(STEPS[step].needs),
            "users": job.words(STEPS[step].users),
            "seconds": takes(step, job.gib),
            "changes": list(_changed(changes.get(step, ()))),
        }
        for step in job.steps
    ]


def _point(job: Job) -> str:
    """Where the easy way back ends."""
    if job.direction == "back":
        again = job.command("forward")
        return f"until here `{again}` undoes it at once; from here on that is another cut-over, with all its steps"
    until = f"for {job.pair.new.rollback_days} days"
    return f"until here `{job.command('back')}` undoes it at once; from here on it carries the data back, {until}"


def _read_only(job: Job) -> int:
    """About how many seconds no platform takes changes."""
    frozen = [step for step in job.steps if step in ("save", "carry", "switch")]
    return sum(takes(step, job.gib) for step in frozen) if "carry" in frozen else 0


def _bound(step: StepName) -> str:
    return " at most" if STEPS[step].seconds_per_gib else ""


def _time(seconds: int) -> str:
    """`2:30`, `1:02:30`."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _changed(changes: Sequence[Change]) -> Iterator[str]:
    """What an apply would change, a line a resource."""
    for change in changes:
        paths = dict.fromkeys(_place(difference.path) for difference in change.diff)
        yield f"{change.action} {change.resource}: {few(list(paths))}"


def _place(path: Sequence[str]) -> str:
    return path[1] if len(path) > 1 and path[0] in ("files", "zones") else ".".join(path)
