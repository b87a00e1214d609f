"""One run at a time: on the hypervisor, on a machine of it, on an image."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HYPERVISOR = "hypervisor"
_FOLDER = Path("/run/lock/haicap-machines")
_SECONDS = 1800.0
_PAUSE = 0.1


@contextmanager
def locked(what: str, seconds: float = _SECONDS) -> Iterator[None]:
    """Hold the lock of this name; the kernel lets it go when the process ends. OSError when another holds it too long.

    Whoever holds a machine's lock may take the hypervisor's or an image's, never the other way round.
    """
    _FOLDER.mkdir(exist_ok=True, mode=0o700)
    deadline = time.monotonic() + seconds
    with (_FOLDER / what).open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OSError(f"another run has been at {what} for {seconds:.0f} s; try again later") from None
                time.sleep(_PAUSE)
        yield
