"""The whole way on real hosts: two units, two hubs and both name servers, from inventory to proof, and mishaps."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.integration.province import HAICAP, Province, lab_of, preview

pytestmark = pytest.mark.lab
UNITS = ("24829", "24958")


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with lab_of(tmp_path_factory.mktemp("province"), UNITS) as province:
        yield province


def test_a_unit_that_is_off_stops_no_other_and_the_next_apply_finishes(province: Province) -> None:
    planned = province.plan(code=2)
    assert {"hub1", "hub2", "dns1", "dns2", "zones", "gw-24829", "gw-24958", "dns-24829", "dns-24958"} == set(planned)
    file, result = str(province.directory / "first.json"), province.directory / "applied.json"
    province.run("plan", "lam-dong", "-o", file, code=2)
    province.run("lab", "stop", "gw-24958")
    said = province.run("apply", file, code=1)
    assert "gw-24958" in said and "8 done, 1 failed" in said and f"Run `haicap apply {file}` again" in said
    assert set(province.plan(code=2)) == {"gw-24958"}
    province.run("lab", "start", "gw-24958")
    province.run("apply", file, "-o", str(result))
    assert province.plan() == {}
    told = json.loads(result.read_text("utf-8"))
    assert (told["done"], told["failed"], told["skipped"]) == (9, 0, 0), "of the whole plan"
    assert "applied before, all of it" in province.run("apply", file, code=3)


def test_everything_works_from_where_the_users_are(province: Province) -> None:
    summary = json.loads(province.run("inspect", "lam-dong", "--json"))["summary"]
    assert summary["failed"] == 0 and summary["unreachable"] == 0 and summary["passed"] > 20


def test_what_was_changed_by_hand_is_shown_until_it_is_mended_though_a_host_is_off(province: Province) -> None:
    province.on_host("gw-24829", "echo '# by hand' >> /etc/radvd.conf; systemctl stop unbound")
    province.on_host("dns1", "pdnsutil delete-rrset blao.lamdong.gov.vn gw A")
    province.run("lab", "stop", "gw-24958")
    drift = province.drift(code=1)
    assert {failure["resource"] for failure in drift["failures"]} == {"gw-24958"}
    assert province.drift(code=1)["changes"] == drift["changes"]
    province.run("lab", "start", "gw-24958")
    found = {
        change["resource"]: {tuple(d["path"]) for d in change["diff"]}  # type: ignore[attr-defined]
        for change in drift["changes"]
    }
    assert found == {
        "gw-24829": {("files", "/etc/radvd.conf"), ("services", "unbound")},
        "dns-24829": {("zones", "blao.lamdong.gov.vn.", "gw.blao.lamdong.gov.vn. A")},
    }
    province.run("apply", "lam-dong", "--yes")
    assert province.plan() == {}
    province.run("drift", "lam-dong")


def test_one_units_staff_changes_that_unit_alone_and_the_engine_agrees(province: Province) -> None:
    text = (province.folder / "units.yml").read_text(encoding="utf-8")
    start = text.index('code: "24829"')
    staff = text[text.index("staff:", start) :].split("\n", 1)[0]
    before = text[start : text.index(staff, start) + len(staff)]
    province.edit(before, before.replace(staff, f"staff: {int(staff.split(':')[1]) + 1}"))
    planned = province.plan(code=2)
    assert set(planned) == {"gw-24829"}
    paths = {tuple(d["path"]) for d in planned["gw-24829"]["diff"]}  # type: ignore[attr-defined]
    assert paths == {("files", "/etc/kea/kea-dhcp4.conf")}
    assert preview(province) == {"gw-24829": "update"}
    province.run("plan", "lam-dong", "-o", str(province.directory / "plan.json"), code=2)
    province.edit("02:22:91:80:00:01", "02:22:91:80:00:0f")  # another unit's printer
    assert "moved" in province.run("apply", "lam-dong", str(province.directory / "plan.json"), code=3)
    province.edit("02:22:91:80:00:0f", "02:22:91:80:00:01")
    province.run("apply", "lam-dong", str(province.directory / "plan.json"), "--yes")
    assert province.plan() == {}


def test_a_record_that_is_not_ours_is_reported_and_left(province: Province) -> None:
    province.on_host("dns1", "pdnsutil add-record blao.lamdong.gov.vn www A 3600 192.0.2.9")
    text = (province.folder / "units.yml").read_text(encoding="utf-8")
    start = text.index('code: "24829"')
    entry = text[start : text.index("name: printer-1", start)]
    province.edit(entry + "name: printer-1", entry + "name: www")
    province.run("lock", "lam-dong")
    said = province.run("apply", "lam-dong", "--yes", code=1)
    assert "www.blao.lamdong.gov.vn. A (192.0.2.9) bears no mark" in said
    province.on_host("dns1", "pdnsutil list-zone blao.lamdong.gov.vn | grep -q 192.0.2.9")
    province.on_host("dns1", "pdnsutil delete-rrset blao.lamdong.gov.vn www A")
    province.run("apply", "lam-dong", "--yes")
    assert province.plan() == {}


def test_a_killed_apply_is_finished_by_the_next_and_nothing_works_on_beside_it(province: Province) -> None:
    apply = province.apply_that_is_at_work(bfd_multiplier=4)
    held = province.run("apply", "lam-dong", "--yes", code=3)
    assert "another run holds this province" in held and str(apply.pid) in held
    apply.send_signal(signal.SIGKILL)
    apply.communicate()
    province.run("apply", str(province.directory / "work.json"))
    assert province.plan() == {}


def test_ctrl_c_stops_an_apply_with_its_state_true_and_the_next_finishes_it(province: Province) -> None:
    apply = province.apply_that_is_at_work(bfd_multiplier=5)
    apply.send_signal(signal.SIGINT)
    said, _ = apply.communicate(timeout=60)
    assert apply.returncode == 130, said
    assert "Stopped: " in said
    province.run("apply", str(province.directory / "work.json"))
    assert province.plan() == {}


def test_too_many_failures_end_an_apply_and_the_next_does_the_rest(province: Province) -> None:
    province.edit("\ndefaults:\n", "\nlimits: {failures: 1}\ndefaults:\n", "province.yml")
    province.edit("bfd_multiplier: 5", "bfd_multiplier: 3", "province.yml")
    province.run("lab", "stop", "gw-24958")
    said = province.run("apply", "lam-dong", "--yes", code=1)
    assert "1 failed, which is as many as limits.failures allows: nothing new was begun." in said
    assert "Stopped: " in said and "gw-24958" in province.plan(code=2)
    province.run("lab", "start", "gw-24958")
    province.run("apply", "lam-dong", "--yes")
    assert province.plan() == {}


def test_no_secret_is_in_anything_that_was_written(province: Province) -> None:
    found = subprocess.run(
        [HAICAP, "-C", province.directory, "lab", "exec", "gw-24829", "--", "cat", "/etc/wireguard/private.key"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    api_key = subprocess.run(
        [HAICAP, "-C", province.directory, "lab", "exec", "dns1", "--", "cat", "/etc/powerdns/api-key"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    hosts = province.folder / ".lab" / "hosts" / "hosts"  # the hosts' own disks
    for secret in (found.stdout.strip(), api_key.stdout.strip()):
        assert len(secret) > 15
        for path in province.directory.rglob("*"):
            if path.is_file() and not path.is_symlink() and hosts not in path.parents:
                assert secret.encode() not in path.read_bytes(), path


def test_a_unit_is_taken_away_cleanly(province: Province) -> None:
    province.run("destroy", "lam-dong", "--unit", "24958", "--yes")
    assert set(province.plan(code=2)) == {"gw-24958", "dns-24958"}
    province.on_host("gw-24958", "test ! -e /etc/kea/kea-dhcp4.conf || ! grep -q haicap /etc/kea/kea-dhcp4.conf")
    province.on_host("dns1", "! pdnsutil list-all-zones | grep -q ductrong")
