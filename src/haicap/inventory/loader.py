"""From a folder to an Inventory, or to every finding at once.

A province is `inventories/<slug>/province.yml` and `units.yml`, and `platforms.yml` if it has platforms, which may have
roles of their own in `roles/`. Files are read
by `reader`, held against the schema by pydantic in strict mode (a number is no text, `yes` is no boolean), then checked
by `rules`. Units and platforms that fit the schema are checked even when others do not, so that one reading shows all
there is to fix.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from haicap.canonical import digest_of
from haicap.errors import Finding, FindingsError, HaicapError
from haicap.inventory.approvers_loader import FILE as APPROVERS
from haicap.inventory.approvers_loader import read_approvers
from haicap.inventory.limits import MAX_FINDINGS
from haicap.inventory.marks import Marks, Node
from haicap.inventory.model import Inventory, Province, Unit, Units
from haicap.inventory.naming import slug as make_slug
from haicap.inventory.platforms import Platform, Platforms
from haicap.inventory.reading import Reading, validate
from haicap.inventory.roles import Product
from haicap.inventory.roles_loader import read_products
from haicap.inventory.rules import check, check_platforms, check_province, check_units

FOLDER = "inventories"
_Entry = TypeVar("_Entry", bound=BaseModel)


def find_provinces(directory: Path) -> list[str]:
    """The slugs of the provinces under `directory`/inventories, sorted; none when there is no such folder."""
    return sorted(path.parent.name for path in (directory / FOLDER).glob("*/province.yml"))


def load(directory: Path, slug: str) -> Inventory:
    """Read and check one province; `directory` holds `inventories/`. Raises what `load_marked` raises."""
    return load_marked(directory, slug)[0]


def load_marked(directory: Path, slug: str) -> tuple[Inventory, Marks]:
    """The same, with the line of each value.

    Raises FindingsError with all findings (files relative to `directory`), HaicapError when there is no such province.
    """
    folder = province_folder(directory, slug)
    reading = Reading(directory)
    province_file, units_file, platforms_file = (folder / f"{name}.yml" for name in ("province", "units", "platforms"))
    province_node, province = _read_province(reading, province_file)
    units_node, units = _read_entries(reading, units_file, "units", Units, Unit)
    platforms_node, platforms = None, dict[int, Platform]()
    if platforms_file.exists():
        platforms_node, platforms = _read_entries(reading, platforms_file, "platforms", Platforms, Platform)
    marks = Marks(
        *(reading.name(province_file), reading.name(units_file), province_node, units_node, tuple(units)),
        *(reading.name(platforms_file), platforms_node, tuple(platforms)),
    )
    products = read_products(reading, folder)
    read = tuple(units.values()), tuple(platforms.values())
    findings = [*reading.findings, *_check(slug, province, *read, products, marks)]
    approvers = None
    if (approvers_file := folder / APPROVERS).exists():
        approvers, wrong = read_approvers(directory, approvers_file, None if reading.findings else marks.codes)
        findings += wrong
    if findings or province is None:
        raise FindingsError(findings, f"Fix these and run `haicap check {slug}`.")
    inventory = Inventory(
        slug=slug, province=province, units=read[0], platforms=read[1], products=products, approvers=approvers
    )
    return inventory, marks


def inventory_digest(inventory: Inventory) -> str:
    """The digest of what an inventory means: comments, order of keys and quoting do not count."""
    return digest_of(inventory.model_dump(mode="json", by_alias=True))


def digest(directory: Path, slug: str) -> str:
    """`inventory_digest` of the inventory on disk. Raises what `load` raises."""
    return inventory_digest(load(directory, slug))


def _check(
    slug: str,
    province: Province | None,
    units: tuple[Unit, ...],
    platforms: tuple[Platform, ...],
    products: dict[str, Product],
    marks: Marks,
) -> list[Finding]:
    """The rules that can be held against what was read."""
    if province is None:
        return [*check_units(units, marks), *check_platforms(platforms, marks)]
    if not units:
        return [*check_province(province, marks), *check_platforms(platforms, marks)]
    inventory = Inventory(slug=slug, province=province, units=units, platforms=platforms, products=products)
    return check(inventory, marks)


def province_folder(directory: Path, slug: str) -> Path:
    """The province's folder. Raises HaicapError naming those there are and the next step."""
    folder = directory / FOLDER / slug
    if slug and make_slug(slug) == slug and folder.is_dir():
        return folder
    there = find_provinces(directory)
    if not there:
        raise HaicapError(
            f'There is no inventory "{slug}": {FOLDER}/ holds no province. `haicap init {slug}` writes one.'
        )
    near = difflib.get_close_matches(make_slug(slug), there, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(there)}."
    raise HaicapError(f'There is no inventory "{slug}"; {hint} `haicap init {slug}` writes a new one.')


def _read_province(reading: Reading, path: Path) -> tuple[Node | None, Province | None]:
    """The tree and the value of province.yml."""
    node, traps = reading.read(path)
    if node is None:
        return None, None
    value, problems = validate(Province, node)
    reading.add(path, node, problems, traps)
    return node, value


def _read_entries(
    reading: Reading, path: Path, key: str, file: type[BaseModel], entry_type: type[_Entry]
) -> tuple[Node | None, dict[int, _Entry]]:
    """The tree of a file that holds one list, `key`, and by place in the file each entry that fits the schema."""
    node, traps = reading.read(path)
    if node is None:
        return None, {}
    entries = node.child(key)
    if entries is None or not isinstance(entries.value, list) or len(node.value) != 1:
        _, problems = validate(file, node)
        reading.add(path, node, problems, traps)
        return node, {}
    found: dict[int, _Entry] = {}
    for place, entry in enumerate(entries.value):
        if len(reading.findings) > MAX_FINDINGS:
            reason = f"more than {MAX_FINDINGS} findings; {key} from here on were not read"
            reading.findings.append(Finding(reading.name(path), entry.line, "", reason, "limit-findings"))
            break
        value, problems = validate(entry_type, entry, (key, place))
        reading.add(path, node, problems, traps)
        if value is not None:
            found[place] = value
    return node, found
