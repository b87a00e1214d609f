"""Hold a log against itself: what was changed, removed, moved or added, and where. Pure, over the bytes of its files.

A chain shows every change in its middle. It can't show that its end was cut off, nor that all of it was written anew:
for that a signed head is kept apart (`haicap.audit.head`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from haicap.audit.event import FIRST, Event, is_whole, parse
from haicap.audit.folder import Files, personal_name, segment_name
from haicap.audit.personal import Opening, commits_in, unseal
from haicap.canonical import digest_of_bytes

_STILL_HERE = "the value was to be redacted, and is still here: run `haicap log redact` again"


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was written. `place` is file and line, `000001.jsonl:17`."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Verdict:
    """What came of it. `sealed` are the events as they are in the chain, `events` with their personal values opened.

    `redacted` is how many values were taken out by a redaction. `unfinished` are the faults that a power cut may leave:
    the next event sets a torn line aside, the next redaction takes out what is left.
    """

    faults: tuple[Fault, ...] = ()
    sealed: tuple[Event, ...] = ()
    events: tuple[Event, ...] = ()
    redacted: int = 0
    segments: int = 0
    unfinished: tuple[Fault, ...] = ()

    @property
    def broken(self) -> tuple[Fault, ...]:
        """The faults that no crash explains."""
        return tuple(fault for fault in self.faults if fault not in self.unfinished)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is no fault, and ought to be known: clocks that were set, lines that were set aside."""
        clocks = (f"{one.place}: the clock was {one.clock['note']}" for one in self.sealed if "note" in one.clock)
        mended = (
            f"{one.place}: a line that was not wholly written was set aside, see {one.fields.get('file')}"
            for one in self.sealed
            if one.kind == "recovery"
        )
        return (*clocks, *mended)


def verify(files: Files) -> Verdict:
    """Everything that can be said of a log from its own files."""
    chain = _Chain()
    for number, (name, raw) in enumerate(files.segments.items(), 1):
        chain.begin(number, name)
        chain.read(name, raw, last=number == len(files.segments))
    openings = _Openings(tuple(chain.events))
    for name, raw in files.personal.items():
        openings.read(name, raw)
    redacted = openings.redacted()
    faults = (*chain.faults, *openings.faults, *_torn_faults(chain.events, files.torn))
    opened = tuple(_opened(event, openings.found) for event in chain.events)
    unfinished = (*chain.unfinished, *openings.unfinished)
    return Verdict(faults, tuple(chain.events), opened, redacted, len(files.segments), unfinished)


class _Chain:
    """Follows the lines, one after another."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.faults: list[Fault] = []
        self.unfinished: list[Fault] = []
        self._seq, self._hash, self._trusted, self._number = 0, FIRST, True, 0

    def begin(self, number: int, name: str) -> None:
        """A segment begins: none may be left out before it."""
        self._number += 1
        if name != segment_name(self._number):
            self.faults.append(Fault(name, f"{segment_name(self._number)} is missing before it"))
            self._number = int(name[:6])

    def read(self, name: str, raw: bytes, *, last: bool) -> None:
        """All lines of a segment."""
        *lines, rest = raw.split(b"\n")
        if not lines and not rest:
            self.faults.append(Fault(name, "it is empty: its lines are missing"))
        for number, line in enumerate(lines, 1):
            self._line(line, f"{name}:{number}", first=number == 1 and name != segment_name(1))
        if rest:
            fault = Fault(f"{name}:{len(lines) + 1}", "the line is not whole: it was cut off, or never wholly written")
            self.faults.append(fault)
            if last:
                self.unfinished.append(fault)

    def _line(self, line: bytes, place: str, *, first: bool) -> None:
        try:
            event = parse(line, place)
        except (ValueError, RecursionError):
            self._changed(place, "the line was changed: it is not as haicap writes one")
            return
        if not is_whole(event):
            self._changed(place, "the line was changed: its hash is not that of its content")
            return
        if reason := self._misplaced(event):
            self.faults.append(Fault(place, reason))
        elif first and (event.kind != "rotation" or event.fields.get("hash") != event.prev):
            self.faults.append(Fault(place, "a segment begins with what ties it to the one before, and this does not"))
        self.events.append(event)
        self._seq, self._hash, self._trusted = event.seq, event.hash, True

    def _changed(self, place: str, reason: str) -> None:
        self.faults.append(Fault(place, reason))
        self._seq, self._trusted = self._seq + 1, False

    def _misplaced(self, event: Event) -> str | None:
        """Why a line that is whole does not stand where it was written. After a changed line only the number counts."""
        due = self._seq + 1
        if event.seq > due:
            gone = f"line {due} was" if event.seq == due + 1 else f"lines {due} to {event.seq - 1} were"
            return f"{gone} removed, or moved, from before this one, which is number {event.seq}"
        if event.seq < due:
            return f"number {event.seq} stands after number {self._seq}: it was moved here, or added"
        if self._trusted and event.prev != self._hash:
            return f"it does not follow from the line before: number {self._seq} was put there in place of another"
        return None


class _Openings:
    """Holds the values kept beside the log against what the lines commit to."""

    def __init__(self, events: tuple[Event, ...]) -> None:
        self.found: dict[str, Opening] = {}
        self.faults: list[Fault] = []
        self.unfinished: list[Fault] = []
        self._commits = {commit: event for event in events for commit in commits_in([event.who, event.fields])}
        self._end = events[-1].seq if events else 0
        redactions = [event.fields.get("last", 0) for event in events if event.kind == "redaction"]
        self._redacted = max((last for last in redactions if isinstance(last, int)), default=0)

    def read(self, name: str, raw: bytes) -> None:
        """All openings of a file."""
        *lines, rest = raw.split(b"\n")
        for number, line in enumerate(lines, 1):
            place = f"{name}:{number}"
            try:
                opening = Opening.parse(line)
            except (ValueError, RecursionError):
                self.faults.append(Fault(place, "the value was changed: it is not as haicap writes one"))
                continue
            if reason := self._wrong(opening, name):
                crash = opening.seq == self._end + 1 or reason == _STILL_HERE
                self._add(Fault(place, reason), crash=crash)
            else:
                self.found[opening.commit] = opening
        if rest:
            self._add(Fault(f"{name}:{len(lines) + 1}", "the value is not whole"), crash=True)

    def redacted(self) -> int:
        """How many values were taken out; those that are missing without a redaction are faults."""
        missing = {commit: event for commit, event in self._commits.items() if commit not in self.found}
        told = {fault.place for fault in self.faults}
        for event in missing.values():
            if event.seq > self._redacted:
                beside = personal_name(event.place)
                hint = "; see above" if any(place.startswith(beside) for place in told) else ""
                self.faults.append(Fault(event.place, f"a value of it is missing, and no redaction took it{hint}"))
        return sum(event.seq <= self._redacted for event in missing.values())

    def _wrong(self, opening: Opening, name: str) -> str | None:
        event = self._commits.get(opening.commit)
        if event is None:
            return "the value was added, or changed: no line commits to it"
        if not opening.matches or opening.seq != event.seq or personal_name(event.place) != name:
            return f"the value was changed: it is not what {event.place} commits to"
        if opening.commit in self.found:
            return "the value stands here twice"
        if opening.seq <= self._redacted:
            return _STILL_HERE
        return None

    def _add(self, fault: Fault, *, crash: bool) -> None:
        self.faults.append(fault)
        if crash:
            self.unfinished.append(fault)


def _torn_faults(events: list[Event], torn: Mapping[str, bytes]) -> Iterator[Fault]:
    """What was set aside must be there as it was."""
    for event in events:
        if event.kind == "recovery":
            name = str(event.fields.get("file"))
            if name not in torn:
                yield Fault(event.place, f"{name}, which it set aside, is missing")
            elif digest_of_bytes(torn[name]) != event.fields.get("digest"):
                yield Fault(name, f"it was changed since {event.place} set it aside")


def _opened(event: Event, openings: Mapping[str, Opening]) -> Event:
    return replace(event, who=unseal(event.who, openings), fields=unseal(event.fields, openings))
