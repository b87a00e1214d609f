"""The restore drill: one mailbox out of the newest snapshot, compared with what was in it when it was taken.

What a snapshot holds, and under which names, is said by the server's own script, /usr/local/lib/haicap/backup.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from haicap.directory.onhost.mailboxes import ROOT

KEY = Path("/etc/haicap/backup.key")
_SAVED = "/var/lib/haicap/backup"
_SERVICE = "haicap-backup.service"
_SCRATCH, _PREFIX = Path("/var/tmp"), "haicap-drill-"  # noqa: S108 - made by mkdtemp
_LOCK = Path("/run/lock/haicap-drill")

Sums = Mapping[str, str]


class Repository:
    """The backups, by restic. OSError with what it said when it does not do it."""

    def __init__(self, place: str, key: Path = KEY) -> None:
        self._environment = {
            **os.environ,
            "RESTIC_REPOSITORY": place,
            "RESTIC_PASSWORD_FILE": str(key),
            "RESTIC_CACHE_DIR": "/var/cache/haicap-backup",
        }

    def newest(self) -> Mapping[str, Any]:
        """The newest snapshot that our script took. ValueError when there is none."""
        found = json.loads(self._restic("snapshots", "--json", "--tag", "haicap")) or []
        if not found:
            raise ValueError("there is no snapshot yet; --backup takes one first")
        return max(found, key=lambda one: datetime.fromisoformat(one["time"]))

    def text(self, snapshot: str, path: str) -> str:
        """One file's text."""
        return self._restic("dump", snapshot, path)

    def restore(self, snapshot: str, path: str, target: Path) -> None:
        """One folder, below `target`; nothing when the snapshot has none."""
        self._restic("restore", snapshot, "--include", path, "--target", str(target))

    def _restic(self, *words: str) -> str:
        ran = subprocess.run(["restic", "--quiet", *words], env=self._environment, capture_output=True, check=False)
        if ran.returncode != 0:
            said = [line for line in ran.stderr.decode(errors="replace").splitlines() if line.strip()]
            hint = "; if there is none yet, --backup makes it" if "Is there a repository" in "".join(said) else ""
            raise OSError(f"restic {words[0]}: {said[0] if said else 'it said nothing'}{hint}")
        return ran.stdout.decode()


@dataclass(frozen=True)
class Difference:
    """How a restored mailbox differs from its manifest; the messages' names. `later` came while the backup ran."""

    missing: Sequence[str]
    changed: Sequence[str]
    extra: Sequence[str]
    later: Sequence[str]


def drill(repository: Repository, numbers: Sequence[str], suffix: str, *, backup: bool) -> Mapping[str, Any]:
    """Restore the fullest mailbox among `numbers`, and tell how it compares; `backup` takes a snapshot first.

    OSError and ValueError when it cannot be done. A `number` of None: none of them held a message.
    """
    if backup:
        _back_up()
    with _scratch() as folder:
        began = time.monotonic()
        snapshot = repository.newest()
        manifest = json.loads(repository.text(snapshot["id"], f"{_SAVED}/manifest.json"))
        number = choose(manifest["mailboxes"], numbers)
        taken = datetime.fromisoformat(snapshot["time"]).astimezone(UTC)
        told = {
            "snapshot": snapshot["short_id"],
            "time": taken.isoformat(timespec="seconds"),
            "age_seconds": round(time.time() - taken.timestamp()),
            "number": number,
        }
        if number is None:
            return told
        expected = manifest["mailboxes"][number]
        repository.restore(snapshot["id"], str(ROOT / number), folder)
        restored = sums_of(folder / str(ROOT / number).lstrip("/") / "Maildir")
        difference = compare(expected, restored, manifest["at"])
        ldif = repository.text(snapshot["id"], f"{_SAVED}/directory.ldif")
        return {
            **told,
            "expected": len(expected),
            "restored": len(restored),
            **vars(difference),
            "entry": has_entry(ldif, f"uid={number},ou=people,{suffix}"),
            "seconds": round(time.monotonic() - began, 1),
        }


def choose(mailboxes: Mapping[str, Sums], numbers: Sequence[str]) -> str | None:
    """Whose mailbox holds most messages; None when none holds any."""
    full = [number for number in sorted(numbers) if mailboxes.get(number)]
    return max(full, key=lambda number: len(mailboxes[number]), default=None)


def compare(expected: Sums, restored: Sums, at: float) -> Difference:
    """What is restored against the manifest of the time `at`. A message's name begins with when it came (Maildir)."""
    extra = sorted(set(restored) - set(expected))
    later = [name for name in extra if _came(name) >= int(at)]
    return Difference(
        missing=sorted(set(expected) - set(restored)),
        changed=sorted(name for name in set(expected) & set(restored) if expected[name] != restored[name]),
        extra=[name for name in extra if name not in later],
        later=later,
    )


def _came(name: str) -> int:
    start = name.rpartition("/")[2].partition(".")[0]
    return int(start) if start.isdecimal() else 0


def sums_of(maildir: Path) -> dict[str, str]:
    """The messages of a Maildir: folder and file name without flags -> SHA-256."""
    sums = {}
    for folder, _, names in os.walk(maildir):
        if Path(folder).name in ("cur", "new"):
            place = Path(folder).parent.relative_to(maildir)
            for name in names:
                with (Path(folder) / name).open("rb") as file:
                    sums[str(place / name.partition(":")[0])] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def has_entry(ldif: str, dn: str) -> bool:
    """Whether an LDIF (RFC 2849; long lines are folded) has an entry of that DN."""
    return f"\ndn: {dn}\n".lower() in f"\n{ldif}".replace("\n ", "").lower()


def _back_up() -> None:
    """Run the server's own backup, and wait for it."""
    ran = subprocess.run(["systemctl", "start", _SERVICE], capture_output=True, check=False)
    if ran.returncode != 0:
        words = ["journalctl", "--no-pager", "-q", "-o", "cat", "-n", "1", "-t", "backup", "-u", _SERVICE]
        said = subprocess.run(words, capture_output=True, check=False).stdout.decode(errors="replace").strip()
        raise OSError(f"the backup failed: {said or 'it said nothing'}; `journalctl -u {_SERVICE}` has more")


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that goes afterwards; what a killed drill left goes first. ValueError while another drill runs."""
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError("another drill is running on this server") from None
        for left in _SCRATCH.glob(f"{_PREFIX}*"):
            shutil.rmtree(left)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_SCRATCH))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
