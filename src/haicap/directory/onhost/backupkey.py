"""The key of the backups, sealed with age to those who may restore them: without it, a lost server's backups are noise.

It is sealed once, and again for other officers. What was sealed to whom is noted beside the key's own digest, so that
a new key is sealed too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from haicap.directory.onhost.passwords import FOLDER, Sealer

KEY = Path("/etc/haicap/backup.key")
_NOTE = "backup-key.json"
_TEXT = """\
Khóa sao lưu / The key of the backups: {server}
Giữ ngoài máy chủ; không có khóa này thì không khôi phục được hộp thư và danh bạ.
Keep it away from the server; without it, neither mailboxes nor directory can be restored.

{key}
"""


def seal_key(server: str, officers: Sequence[str], key: Path = KEY, folder: Path = FOLDER) -> Mapping[str, str]:
    """The sealed files that nobody has fetched yet, by name; none without officers. OSError when it cannot be sealed.

    A run that is killed before its note seals again: two files that open alike.
    """
    if not officers:
        return {}
    secret = key.read_text().strip()
    sealer = Sealer(f"{server}-backup-key", officers, folder)
    sealer.settle(lambda _: False)
    note = {"officers": sorted(officers), "key": hashlib.sha256(secret.encode()).hexdigest()}
    if _noted(folder) != note:
        sealer.confirm(sealer.seal([], _TEXT.format(server=server, key=secret)))
        (folder / _NOTE).write_text(json.dumps(note))
    return sealer.waiting()


def _noted(folder: Path) -> object:
    try:
        return json.loads((folder / _NOTE).read_text())
    except (FileNotFoundError, ValueError):
        return None
