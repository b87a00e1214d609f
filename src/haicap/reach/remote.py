"""A program of ours for a host where nothing of ours is installed: modules as text, read from standard input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

# Each module stands under its own name, so that what it imports of ours is found; one after another, without files.
_LOADER = """\
import json, sys, types
for name in {packages!r}:
    sys.modules[name] = types.ModuleType(name)
for name, text in {texts!r}:
    sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec"), sys.modules[name].__dict__)
sys.modules[{entrance!r}].main(**json.loads({arguments!r}))
"""


def program(package: str, modules: Sequence[str], arguments: Mapping[str, Any]) -> str:
    """The text that a host's Python reads: `modules` of a package, what others import first; the last one's `main` is
    called with the arguments, which are plain JSON values."""
    names = package.split(".")
    return _LOADER.format(
        packages=[".".join(names[: end + 1]) for end in range(len(names))],
        texts=[(f"{package}.{module}", _text(package, module)) for module in modules],
        entrance=f"{package}.{modules[-1]}",
        arguments=json.dumps(arguments),
    )


@cache
def _text(package: str, module: str) -> str:
    return resources.files(package).joinpath(f"{module}.py").read_text(encoding="utf-8")
