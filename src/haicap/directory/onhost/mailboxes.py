"""Folders of mail, one a person, by staff number: counted, exported, deleted."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path("/var/mail/haicap")
ARCHIVE = Path("/var/lib/haicap/archive")


class Mailboxes:
    """All mailboxes of a server."""

    def __init__(self, root: Path = ROOT, archive: Path = ARCHIVE) -> None:
        self._root, self._archive = root, archive

    def messages(self, number: str) -> int:
        """How many messages a mailbox holds."""
        return sum(1 for path in self.folder(number).glob("Maildir/**/*") if path.parent.name in ("cur", "new"))

    def folder(self, number: str) -> Path:
        """Where a mailbox is, or would be."""
        return self._root / Path(number).name

    def export(self, number: str) -> None:
        """Keep a copy with its checksum beside it, `<number>.tar.gz` and `.sha256`; an export that is there stays."""
        path = self._archive / f"{Path(number).name}.tar.gz"
        if path.with_suffix(".gz.sha256").exists() or not self.folder(number).exists():
            return
        self._archive.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f".{path.name}.new")
        subprocess.run(
            ["tar", "-C", str(self._root), "--sort=name", "-czf", str(new), Path(number).name],
            check=True,
            capture_output=True,
        )
        with new.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        new.replace(path)
        path.with_suffix(".gz.sha256").write_text(f"{digest}  {path.name}\n")

    def delete(self, number: str) -> None:
        """The mailbox goes, with its export."""
        if self.folder(number).exists():
            shutil.rmtree(self.folder(number))
        for path in self._archive.glob(f"{Path(number).name}.tar.gz*"):
            path.unlink()
