"""What A and B of `haicap diff` mean: a date, a git commit, a plan's file, an inventory's folder, or a province."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from haicap.cli import ask
from haicap.errors import HaicapError
from haicap.inventory.loader import FOLDER, find_provinces
from haicap.inventory.naming import slug as make_slug
from haicap.plan.file import read_plan
from haicap.stack.commits import find_commit, provinces_in
from haicap.stack.sides import Place

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ON_A_DAY = re.compile(r"(?P<what>.+)@(?P<day>\d{4}-\d\d-\d\d)")
_WAYS = {"date": "a date", "province": "a province", "file": "a file or folder", "git": "a commit"}


@dataclass(frozen=True)
class Context:
    """Where words are read: the folder that holds `inventories/`, the PROVINCE that was said, and the day for what says
    none of its own."""

    directory: Path
    province: str | None
    as_of: date


def place_of(text: str, context: Context) -> Place:
    """What a word means. HaicapError where it means nothing, or more than one thing."""
    prefix, colon, rest = text.partition(":")
    named = prefix if colon and prefix in _WAYS else None
    found = list(_meanings(rest if named else text, named, context))
    if len(found) == 1:
        return _read(*found[0], context)
    if found:
        both = " and ".join(_WAYS[way] for way, *_ in found)
        ways = " or ".join(f"{way}:{text}" for way, *_ in found)
        raise HaicapError(f'"{text}" is {both} here; say which: {ways}.')
    raise HaicapError(_nothing(text, context))


def _meanings(text: str, named: str | None, context: Context) -> Iterator[tuple[str, str, date | None]]:
    """Each way in which a word can be read: the way, what it names, and its own day."""
    on_a_day = _ON_A_DAY.fullmatch(text)
    what, day = (on_a_day["what"], _day(on_a_day["day"])) if on_a_day else (text, None)
    if named in (None, "date") and _DAY.fullmatch(text):
        yield "date", text, _day(text)
    if named in (None, "province") and make_slug(what) in find_provinces(context.directory):
        yield "province", make_slug(what), day
    if named in (None, "file") and _is_place(Path(what)) and not _is_province_itself(what, named, context):
        yield "file", what, day
    if named in (None, "git") and find_commit(context.directory, what) is not None:
        yield "git", what, day


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HaicapError(f'"{text}" is not a day of the calendar.') from None


def _is_place(path: Path) -> bool:
    return path.is_file() or (path / "province.yml").is_file() or (path / FOLDER).is_dir()


def _is_province_itself(text: str, named: str | None, context: Context) -> bool:
    """Whether a folder is the province of that name: both readings mean the same."""
    own = context.directory / FOLDER / make_slug(text)
    return named is None and own.is_dir() and Path(text).resolve() == own.resolve()


def _read(way: str, text: str, day: date | None, context: Context) -> Place:
    as_of = day or context.as_of
    if way == "date":
        slug = ask.province_of(context.directory, context.province)
        return Place("date", f"{slug} on {as_of}", context.directory, slug, as_of=as_of)
    if way == "province":
        return Place("province", f"{text} on {as_of}", context.directory, text, as_of=as_of)
    if way == "git":
        return _commit(text, as_of, context)
    path = Path(text)
    if path.is_file():
        return _plan(path, day, context)
    slug, directory = _inventory(path, context)
    return Place("inventory", f"{text} on {as_of}", directory, slug, as_of=as_of)


def _plan(path: Path, day: date | None, context: Context) -> Place:
    if day is not None:
        raise HaicapError(f"{path}: a plan has its own date; leave out @{day}.")
    saved = read_plan(path)
    slug = saved.plan.province if saved.plan.province in find_provinces(context.directory) else ""
    label = f"{path} ({saved.plan.province} on {saved.as_of})"
    return Place("plan", label, context.directory, slug, path, saved.as_of)


def _inventory(path: Path, context: Context) -> tuple[str, Path]:
    """The slug and the folder that holds `inventories/`, of a province's own folder or of that folder."""
    if not (path / "province.yml").is_file():
        return ask.province_of(path, context.province), path
    whole = path.resolve()
    if whole.parent.name != FOLDER:
        raise HaicapError(f"{path}: a province's folder is {FOLDER}/PROVINCE; put it below a folder {FOLDER}.")
    return whole.name, whole.parents[1]


def _commit(text: str, as_of: date, context: Context) -> Place:
    commit = find_commit(context.directory, text) or ""
    there = provinces_in(context.directory, commit)
    slug = make_slug(context.province) if context.province else there[0] if len(there) == 1 else ""
    if slug not in there:
        hint = f"it has {', '.join(there)}" if there else f"it has no {FOLDER}/*/province.yml"
        raise HaicapError(f"{text} ({commit[:9]}): say which PROVINCE of that commit is meant; {hint}.")
    named = commit[:9] if commit.startswith(text) else f"{text} ({commit[:9]})"
    return Place("commit", f"{named} on {as_of}", context.directory, slug, as_of=as_of, commit=commit)


def _nothing(text: str, context: Context) -> str:
    provinces = find_provinces(context.directory)
    hint = ask.near(make_slug(text), provinces) if provinces else "no province is here; -C names another folder."
    return (
        f'"{text}" is no date (2025-07-01), no git commit, no plan file, no inventory and no province; of provinces, '
        f"{hint}"
    )
