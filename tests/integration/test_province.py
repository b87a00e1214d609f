"""The whole way on real hosts: two units, two hubs and both name servers, from inventory to proof, and mishaps."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from haicap import assets
from haicap.stack.pulumi import find_pulumi

pytestmark = pytest.mark.lab
UNITS = ("24829", "24958")
SELECTION = [argument for code in UNITS for argument in ("--unit", code)]
HAICAP = Path(sys.executable).parent / "haicap"


class Province:
    """An inventory of its own with a lab, worked on by the command line as a person would."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.folder = directory / "inventories" / "lam-dong"
        self.folder.mkdir(parents=True)
        for name in ("province.yml", "units.yml"):
            shutil.copy(Path(__file__).parents[2] / "inventories" / "lam-dong" / name, self.folder / name)

    def run(self, *arguments: str, code: int = 0, timeout: float = 300) -> str:
        """Run a verb; its standard output, and what it says beside where it fails. The exit code must be `code`."""
        done = subprocess.run(
            [HAICAP, "-C", self.directory, *arguments], capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == code, (
            f"{arguments}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done.stdout + (done.stderr if code in {1, 3} else "")

    def drift(self, code: int) -> dict[str, list[dict[str, object]]]:
        """What was changed by hand, and what could not be looked at."""
        told = self.run("drift", "lam-dong", "--json", code=code)
        document, _ = json.JSONDecoder().raw_decode(told)
        return dict(document)

    def plan(self, code: int = 0) -> dict[str, dict[str, object]]:
        """The pending changes by resource."""
        document = json.loads(self.run("plan", "lam-dong", "--json", code=code))
        return {change["resource"]: change for change in document["changes"]}

    def on_host(self, host: str, command: str) -> None:
        """Do something by hand on a host."""
        self.run("lab", "exec", host, "--", "sh", "-c", command)

    def apply_that_is_at_work(self, bfd_multiplier: int) -> subprocess.Popen[str]:
        """An apply that changes every host, begun, and gone so far that Ansible is on the hosts."""
        path = self.folder / "province.yml"
        text = re.sub(r"bfd_multiplier: \d+", f"bfd_multiplier: {bfd_multiplier}", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        assert "gw-24829" in self.plan(code=2)
        temporary = self.directory.parent / f"tmp-{bfd_multiplier}"
        temporary.mkdir()
        command = [HAICAP, "-C", self.directory, "apply", "lam-dong", "--yes"]
        environment = {**os.environ, "TMPDIR": str(temporary)}
        apply = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        deadline = time.monotonic() + 120
        while not list(temporary.glob("haicap-run-*/artifacts")):
            assert apply.poll() is None and time.monotonic() < deadline, "the apply never came to the hosts"
            time.sleep(0.1)
        return apply

    def edit(self, old: str, new: str) -> None:
        """Edit units.yml, as a person does."""
        path = self.folder / "units.yml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    province = Province(tmp_path_factory.mktemp("province"))
    province.run("lock", "lam-dong")
    province.run("lab", "up", "lam-dong", *SELECTION)
    try:
        province.run("enrol", "lam-dong", *SELECTION)
        yield province
    finally:
        province.run("lab", "down", "lam-dong")


def _preview(province: Province) -> dict[str, str]:
    """What the engine itself would do, resource by resource."""
    pulumi = find_pulumi()
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(HAICAP.parent), str(pulumi.parent), os.environ["PATH"])),
        "PULUMI_BACKEND_URL": f"file://{province.folder / '.lab' / '.state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "HAICAP_DIRECTORY": str(province.directory),
    }
    settings = province.directory / "stack.yaml"  # what the engine writes beside a program, else
    place = ["--cwd", assets.path("stacks") / "province", "--config-file", settings]
    command = [pulumi, "preview", "--json", "--stack", "lam-dong.lab", *place]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    steps = json.loads(done.stdout)["steps"]
    return {
        step["urn"].rpartition("::")[2]: step["op"]
        for step in steps
        if "haicap:index" in step["urn"] and step["op"] != "same"
    }


def test_a_unit_that_is_off_stops_no_other_and_the_next_apply_finishes(province: Province) -> None:
    planned = province.plan(code=2)
    assert {"hub1", "hub2", "dns1", "dns2", "zones", "gw-24829", "gw-24958", "dns-24829", "dns-24958"} == set(planned)
    province.run("lab", "stop", "gw-24958")
    said = province.run("apply", "lam-dong", "--yes", code=1)
    assert "gw-24958" in said and "8 done, 1 failed" in said
    assert set(province.plan(code=2)) == {"gw-24958"}
    province.run("lab", "start", "gw-24958")
    province.run("apply", "lam-dong", "--yes")
    assert province.plan() == {}


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
    assert _preview(province) == {"gw-24829": "update"}
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
    province.run("apply", "lam-dong", "--yes")
    assert province.plan() == {}


def test_ctrl_c_stops_an_apply_with_its_state_true_and_the_next_finishes_it(province: Province) -> None:
    apply = province.apply_that_is_at_work(bfd_multiplier=5)
    apply.send_signal(signal.SIGINT)
    said, _ = apply.communicate(timeout=60)
    assert apply.returncode == 130, said
    assert "Stopped: " in said
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
