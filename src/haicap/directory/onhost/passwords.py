"""First passwords: made here, hashed here, and sealed to a unit's officers with age before anything is set.

A sealed file is written before its passwords are set, as `.pending`, and gets its name after: a run that is killed in
between leaves a pending file, and the next run knows by the directory whether any of it counts. Who has no password yet
is then in a later file, and the latest counts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path("/var/lib/haicap/sealed")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another: 31 of them, 4.95 bits each
_GROUPS, _GROUP = 4, 5
_PENDING, _SEALED = ".pending", ".age"


def make_password() -> str:
    """Twenty random characters, 99 bits, in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def hash_password(password: str) -> str:
    """`{SSHA512}...` (slapd-pw-sha2(5)). Fast on purpose: 99 random bits need no slow hash; slapd gives people's own
    passwords a slow one."""
    salt = os.urandom(16)
    return "{SSHA512}" + base64.b64encode(hashlib.sha512(password.encode() + salt).digest() + salt).decode()


class Sealer:
    """Seals the passwords of one unit. `text` makes what the officers read, from names and passwords."""

    def __init__(self, unit: str, officers: Sequence[str], folder: Path = FOLDER) -> None:
        self._unit, self._officers, self._folder = unit, officers, folder

    def seal(self, numbers: Sequence[str], text: str) -> Path:
        """The pending file, on disk. OSError and CalledProcessError when that cannot be."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        recipients = [word for officer in self._officers for word in ("-r", officer)]
        ran = subprocess.run(["age", "-a", *recipients], input=text.encode(), capture_output=True, check=False)
        if ran.returncode != 0:
            raise OSError(f"age cannot seal: {ran.stderr.decode(errors='replace').strip()}")
        path = self._folder / f"{self._unit}-{stamp}{_PENDING}"
        _write(path, json.dumps({"numbers": list(numbers), "sealed": ran.stdout.decode()}))
        return path

    def settle(self, any_password: Callable[[Sequence[str]], bool]) -> None:
        """Finish what a killed run left: the file counts if a password of its people was set."""
        for path in sorted(self._folder.glob(f"{self._unit}-*{_PENDING}")):
            if any_password(json.loads(path.read_text())["numbers"]):
                self.confirm(path)
            else:
                path.unlink()

    def confirm(self, pending: Path) -> None:
        """The passwords are set: the file is to be handed over."""
        _write(pending.with_suffix(_SEALED), json.loads(pending.read_text())["sealed"])
        pending.unlink()

    def waiting(self) -> Mapping[str, str]:
        """The sealed files that nobody has fetched yet, by name."""
        return {path.name: path.read_text() for path in sorted(self._folder.glob(f"{self._unit}-*{_SEALED}"))}


def collected(names: Sequence[str], folder: Path = FOLDER) -> None:
    """Forget sealed files that have been fetched."""
    for name in names:
        (folder / Path(name).name).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
