"""Every verb explains itself, and is imported only when it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from haicap import __version__
from haicap.cli import main
from haicap.cli.main import VERBS


def _commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))


_ALL = list(_commands(main))


@pytest.mark.parametrize(("words", "command"), _ALL, ids=[" ".join(words) for words, _ in _ALL])
def test_every_verb_has_help_and_an_example(words: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(main, [*words, "--help"])
    assert shown.exit_code == 0
    assert command.get_short_help_str(), "it says nothing about itself"
    assert "Example:" in shown.stdout
    assert f"haicap {' '.join(words)}" in shown.stdout


@pytest.mark.parametrize(("words", "command"), _ALL, ids=[" ".join(words) for words, _ in _ALL])
def test_every_option_has_help(words: tuple[str, ...], command: click.Command) -> None:
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(("words", "command"), _ALL, ids=[" ".join(words) for words, _ in _ALL])
def test_every_verb_takes_json(words: tuple[str, ...], command: click.Command) -> None:
    hands_over = words in {
        ("lab",),
        ("log",),
        ("platform",),
        ("staff",),
        ("drill",),
        ("lab", "exec"),
    }  # groups; and a command's own output
    assert hands_over or "as_json" in {option.name for option in command.params}


def test_help_lists_the_verbs() -> None:
    shown = CliRunner().invoke(main, ["--help"])
    assert shown.exit_code == 0
    assert [name for name, verb in main.commands.items() if not verb.hidden and f"  {name} " not in shown.stdout] == []


def test_version() -> None:
    assert CliRunner().invoke(main, ["--version"]).stdout == f"haicap {__version__}\n"


@pytest.mark.parametrize(
    ("words", "absent"),
    [
        (["--help"], ["pydantic", "asyncssh", "jinja2", "haicap.inventory", "haicap.lab"]),
        (["check"], ["pulumi", "grpc", "ansible", "ansible_runner"]),
        (["plan", "--help"], ["pulumi", "grpc", "ansible", "ansible_runner"]),
        (["approve", "--help"], ["pulumi", "grpc", "ansible", "ansible_runner"]),
        (["verify", "--help"], ["pulumi", "grpc", "ansible", "ansible_runner"]),
        (["show", "--help"], ["pulumi", "grpc", "ansible", "ansible_runner"]),
    ],
)
def test_a_verb_imports_what_it_needs(words: list[str], absent: list[str]) -> None:
    program = (
        "import json, sys\nfrom haicap.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        f"print(json.dumps([name for name in {absent!r} if name in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr.splitlines()[-1]) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    shown = CliRunner().invoke(main, ["completion", shell])
    assert shown.exit_code == 0
    assert f"_HAICAP_COMPLETE={shell}_complete" in shown.stdout


def test_the_list_of_verbs_is_that_of_the_modules() -> None:
    assert {name: command.name for name, command in main.commands.items()} == {name: name for name in VERBS}
