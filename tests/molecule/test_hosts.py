"""What the one task promises, on real hosts: all or nothing, nothing that is not ours, and every crash is mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from haicap.converge import HostJob, HostResult
from tests.molecule.site import Site

pytestmark = pytest.mark.lab

WG = "/etc/wireguard/wg0.conf"
CHRONY = "/etc/chrony/chrony.conf"
NFT = "/etc/nftables.conf"
FRR = "/etc/frr/frr.conf"
KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="


def _with(job: HostJob, files: Mapping[str, str | None]) -> HostJob:
    merged = {**job.files, **files}
    return replace(job, files={path: text for path, text in merged.items() if text is not None})


def _actions(result: HostResult) -> dict[str, str]:
    return {action["path"]: action["action"] for action in result.actions if action["action"] != "unchanged"}


@pytest.fixture
def hub(site: Site) -> HostJob:
    """The hub, converged."""
    job = site.job("hub1")
    result = site.run(job)
    assert result.ok, result.error
    return job


def test_second_run_changes_nothing(site: Site, hub: HostJob) -> None:
    result = site.run(hub)
    assert (result.ok, result.changed, _actions(result), dict(result.services)) == (True, False, {}, {})


def test_observe_finds_what_was_asked_for(site: Site, hub: HostJob) -> None:
    asked = replace(hub, files={**hub.files, "/etc/absent.conf": ""}, services={**hub.services, "unbound": "active"})
    found = site.run(asked, "observe").found
    assert found["files"] == {**hub.files, "/etc/absent.conf": None}
    assert found["services"] == {**hub.services, "unbound": "inactive"}


def test_failed_validation_leaves_everything_as_it_was(site: Site, hub: HostJob) -> None:
    bad = {NFT: "table inet filter {\n  chain input { typo }\n}\n", FRR: "frr defaults traditional\nruter bgp 1\n"}
    result = site.run(_with(hub, {**bad, CHRONY: hub.files[CHRONY] + "# new\n"}))
    assert not result.ok
    assert result.error is not None
    assert "/etc/nftables.conf:2:22-22: Error: syntax error" in result.error
    assert "/etc/frr/frr.conf is not valid" in result.error
    assert "line 2" in result.error
    assert "Nothing was changed on this host." in result.error
    assert site.text("hub1", CHRONY) == hub.files[CHRONY]
    assert not site.run(hub).changed


def test_a_service_that_does_not_come_up_brings_the_old_files_back(site: Site, hub: HostJob) -> None:
    bad = {WG: hub.files[WG].replace("PostUp = ", "PostUp = false; "), NFT: hub.files[NFT] + "# new\n"}
    result = site.run(_with(hub, bad))
    assert not result.ok
    assert result.error is not None
    assert "service wg-quick@wg0" in result.error
    assert result.error.endswith("The old configuration is back.")
    assert site.text("hub1", WG) == hub.files[WG]
    assert site.text("hub1", NFT) == hub.files[NFT]
    assert site.shell("hub1", "systemctl -q is-active wg-quick@wg0 && wg show wg0 | grep -q 'public key'") == 0
    assert not site.run(hub).changed


def test_a_product_s_own_rules_bring_its_files_and_make_what_it_keeps(site: Site, hub: HostJob) -> None:
    place = "/etc/igate/main.conf"
    rules = [{"path": "/etc/igate/*.conf", "mode": "0640", "validate": "grep -q '{{ port }}' %s"}]
    initial = [{"creates": "/var/lib/igate", "command": "install -d -m 0700 /var/lib/igate"}]
    job = replace(_with(hub, {place: "{{ port }} = 8080\n"}), product={"rules": rules, "initial": initial})
    result = site.run(job)
    assert result.ok, result.error
    assert site.text("hub1", place) == "{{ port }} = 8080\n"
    assert site.shell("hub1", f"test -d /var/lib/igate && test $(stat -c %a {place}) = 640") == 0
    refused = site.run(_with(job, {place: "port = 8080\n"}))
    assert not refused.ok and "Nothing was changed on this host." in str(refused.error)
    assert not site.run(job).changed
    assert site.run(hub).ok


def test_a_changed_peer_does_not_drop_the_tunnels(site: Site, hub: HostJob) -> None:
    site.shell(
        "hub1",
        "systemctl show -p ActiveEnterTimestampMonotonic wg-quick@wg0 > /run/before; wg show wg0 public-key > /run/key",
    )
    peer = f"\n[Peer]\nPublicKey = {KEY}\nAllowedIPs = 10.112.0.8/32\n"
    result = site.run(_with(hub, {WG: hub.files[WG] + peer}))
    assert dict(result.services) == {"wg-quick@wg0": "reloaded"}, result.error
    same = "systemctl show -p ActiveEnterTimestampMonotonic wg-quick@wg0 | cmp - /run/before"
    assert site.shell("hub1", same) == 0
    assert site.shell("hub1", f"wg show wg0 public-key | cmp - /run/key && wg show wg0 peers | grep -qF '{KEY}'") == 0
    assert dict(site.run(hub).services) == {"wg-quick@wg0": "reloaded"}


def test_a_file_of_someone_else_is_refused(site: Site, hub: HostJob) -> None:
    theirs = "/etc/systemd/network/30-theirs.network"
    site.shell("hub1", f"echo '[Match]' > {theirs}")
    result = site.run(_with(hub, {theirs: "[Match]\nName=none\n", NFT: hub.files[NFT] + "# new\n"}))
    assert result.error is not None
    assert f"{theirs} exists and was not written by haicap" in result.error
    assert site.text("hub1", theirs) == "[Match]\n"
    assert site.text("hub1", NFT) == hub.files[NFT]
    site.shell("hub1", f"rm {theirs}")


def test_what_was_changed_by_hand_is_drift_and_overwritten(site: Site, hub: HostJob) -> None:
    site.shell("hub1", f"echo '# by hand' >> {CHRONY}; systemctl stop frr")
    result = site.run(hub)
    assert [a for a in result.actions if a["drifted"]] == [{"path": CHRONY, "action": "updated", "drifted": True}]
    assert dict(result.services) == {"chrony": "restarted", "frr": "started"}
    assert not site.run(hub).changed


def test_a_file_that_is_no_longer_wanted_goes_and_its_service_stops(site: Site, hub: HostJob) -> None:
    services = {unit: state for unit, state in hub.services.items() if unit != "wg-quick@wg0"}
    result = site.run(replace(_with(hub, {WG: None, CHRONY: None}), services=services))
    assert _actions(result) == {WG: "removed", CHRONY: "removed"}, result.error
    assert dict(result.services) == {"wg-quick@wg0": "stopped", "chrony": "restarted"}
    assert "pool 2.debian.pool.ntp.org" in (site.text("hub1", CHRONY) or "")
    assert site.shell("hub1", "! ip link show wg0 2>/dev/null") == 0
    assert _actions(site.run(hub)) == {WG: "created", CHRONY: "updated"}


def test_a_killed_run_is_put_back_and_finished(site: Site, hub: HostJob) -> None:
    """The swap is as a kill leaves it: journal written, one of two files renamed."""
    change = {NFT: hub.files[NFT] + "# new\n", CHRONY: hub.files[CHRONY] + "# new\n"}
    site.shell("hub1", _KILLED)
    result = site.run(_with(hub, change))
    assert result.ok, result.error
    assert [site.text("hub1", path) for path in change] == list(change.values())
    assert site.shell("hub1", "! ls /var/lib/haicap/journal.json /var/lib/haicap/rollback 2>/dev/null") == 0
    assert not any(action["drifted"] for action in result.actions)
    assert site.run(hub).ok


def test_absent_leaves_the_host_as_it_was(site: Site) -> None:
    job = site.job("ns1")
    assert site.run(job).ok
    result = site.run(job, "absent")
    assert result.ok, result.error
    assert dict(result.services) == {"pdns": "stopped", "nftables": "stopped"}
    assert site.shell("ns1", "! systemctl is-enabled -q pdns && ! test -e /var/lib/haicap") == 0
    assert "table inet filter" in (site.text("ns1", NFT) or "")
    assert not site.run(job, "absent").changed
    assert site.run(job).ok


def test_another_host_key_is_not_spoken_to(site: Site, hub: HostJob) -> None:
    result = site.run(hub, known_hosts={"hub1": site.context.known_hosts["gw1"]})
    assert (result.ok, result.unreachable) == (False, True)
    assert result.error is not None
    assert "its host key is not the one on record" in result.error


def test_a_dead_line_is_unreachable(site: Site, hub: HostJob) -> None:
    site.lab.cut("hub1")
    try:
        result = site.run(hub, connect_timeout=3)
    finally:
        site.lab.heal("hub1")
    assert result.unreachable
    assert result.error == "cannot reach hub1 at 100.64.0.6: no answer within 3 s: is it on, and is its line up?"


_KILLED = r"""
set -e; cd /var/lib/haicap; mkdir -p rollback/etc/chrony
cp -p /etc/nftables.conf rollback/etc/; cp -p /etc/chrony/chrony.conf rollback/etc/chrony/
python3 - <<'EOF'
import json
units = {unit: {"active": True, "enabled": True} for unit in ("nftables", "chrony")}
steps = [
    {"verb": verb, "unit": unit, "command": "", "fallback": "", "path": ""}
    for unit, verb in (("nftables", "reload"), ("chrony", "restart"))
]
files = {"/etc/nftables.conf": True, "/etc/chrony/chrony.conf": True}
journal = {"files": files, "units": units, "steps": steps, "manifest": json.load(open("manifest.json"))}
json.dump(journal, open("journal.json", "w"))
EOF
echo '# new' >> /etc/nftables.conf
"""
