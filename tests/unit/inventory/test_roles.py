"""A province's own roles: what is read of them, and every finding."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from haicap.errors import FindingsError
from haicap.inventory.loader import inventory_digest, load

GOOD = """\
packages: [openjdk-17-jre-headless]
services: [igate]
rules:
  - {path: /etc/igate/*.conf, mode: "0640", validate: "igate --check %s", on_change: {service: igate, action: restart}}
initial:
  - {creates: /var/lib/igate, command: "install -d /var/lib/igate"}
"""


@pytest.fixture
def folder(lam_dong_folder: Path, tmp_path: Path) -> Path:
    """A scaffold with one role, `igate`, that brings one file; the second element is the folder that holds it."""
    shutil.copytree(lam_dong_folder, tmp_path, dirs_exist_ok=True)
    role = tmp_path / "inventories" / "lam-dong" / "roles" / "igate"
    (role / "files" / "etc" / "igate").mkdir(parents=True)
    (role / "role.yml").write_text(GOOD, encoding="utf-8")
    (role / "files" / "etc" / "igate" / "main.conf").write_text("port = 8080\n", encoding="utf-8")
    return tmp_path


def _role(folder: Path) -> Path:
    return folder / "inventories" / "lam-dong" / "roles" / "igate"


def _findings(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(FindingsError) as caught:
        load(folder, "lam-dong")
    return [(Path(one.file).name, one.line, one.rule) for one in caught.value.findings]


def test_a_role_has_its_rules_and_the_texts_of_its_files(folder: Path) -> None:
    product = load(folder, "lam-dong").products["igate"]
    assert product.files == {"/etc/igate/main.conf": "port = 8080\n"}
    assert product.role.packages == ("openjdk-17-jre-headless",)
    assert product.role.rules[0].check == "igate --check %s"


def test_a_changed_file_is_another_inventory(folder: Path) -> None:
    before = inventory_digest(load(folder, "lam-dong"))
    (_role(folder) / "files" / "etc" / "igate" / "main.conf").write_text("port = 8081\n", encoding="utf-8")
    assert inventory_digest(load(folder, "lam-dong")) != before


def test_a_file_without_a_rule_is_a_finding(folder: Path) -> None:
    (_role(folder) / "files" / "etc" / "other.conf").write_text("x\n", encoding="utf-8")
    assert _findings(folder) == [("role.yml", 0, "role-rule")]


def test_what_is_no_text_is_a_finding(folder: Path) -> None:
    (_role(folder) / "files" / "etc" / "igate" / "a.conf").write_bytes(b"\xff\xfe")
    (_role(folder) / "files" / "etc" / "igate" / "b.conf").symlink_to("/etc/shadow")
    (_role(folder) / "files" / "etc" / "igate" / "c.conf").write_bytes(b"x" * 262_145)
    assert _findings(folder) == [(f"{name}.conf", 0, "role-file") for name in "abc"]


def test_a_key_that_there_is_not_is_a_finding_in_its_line(folder: Path) -> None:
    (_role(folder) / "role.yml").write_text("packages: []\nrule: []\n", encoding="utf-8")
    assert ("role.yml", 2, "unknown-key") in _findings(folder)


def test_a_role_of_haicap_s_name_is_a_finding(folder: Path) -> None:
    _role(folder).rename(_role(folder).with_name("platform"))
    assert _findings(folder) == [("role.yml", 0, "role-name")]
