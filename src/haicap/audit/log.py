"""The log on disk. Many processes may append at once: each holds the folder's lock for one event."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from haicap.audit import disk
from haicap.audit.clock import read_clock, text_of, told
from haicap.audit.event import FIRST, Event, Kind, is_whole, line_of, parse, plain
from haicap.audit.folder import last_segment, personal_name, read_files, segment_name, torn_name
from haicap.audit.personal import PERSONAL, Opening, seal
from haicap.audit.verify import Verdict, verify
from haicap.canonical import Json, digest_of_bytes
from haicap.errors import Refused
from haicap.files import replace_file

SEGMENT_BYTES = 5 << 20
_LOCK, _RESERVE, _IGNORE = ".lock", ".reserve", ".gitignore"


@dataclass(frozen=True)
class _End:
    """Where the next line goes: the segment's number and bytes, and the line before."""

    segment: int = 1
    size: int = 0
    last: Event | None = None

    @property
    def seq(self) -> int:
        """The next line's number."""
        return self.last.seq + 1 if self.last else 1


@dataclass(frozen=True)
class Log:
    """A log in a folder, which is made by the first event. `personal` are the names of fields whose values can be
    redacted; `principal` is who works here, as a claim."""

    folder: Path
    personal: Collection[str] = PERSONAL
    principal: str = ""
    segment_bytes: int = SEGMENT_BYTES

    @classmethod
    def open(cls, folder: Path, *, personal: Collection[str] = PERSONAL, principal: str = "") -> Log:
        """The log in a folder."""
        return cls(folder, personal, principal)

    def append(self, kind: Kind, /, **fields: Json) -> Event:
        """Write an event; when this returns, it is on the disk.

        Fields are text, whole numbers, lists and mappings. HaicapError when there is no room, Refused when the last
        line is not what it was; nothing is written then.
        """
        with self._held():
            return self._append(kind, fields)

    def verdict(self) -> Verdict:
        """What is wrong with the log, and all its events. It reads, and writes nothing."""
        with disk.still(self.folder / _LOCK):
            files = read_files(self.folder)
        return verify(files)

    def events(self) -> tuple[Event, ...]:
        """All events. Refused when the chain is broken: then nothing in it can be relied on."""
        verdict = self.verdict()
        if verdict.broken:
            more = f", and {len(verdict.broken) - 1} more" if len(verdict.broken) > 1 else ""
            raise Refused(f"{self.folder}: the log is not as it was written: {verdict.broken[0]}{more}.\n{_WAY_OUT}")
        return verdict.events

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Keep so many bytes for what will be logged, until the block ends. HaicapError when there is no such room."""
        self._make_folder()
        with disk.reserved(self.folder / _RESERVE, size):
            yield

    def redact(self, before: date, reason: str) -> int:
        """Take out what is personal in all events before a day (UTC). How many values; 0 writes no event."""
        with self._held():
            files = read_files(self.folder)
            verdict = verify(files)
            if verdict.broken:
                raise Refused(f"{self.folder}: {verdict.broken[0]}. Nothing was redacted.\n{_WAY_OUT}")
            last = max((event.seq for event in verdict.sealed if event.at < before.isoformat()), default=0)
            openings = {name: _openings(raw) for name, raw in files.personal.items()}
            gone = sum(one.seq <= last for own in openings.values() for one in own)
            if not gone:
                return 0
            # The event comes first: after a crash the log says what was to be taken out, and this can be run again.
            self._append("redaction", {"before": before.isoformat(), "last": last, "values": gone, "reason": reason})
            for name in openings:
                self._keep_openings(self.folder / name, after=last)
        return gone

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._make_folder()
        with disk.held(self.folder / _LOCK):
            yield

    def _make_folder(self) -> None:
        """The folder with nothing of it in git: what is personal must not be where it can't be taken out again."""
        if not (self.folder / _IGNORE).exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.folder / _IGNORE).write_text("*\n", encoding="ascii")

    def _append(self, kind: Kind, fields: Json) -> Event:
        end = self._end()
        if end.size >= self.segment_bytes:
            end = self._rotate(end)
        event, line, openings = self._made(end, kind, fields)
        segment = self.folder / segment_name(end.segment)
        beside = b"".join(one.line for one in openings)
        writes = [(self.folder / personal_name(segment.name), beside)] if beside else []
        disk.append_all([*writes, (segment, line)])
        return event

    def _made(self, end: _End, kind: Kind, fields: Json) -> tuple[Event, bytes, tuple[Opening, ...]]:
        now, last = read_clock(), end.last
        account, host = getpass.getuser(), socket.gethostname()
        said = {"who": {"principal": self.principal or account, "account": account, "host": host}, "fields": fields}
        sealed, openings = seal(plain(said), end.seq, self.personal)
        body = {
            "seq": end.seq,
            "at": text_of(now.at),
            "clock": told(now, last.at if last else None, last.clock if last else {}),
            **sealed,
            "kind": kind,
            "prev": last.hash if last else FIRST,
        }
        line = line_of(body)
        return parse(line[:-1]), line, openings

    def _end(self) -> _End:
        """Where the next line goes; what a crash left of one is set aside first. Refused when the last is damaged."""
        number = last_segment(self.folder)
        if not number:
            return _End()
        path = self.folder / segment_name(number)
        raw = path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        end = _End(number, len(whole), self._last(whole, path))
        torn, orphans = raw[len(whole) :], self._orphans(path, end.seq)
        return self._mend(path, whole, torn, end) if torn or orphans else end

    def _last(self, whole: bytes, path: Path) -> Event | None:
        if not whole and path.name == segment_name(1):
            return None
        try:
            last = parse(whole[whole.rfind(b"\n", 0, -1) + 1 : -1])
        except ValueError:
            last = None
        if last is None or not is_whole(last):
            raise Refused(f"{path}: the last line is not as it was written. Nothing was logged, nor done.\n{_WAY_OUT}")
        return last

    def _orphans(self, segment: Path, seq: int) -> bool:
        """Whether there are openings of a line that was not written."""
        path = segment.with_name(personal_name(segment.name))
        raw = path.read_bytes() if path.exists() else b""
        if not raw.endswith(b"\n"):
            return bool(raw)
        return any(one.seq >= seq for one in _openings(raw[raw.rfind(b"\n", 0, -1) + 1 :]))

    def _mend(self, path: Path, whole: bytes, torn: bytes, end: _End) -> _End:
        """Set a torn line aside, and say so in the log: both at once, so that a crash here changes nothing."""
        name = torn_name(end.seq)
        replace_file(self.folder / name, torn)
        self._keep_openings(path.with_name(personal_name(path.name)), before=end.seq)
        fields = {"file": name, "bytes": len(torn), "digest": digest_of_bytes(torn)}
        event, line, openings = self._made(end, "recovery", fields)
        beside = b"".join(one.line for one in openings)
        if beside:
            disk.append_all([(path.with_name(personal_name(path.name)), beside)])
        replace_file(path, whole + line)
        return _End(end.segment, len(whole) + len(line), event)

    def _rotate(self, end: _End) -> _End:
        """Begin the next segment with a line that names the last one's end."""
        assert end.last is not None  # noqa: S101 - a segment that is full has a line
        name = segment_name(end.segment + 1)
        fields = {"segment": segment_name(end.segment), "last": end.last.seq, "hash": end.last.hash}
        event, line, openings = self._made(end, "rotation", fields)
        replace_file(self.folder / personal_name(name), b"".join(one.line for one in openings))
        replace_file(self.folder / name, line)
        return _End(end.segment + 1, len(line), event)

    def _keep_openings(self, path: Path, *, after: int = 0, before: int | None = None) -> None:
        """Keep only the openings of lines after and before a number; what is torn goes."""
        if not path.exists():
            return
        raw = path.read_bytes()
        own = _openings(raw[: raw.rfind(b"\n") + 1])
        kept = [one for one in own if one.seq > after and (before is None or one.seq < before)]
        if kept:
            replace_file(path, b"".join(one.line for one in kept))
        else:
            path.unlink()


_WAY_OUT = (
    "`haicap log verify` says which lines. Keep the folder as it is for whoever watches over it, under another name: "
    "a new log then begins."
)


def _openings(raw: bytes) -> list[Opening]:
    """The openings in a file; a line that is none is left out, and is a finding of `verify`."""
    found = []
    for line in raw.splitlines():
        try:
            found.append(Opening.parse(line))
        except ValueError:
            continue
    return found
