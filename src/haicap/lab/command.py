"""Run a program of the machine and turn its failure into an error a person can read."""

import os
import subprocess
from collections.abc import Sequence

from haicap.errors import HaicapError

# ip, nft and nsenter live in sbin, which is not on every user's PATH.
PATH = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


def run(argv: Sequence[str], stdin: str | None = None) -> str:
    """Run `argv`, feed it `stdin`, and return what it printed. HaicapError holds the command and its last words."""
    done = subprocess.run(
        argv, input=stdin, text=True, capture_output=True, check=False, env={**os.environ, "PATH": PATH, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-10:]
        raise HaicapError(
            f"`{' '.join(argv)}` failed with code {done.returncode}:\n" + "\n".join(f"  {w}" for w in words)
        )
    return done.stdout
