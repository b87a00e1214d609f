"""The schemas in schema/ are current."""

from __future__ import annotations

from pathlib import Path

from haicap.inventory.schema import json_schemas, schema_text, write_schemas

ROOT = Path(__file__).parents[3]


def test_the_schemas_are_current() -> None:
    for name, schema in json_schemas().items():
        assert (ROOT / "schema" / name).read_text("utf-8") == schema_text(schema)


def test_write_schemas(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "schema")
    names = ["province", "units", "platforms", "approvers", "staff"]
    assert [path.name for path in written] == [f"{name}.schema.json" for name in names]
    assert written[0].read_text("utf-8").endswith("}\n")


def test_a_rule_is_written_from_and_to() -> None:
    rule = json_schemas()["province.schema.json"]["$defs"]["Rule"]
    assert {"from", "to", "services"} == set(rule["properties"])
    assert rule["additionalProperties"] is False
