"""The group of all verbs. A verb is imported when it is called, so that `haicap plan` doesn't wait for Ansible."""

from __future__ import annotations

import errno
import gc
import io
import os
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from haicap import __version__
from haicap.cli import screen
from haicap.errors import HaicapError, Stopped

_CLEAN, _ERROR = 0, 1
_GARBAGE = (
    50_000  # objects: a verb is short, and what it reads stays; looking for cycles takes a third of a plan's time
)
_USERS = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.ELOOP)

# In the order in which they are used. The text is what `haicap --help` says; the verb's module isn't imported for it.
VERBS = {
    "init": "Write a new inventory from the national data.",
    "check": "Validate the inventory: every finding with file, line and the way out.",
    "lock": "Allocate addresses and names; show what is new.",
    "rebalance": "Propose moves of machines between hypervisors.",
    "enrol": "Collect what hosts make themselves: public keys and host keys.",
    "show": "A province's units, or one unit's whole design.",
    "render": "The exact files of a unit's gateway, or of a host.",
    "plan": "What apply would do, to the line; made offline.",
    "diff": "What is different between two dates, commits, plans, inventories or provinces.",
    "explain": "Why a change is planned: lines, rules, dates, and who wrote them.",
    "approve": "Sign a plan, or reject it.",
    "verify": "Check what was signed, offline: a plan with its approvals, or a certificate.",
    "apply": "Do a plan: the one in a file exactly, or one that is shown and confirmed.",
    "inspect": "Probe from where the users are: a board, and JUnit.",
    "certify": "Sign that a plan was approved, applied and works.",
    "keys": "The public keys of who may approve and certify, for whoever verifies.",
    "drift": "Find what was changed by hand.",
    "destroy": "Take a unit away: its records and its host's configuration.",
    "drill": "Prove that what was saved comes back.",
    "cutover": "Move to a platform from the one that it replaces, and back.",
    "platform": "Platforms: their machines, where they are, and the names that lead to them.",
    "staff": "People: who has which official address, and tables of personnel offices.",
    "lab": "A province's hosts on this machine.",
    "log": "What was done, by whom and when; whether the log is as it was written.",
    "history": "The life of a unit, from its predecessors on.",
    "inventory": "Ansible's dynamic inventory.",
    "report": "A plan, an inspection or a certificate as a page, a comment, a table.",
    "schema": "JSON Schema of the inventory's files, for editors.",
    "completion": "The completion script of a shell.",
}


class _Verbs(MutableMapping[str, click.Command]):
    """The verbs by name; a module each, imported at its first use."""

    def __init__(self) -> None:
        self._more: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name in self._more:
            return self._more[name]
        if name not in VERBS:
            raise KeyError(name)
        command = import_module(f"haicap.cli.{name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a verb's module without its verb is our bug
        return command

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._more[name] = command

    def __delitem__(self, name: str) -> None:
        del self._more[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*VERBS, *self._more])

    def __len__(self) -> int:
        return len(VERBS) + len(self._more)


class _Group(click.Group):
    """Exit codes: 0 clean, 1 an error (a bad command line too), 2 changes pending, 3 refused, 130 stopped."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, text in VERBS.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command line and exit with its code. No user's mistake ends in a traceback; a bug of ours does."""
        gc.set_threshold(_GARBAGE)
        sys.exit(self._code(args, prog_name or "haicap", complete_var, extra))

    def _code(self, args: Sequence[str] | None, prog_name: str, complete_var: str | None, extra: dict[str, Any]) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without Vietnamese letters still gets the rest
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except HaicapError as error:
            screen.say(str(error))
            return error.exit_code
        except click.ClickException as error:
            error.show()
            return _ERROR
        except click.Abort:
            screen.say("Stopped.")
            return Stopped.exit_code
        except OSError as error:
            return _failed_file(error)
        return code if isinstance(code, int) else _CLEAN


def _failed_file(error: OSError) -> int:
    """A file that can't be written is the user's to mend, a reader that went away nobody's; the rest is a bug."""
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _ERROR
    if error.filename is None or error.errno not in _USERS:
        raise error
    screen.say(f"{os.fsdecode(error.filename)}: {error.strerror}.")
    return _ERROR


@click.group(
    "haicap",
    cls=_Group,
    commands=_Verbs(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="`haicap VERB --help` shows a verb's options and an example; `haicap completion bash` makes the shell "
    "complete them.",
)
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    default=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that holds inventories/; without it, the current one.",
)
@click.version_option(__version__, "--version", message="haicap %(version)s")
@click.pass_context
def main(ctx: click.Context, directory: Path) -> None:
    """Provision the IT of newly merged provinces and communes from one declarative inventory.

    \b
    Example:
      haicap check lam-dong
      haicap plan lam-dong --wave pilot
    """
    ctx.obj = directory
