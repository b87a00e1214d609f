"""The province's own roles, from their folders: what role.yml says, and the texts of the files beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from haicap.errors import Finding
from haicap.inventory.reading import Reading, validate
from haicap.inventory.roles import OWN_ROLES, Product, Role

_FOLDER, _FILE = "roles", "role.yml"
_MAX_FILE = 262_144  # bytes of one file: what is larger is a package's
_MAX_FILES = 500


def read_products(reading: Reading, folder: Path) -> dict[str, Product]:
    """The roles in a province's folder, by name; what is wrong with them is in `reading`."""
    found: dict[str, Product] = {}
    for path in sorted((folder / _FOLDER).glob(f"*/{_FILE}")):
        name = path.parent.name
        if name in OWN_ROLES:
            _find(reading, path, f'"{name}" is a role of haicap; give the folder another name', "role-name")
            continue
        found[name] = Product(name=name)
        node, traps = reading.read(path)
        if node is None:
            continue
        role, problems = validate(Role, node)
        reading.add(path, node, problems, traps)
        if role is not None:
            files = dict(_texts(reading, path.parent / "files"))
            _hold(reading, path, role, files)
            found[name] = Product(name=name, role=role, files=files)
    return found


def _texts(reading: Reading, folder: Path) -> Iterator[tuple[str, str]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    if len(paths) > _MAX_FILES:
        _find(reading, folder, f"there are more than {_MAX_FILES} files; make a package of them", "limit-items")
    for path in paths[:_MAX_FILES]:
        if path.is_symlink() or not path.is_file():
            _find(reading, path, "only plain files are brought; remove it", "role-file")
        elif path.stat().st_size > _MAX_FILE:
            _find(reading, path, f"the file has more than {_MAX_FILE} bytes; make a package of it", "role-file")
        else:
            try:
                yield f"/{path.relative_to(folder).as_posix()}", path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                _find(reading, path, "the file is no UTF-8 text; make a package of it", "role-file")


def _hold(reading: Reading, path: Path, role: Role, files: Mapping[str, str]) -> None:
    """Every file has a rule."""
    for place in files:
        if not any(PurePosixPath(place).match(rule.path) for rule in role.rules):
            reason = f"files{place} arrives by no rule; add `- path: {place}` to rules"
            _find(reading, path, reason, "role-rule")


def _find(reading: Reading, path: Path, reason: str, rule: str) -> None:
    reading.findings.append(Finding(reading.name(path), 0, "", reason, rule))
