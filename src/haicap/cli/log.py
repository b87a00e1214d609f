"""`haicap log`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import click

from haicap.audit.event import KINDS, Event
from haicap.audit.head import SignedHead, hold, read_heads, sign_head
from haicap.audit.reading import of_unit, unended
from haicap.audit.verify import Fault, Verdict
from haicap.cli import ask, options, screen
from haicap.errors import HaicapError, Refused
from haicap.files import replace_file
from haicap.report.events import told, when
from haicap.signing.allowed import read_allowed
from haicap.stack.notes import add_note, read_notes
from haicap.stack.record import log_of
from haicap.stack.workspace import Target, Workspace


class _Log(click.Group):
    """`haicap log` alone shows the log: `show` need not be said."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        said = args[0] if args else ""
        known = said in self.commands or said in ctx.help_option_names
        return super().parse_args(ctx, args if known else ["show", *args])


@click.group("log", cls=_Log, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """What was planned, applied, inspected, by whom and when; and whether the log is as it was written.

    \b
    Example:
      haicap log lam-dong --since 2025-07-01
      haicap log verify lam-dong
    """


@command.command("show")
@options.province
@click.option("--since", metavar="DATE", type=options.Day(), help="Only events of that day (UTC) and after it.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these; may be given again.")
@click.option("--unit", metavar="CODE", help="Only what touches this unit, by code or name.")
@options.target
@options.as_json
@click.pass_obj
def show(
    directory: Path,
    province: str | None,
    since: date | None,
    kinds: tuple[str, ...],
    unit: str | None,
    target: Target | None,
    as_json: bool,
) -> int:
    """The events, oldest first. `haicap log` alone is the same. Exit code 3 when the log is not as it was written.

    \b
    Example:
      haicap log lam-dong --kind apply-ended
      haicap log show lam-dong --unit 24958 --since 2025-07-01
    """
    ws = ask.workspace(directory, province, target)
    verdict = log_of(ws).verdict()
    events: Sequence[Event] = verdict.events
    if unit is not None:
        events = of_unit(events, ask.find_unit(ws.inventory, unit).code)
    events = [one for one in events if _is_meant(one, since, kinds)]
    if as_json:
        screen.put_json({"format": "haicap.log/1", "province": ws.slug, "target": ws.target, "events": events})
    else:
        _show(ws, events, verdict)
    return _told_faults(ws, verdict.broken)


@command.command("verify")
@options.province
@click.option("--head", "heads", metavar="FILE", multiple=True, type=click.Path(path_type=Path), help="Signed heads.")
@click.option("--git-note", is_flag=True, help="The heads in this repository's notes.")
@click.option(
    "--keys", metavar="FILE", type=click.Path(path_type=Path), help="Who may sign, as in OpenSSH's allowed_signers."
)
@options.target
@options.as_json
@click.pass_obj
def verify(
    directory: Path,
    province: str | None,
    heads: tuple[Path, ...],
    git_note: bool,
    keys: Path | None,
    target: Target | None,
    as_json: bool,
) -> int:
    """Find every line that was changed, removed, moved or added. Exit code 3 when there is one.

    That its end was cut off, or all of it written anew, can only be seen by a head that was signed before, and is kept
    where nobody can change it who can change the log.

    \b
    Example:
      haicap log verify lam-dong
      haicap log verify lam-dong --head /media/usb/lam-dong.head --keys allowed_signers
    """
    ws = ask.workspace(directory, province, target)
    if (heads or git_note) and keys is None:
        raise click.UsageError(
            "Whose heads? --keys FILE says who may sign, a line each: `PRINCIPAL ssh-ed25519 AAAA...`."
        )
    signed = _heads(ws, heads, git_note, keys) if keys is not None else ()
    verdict = log_of(ws).verdict()
    faults = (*verdict.faults, *hold(verdict.sealed, signed))
    if as_json:
        screen.put_json(_verdict_json(ws, verdict, signed, faults))
    else:
        _show_verdict(verdict, signed, faults)
    return 3 if faults else 0


@command.command("head")
@options.province
@click.option("--key", metavar="FILE", required=True, type=click.Path(path_type=Path), help="The SSH key that signs.")
@click.option("-o", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Add it to a file.")
@click.option("--git-note", is_flag=True, help="Add it to the notes of HEAD, under refs/notes/haicap-log.")
@options.target
@options.as_json
@click.pass_obj
def head(
    directory: Path,
    province: str | None,
    key: Path,
    file: Path | None,
    git_note: bool,
    target: Target | None,
    as_json: bool,
) -> None:
    """Sign the log's last line. Keep it where nobody can change it who can change the log.

    \b
    Example:
      haicap log head lam-dong --key ~/.ssh/id_ed25519 -o /media/usb/lam-dong.head
      haicap log head lam-dong --key ~/.ssh/id_ed25519 --git-note
    """
    ws = ask.workspace(directory, province, target)
    line = sign_head(log_of(ws).events(), ws.slug, ws.target, key)
    if file is not None:
        _add(file, line)
        screen.say(f"added to {file}")
    if git_note:
        commit = add_note(ws, line)
        screen.say(f"added to the note of {commit[:12]}; now `git push origin refs/notes/haicap-log`")
    if as_json or (file is None and not git_note):
        click.echo(line, nl=False)


@command.command("redact")
@options.province
@click.option("--before", metavar="DATE", type=options.Day(), help="All before that day; else as long as policy says.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; it is logged.")
@options.yes
@options.target
@options.as_json
@click.pass_obj
def redact(
    directory: Path,
    province: str | None,
    before: date | None,
    reason: str,
    yes: bool,
    target: Target | None,
    as_json: bool,
) -> None:
    """Take out for good what is personal in old events. The chain stays as it is, and can be verified.

    What is personal, and for how long it is kept, is in province.yml (`audit`).

    \b
    Example:
      haicap log redact lam-dong --reason "five years are over"
      haicap log redact lam-dong --before 2026-01-01 --reason "asked for by the data protection officer"
    """
    ask.ensure_answerable(yes=yes, as_json=as_json)
    ws = ask.workspace(directory, province, target)
    kept = date.today() - timedelta(days=ws.inventory.province.audit.keep_days)
    until = before or kept
    if not ask.confirm(f"Take out for good what is personal in all events before {until}?", yes=yes):
        raise Refused("Nothing was redacted.")
    values = log_of(ws).redact(until, reason)
    if as_json:
        screen.put_json({"format": "haicap.log-redact/1", "province": ws.slug, "before": until, "values": values})
    else:
        screen.put(f"{screen.count(values, 'value')} of before {until} redacted")


def _is_meant(event: Event, since: date | None, kinds: Sequence[str]) -> bool:
    return (since is None or event.at >= since.isoformat()) and (not kinds or event.kind in kinds)


def _show(ws: Workspace, events: Sequence[Event], verdict: Verdict) -> None:
    if not events:
        screen.put(f"Nothing of that is in the log of {ws.slug}.")
        return
    open_ends = {event.seq for event in unended(verdict.events)}
    rows = ((str(one.seq), when(one), one.kind, str(one.who["principal"]), told(one, open_ends)) for one in events)
    screen.table(("no", "when (UTC)", "what", "who", ""), rows)


def _told_faults(ws: Workspace, faults: Sequence[Fault]) -> int:
    for fault in faults[:1]:
        screen.say(f"The log is not as it was written: {fault}. `haicap log verify {ws.slug}` shows all.")
    return 3 if faults else 0


def _heads(ws: Workspace, files: Sequence[Path], git_note: bool, keys: Path) -> tuple[SignedHead, ...]:
    """The heads of this log. Refused when a file has none, or one that is not as it was signed."""
    found, signers = list[SignedHead](), read_allowed(keys)
    for file in files:
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise HaicapError(f"{file}: {error.strerror}. `haicap log head -o {file}` writes one.") from error
        found += _own(ws, read_heads(text, signers, str(file)), str(file))
    if git_note:
        found += _own(ws, read_heads(read_notes(ws), signers, "refs/notes/haicap-log"), "refs/notes/haicap-log")
    return tuple(found)


def _own(ws: Workspace, heads: Sequence[SignedHead], where: str) -> list[SignedHead]:
    own = [one for one in heads if (one.head.province, one.head.target) == (ws.slug, ws.target)]
    if not own:
        raise Refused(f"{where}: there is no head of the log of {ws.slug}, {ws.target}, in it.")
    return own


def _show_verdict(verdict: Verdict, signed: Sequence[SignedHead], faults: Sequence[Fault]) -> None:
    for fault in faults:
        screen.put(f"✗ {fault}", "bold red")
    for note in verdict.notes:
        screen.put(f"! {note}", "yellow")
    lines, segments = screen.count(len(verdict.sealed), "line"), screen.count(verdict.segments, "segment")
    taken = f", {screen.count(verdict.redacted, 'value')} redacted" if verdict.redacted else ""
    screen.put(f"{lines} in {segments}{taken}: " + (f"{len(faults)} not as written" if faults else "all as written"))
    if signed:
        newest = max(signed, key=lambda one: one.head.seq)
        heads = screen.count(len(signed), "head")
        screen.put(f"held against {heads}; the newest is of line {newest.head.seq}, by {newest.signer}")
    elif not faults:
        screen.say("Whether its end was cut off is not known: `haicap log head` signs one to hold it against.")


def _verdict_json(
    ws: Workspace, verdict: Verdict, signed: Sequence[SignedHead], faults: Sequence[Fault]
) -> dict[str, object]:
    return {
        "format": "haicap.log-verify/1",
        "province": ws.slug,
        "target": ws.target,
        "ok": not faults,
        "lines": len(verdict.sealed),
        "segments": verdict.segments,
        "redacted": verdict.redacted,
        "last": verdict.sealed[-1].hash if verdict.sealed else None,
        "heads": [{"seq": one.head.seq, "at": one.head.at, "signer": one.signer} for one in signed],
        "faults": faults,
        "notes": verdict.notes,
    }


def _add(file: Path, line: str) -> None:
    """One line more in a file of heads, which is replaced whole."""
    before = file.read_bytes() if file.exists() else b""
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, before + line.encode())
