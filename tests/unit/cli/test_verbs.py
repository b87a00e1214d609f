"""Verbs that need neither root nor hosts, on a province that is locked."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest


def test_init_then_check(run, folder):
    done = run("init", "Nghệ An")
    assert done.exit_code == 0
    assert done.stdout == (
        "inventories/nghe-an/province.yml\ninventories/nghe-an/units.yml\ninventories/nghe-an/platforms.yml\n"
        "inventories/nghe-an/staff/ (130 files)\n"
    )
    assert run("check", "nghe-an").stdout == "nghe-an: 130 units, 5 platforms, no finding\n"
    assert run("check").stdout == (
        "lam-dong: 124 units, 12 platforms, no finding\nnghe-an: 130 units, 5 platforms, no finding\n"
    )


def test_lock_once_and_again(run, folder):
    for what in ("addresses", "names", "machines"):
        (folder / f"inventories/lam-dong/{what}.lock.yml").unlink()
    asked = run("lock", "--check")
    assert asked.exit_code == 2
    assert not (folder / "inventories/lam-dong/addresses.lock.yml").exists()
    first = run("lock")
    assert first.exit_code == 0
    assert first.stdout.startswith('new: 268\n  hub "hub1": uplink 100.64.0.2/30')
    assert first.stdout.endswith("  ... and 248 more\n")
    again = run("lock", "--check")
    assert (again.exit_code, again.stdout.startswith("Nothing to lock")) == (0, True)


def test_lock_json_holds_everything(run, folder):
    (folder / "inventories/lam-dong/names.lock.yml").unlink()
    told = json.loads(run("lock", "--json").stdout)
    assert len(told["added"]) == 124
    assert told["written"] == ["inventories/lam-dong/names.lock.yml"]


def test_lock_refuses_an_unknown_move(run, folder):
    before = (folder / "inventories/lam-dong/addresses.lock.yml").read_bytes()
    done = run("lock", "--move", "24958/staf")
    assert done.exit_code == 1
    assert "--move 24958/staf" in done.stderr
    assert done.stderr.endswith("Nothing was written. Mend this and run `haicap lock lam-dong` again.\n")
    assert (folder / "inventories/lam-dong/addresses.lock.yml").read_bytes() == before


def test_show_a_province(run, enrolled):
    lines = run("show", "--wave", "pilot", "--as-of", "2025-06-01").stdout.splitlines()
    assert len(lines) == 1 + 6 + 2
    assert lines[0].split() == ["code", "name", "zone", "block", "uplink", "staff", "stage", "gateway"]
    assert lines[-1] == "6 units on 2025-06-01, 1 enrolled"
    columns = {line.index("10.") for line in lines[1:7]}
    assert len(columns) == 1, "a name with accents moves the columns after it"


@pytest.mark.parametrize(
    "text", ["24958", "Đức Trọng", "duc trong", unicodedata.normalize("NFD", "ĐỨC TRỌNG"), "gw-24958"]
)
def test_show_a_unit(run, text):
    done = run("show", text, "--as-of", "2025-07-01")
    assert done.exit_code == 0
    assert done.stdout.startswith("24958  Đức Trọng\nkind")
    for part in (
        "Addresses",
        "Segments",
        "Reserved hosts",
        "Tunnels",
        "BGP",
        "DNS ductrong.lamdong.gov.vn.",
        "Firewall",
    ):
        assert f"\n{part}" in done.stdout
    assert "gw-24958, not enrolled" in done.stdout


def test_show_json(run):
    told = json.loads(run("show", "lam-dong", "24958", "--json", "--as-of", "2025-07-01").stdout)
    assert (told["format"], told["as_of"], told["enrolled"]) == ("haicap.unit/1", "2025-07-01", False)
    assert told["design"]["zone"] == "ductrong.lamdong.gov.vn"
    assert len(json.loads(run("show", "--json").stdout)["units"]) == 124


def test_render_lists_prints_and_writes(run, folder, tmp_path):
    listed = run("render", "24958").stdout.splitlines()
    assert "/etc/nftables.conf" in listed
    printed = run("render", "lam-dong", "24958", "--file", "/etc/nftables.conf")
    assert printed.stdout.startswith("#!/usr/sbin/nft -f\n")
    out = tmp_path / "out"
    assert run("render", "duc trong", "-o", str(out)).exit_code == 0
    written = sorted(f"/{path.relative_to(out / 'gw-24958')}" for path in out.rglob("*") if path.is_file())
    assert written == sorted(listed)
    assert (out / "gw-24958/etc/nftables.conf").read_text("utf-8") == printed.stdout


def test_render_says_when_a_key_is_a_placeholder(run):
    done = run("render", "24958", "--file", "/etc/wireguard/wg-hub1.conf")
    assert done.stderr == "Not every host is enrolled: a key that is not known yet reads (not enrolled yet).\n"


def test_inventory_for_ansible(run):
    told = json.loads(run("inventory", "--list").stdout)
    assert told["hub"]["hosts"] == ["hub1", "hub2"]
    one = json.loads(run("inventory", "--host", "gw-24958").stdout)
    assert one == told["_meta"]["hostvars"]["gw-24958"]
    assert one["haicap_name"] == "Đức Trọng"


def test_schema(run, tmp_path):
    assert json.loads(run("schema", "units").stdout)["title"] == "haicap: units.yml"
    assert sorted(json.loads(run("schema").stdout)) == [
        "approvers.schema.json",
        "platforms.schema.json",
        "province.schema.json",
        "staff.schema.json",
        "units.schema.json",
    ]
    run("schema", "--write", str(tmp_path / "schema"))
    assert (tmp_path / "schema/units.schema.json").read_text("utf-8") == run("schema", "units").stdout


def test_plan_with_nothing_enrolled_waits(run):
    done = run("plan", "--wave", "pilot", "--as-of", "2025-07-01")
    assert done.exit_code == 0
    assert done.stdout.startswith("lam-dong, live, as of 2025-07-01, 6 of its units\n\n11 waiting, not in this plan:\n")
    assert "\nPlan: 0 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged\nsha256:" in done.stdout


def test_plan_shows_creates_in_numbers(run, enrolled):
    done = run("plan", "--unit", "24958", "--as-of", "2025-07-01")
    assert done.exit_code == 2
    assert "\n+ create gw-24958  Đức Trọng  gateway\n    42 files\n" in done.stdout
    assert "\n+ create dns-24958  Đức Trọng  dns\n    38 record sets in 6 zones\n" in done.stdout
    assert "\nPlan: 7 to create, " in done.stdout
    full = run("plan", "--unit", "24958", "--as-of", "2025-07-01", "--full").stdout
    assert "\n    /etc/nftables.conf\n      +#!/usr/sbin/nft -f\n" in full


def test_plan_file_is_what_json_says(run, enrolled, tmp_path):
    file = tmp_path / "deep/plan.json"
    done = run("plan", "-o", str(file), "--json", "--as-of", "2025-07-01")
    assert done.exit_code == 2
    assert file.read_text("utf-8") == done.stdout


def test_one_word_is_a_unit_only_if_it_is_no_province(run):
    assert run("show", "lam-dong").stdout == run("show").stdout
    assert run("show", "Lâm Đồng").stdout == run("show").stdout


def test_lab_without_a_lab(run, folder):
    assert run("lab", "ps").stdout == "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"
    assert run("lab", "down").stdout == "There was no lab of lam-dong.\n"


def test_lab_check_lists_what_is_missing(run, monkeypatch):
    run("lab", "ps")
    monkeypatch.setattr("haicap.cli.lab.missing", lambda: ["not root: run it as root"])
    done = run("lab", "check")
    assert (done.exit_code, done.stdout) == (1, "not root: run it as root\n")


def test_lab_image_tells_what_it_does(run, monkeypatch):
    def build(progress):
        progress("making the base lean")
        return Path("/cache/image")

    run("lab", "ps")
    monkeypatch.setattr("haicap.cli.lab.build_image", build)
    done = run("lab", "image")
    assert (done.stdout, done.stderr) == ("/cache/image\n", "making the base lean\n")
