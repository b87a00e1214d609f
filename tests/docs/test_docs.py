"""The documents hold: each command in them, and in our messages, parses; each link and each file named is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from haicap.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("roles/**/*.md")])
SOURCES = sorted((ROOT / "src").rglob("*.py"))

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FOLDERS = r"src|docs|roles|templates|stacks|toolchain|tests|schema|inventories|ci|\.ci"
_FILE = re.compile(rf"`((?:{_FOLDERS})/[\w./-]+|Makefile|pyproject\.toml|requirements\.lock)`")
_PLACEHOLDER = re.compile(r"VERB|\.\.\.|^haicap x")  # `haicap VERB --help` is no command line


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _examples() -> Iterator[tuple[str, str]]:
    """Where it is, and the command, of every `$ haicap ...` line in the documents' code blocks."""
    for page in PAGES:
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            if found := re.match(r"\s*\$ (haicap .*)", line):
                yield f"{_name(page)}:{number}", found.group(1)


def _mentions() -> Iterator[tuple[str, str]]:
    """Where it is, and the command, of every `haicap ...` in backquotes, in documents and in the program's messages."""
    for path in [*PAGES, *SOURCES]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            for text in re.findall(r"`(haicap [^`]*)`", line):
                plain = re.sub(r"\{[^{}]*\}", "x", text)
                if not _PLACEHOLDER.search(plain):
                    yield f"{_name(path)}:{number}", plain


def _links() -> set[tuple[str, str]]:
    """Page and target of every relative link."""
    found = ((_name(page), link) for page in PAGES for link in _LINK.findall(_prose(page)))
    return {(page, link) for page, link in found if not re.match(r"[a-z]+:", link)}


def _prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text("utf-8"))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that holds the files which the examples name."""
    (tmp_path / "plan.json").write_text("{}")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(("where", "text"), list(_examples()))
def test_example_parses(where: str, text: str) -> None:
    if said := _refusal(text):
        pytest.fail(f"{where} shows `{text}`, which haicap refuses: {said}")


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(("where", "text"), list(_mentions()))
def test_mention_names_a_verb_and_its_options(where: str, text: str) -> None:
    if said := _refusal(text, complete=False):
        pytest.fail(f"{where} names `{text}`, which haicap refuses: {said}")


@pytest.mark.parametrize(("page", "link"), sorted(_links()))
def test_link_leads_somewhere(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists(), f"{page} links to {link}, and there is no such file"
    if anchor:
        assert anchor in _anchors(target), f"{page} links to {link}, and {target.name} has no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    named = sorted(set(_FILE.findall(_prose(page))))
    assert [name for name in named if not (ROOT / name).exists()] == [], f"{_name(page)} names files that are not there"


def test_every_verb_has_a_section() -> None:
    sections = re.findall(r"^## haicap (\w+)$", (ROOT / "docs/commands.md").read_text("utf-8"), re.MULTILINE)
    assert isinstance(main, click.Group)
    assert sorted(sections) == sorted(name for name, verb in main.commands.items() if not verb.hidden)


def _refusal(text: str, *, complete: bool = True) -> str | None:
    """What click says against a command line, without running it. Not `complete`: an argument may be missing."""
    try:
        _parse(main, "haicap", shlex.split(text, comments=True)[1:])
    except click.MissingParameter as error:
        return error.format_message() if complete else None
    except click.ClickException as error:
        return error.format_message()
    except click.exceptions.Exit:
        return None  # --help, --version
    return None


def _parse(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    if not words and isinstance(command, click.Group):
        return
    context = command.make_context(name, words, parent=parent)
    if isinstance(command, click.Group):
        # click keeps the verb apart from what follows it, and has no public name for that.
        rest = [*context._protected_args, *context.args]
        verb, inner, left = command.resolve_command(context, rest)
        if inner is not None:
            _parse(inner, str(verb), left, context)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
