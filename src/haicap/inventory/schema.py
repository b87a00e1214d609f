"""JSON Schemas of the inventory's files, for editors. `schema/` holds them as written by `write_schemas`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from haicap.inventory.approvers import Approvers
from haicap.inventory.model import Province, Units
from haicap.inventory.platforms import Platforms
from haicap.inventory.staff import UnitStaff

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "province.schema.json": (Province, "haicap: province.yml"),
    "units.schema.json": (Units, "haicap: units.yml"),
    "platforms.schema.json": (Platforms, "haicap: platforms.yml"),
    "approvers.schema.json": (Approvers, "haicap: approvers.yml"),
    "staff.schema.json": (UnitStaff, "haicap: staff/<code>.yml"),
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The schemas by file name."""
    return {
        name: {"$schema": _DRAFT, **model.model_json_schema(by_alias=True), "title": title}
        for name, (model, title) in _FILES.items()
    }


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it stands on disk."""
    return json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas into `folder`; the paths written."""
    folder.mkdir(parents=True, exist_ok=True)
    schemas = {folder / name: schema_text(schema) for name, schema in json_schemas().items()}
    for path, text in schemas.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(schemas)
