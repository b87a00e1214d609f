"""Small inventories for tests of addressing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from haicap.addressing.model import Locks
from haicap.addressing.planner import Planned, plan_locks
from haicap.inventory.model import Inventory, Province, Unit
from haicap.inventory.platforms import Platform

DAY = date(2025, 5, 1)
SEGMENTS: dict[str, dict[str, Any]] = {
    "staff": {"vlan": 10, "hosts_per_staff": 2.0, "min_hosts": 30},
    "servers": {"vlan": 40, "min_hosts": 13, "dhcp": False},
    "guest": {"vlan": 60, "hosts_per_staff": 1.0, "min_hosts": 29},
}


def make_pools(**changes: Any) -> dict[str, Any]:
    pools: dict[str, Any] = {
        "units": {"networks": ["10.64.0.0/16"], "prefix": 22},
        "units6": {"networks": ["2001:db8::/44"], "prefix": 56},
        "loopbacks": {"networks": ["10.127.0.0/22"], "prefix": 32},
        "loopbacks6": {"networks": ["2001:db8:100::/64"], "prefix": 128},
        "uplinks": {"networks": ["100.64.0.0/20"], "prefix": 30},
        "as_numbers": {"first": 4200000000, "last": 4200001023},
        "rest_days": 365,
    }
    return pools | changes


def make_hub(number: int, **changes: Any) -> dict[str, Any]:
    tunnels = {"tunnels": f"10.112.{4 * number}.0/22", "tunnels6": f"2001:db8:10{number}::/64"}
    return {"name": f"hub{number}", "site": "data centre"} | tunnels | changes


def make_province(**changes: Any) -> Province:
    written: dict[str, Any] = {
        "code": "68",
        "name": "Lâm Đồng",
        "agency_code": "H36",
        "domain": "lamdong.gov.vn",
        "merger_date": "2025-07-01",
        "pools": make_pools(),
        "hubs": [make_hub(1), make_hub(2)],
        "name_servers": [{"name": "dns1", "kind": "primary", "site": "a"}],
        "ssh": {"operators": ["100.127.0.0/30"]},
        "defaults": {"segments": SEGMENTS, "policy": [], "calendar": {}},
    }
    return Province.model_validate(written | changes)


def with_segments(**segments: Any) -> Province:
    """A province whose defaults have these segments."""
    return make_province(defaults={"segments": segments, "policy": [], "calendar": {}})


def make_unit(code: int, name: str | None = None, **changes: Any) -> Unit:
    written: dict[str, Any] = {
        "code": f"{code:05d}",
        "name": name or f"Đồng {code}",
        "kind": "commune",
        "valid_from": "2025-07-01",
        "agency_code": "H36.1",
        "staff": 40,
        "wave": "main",
        "office": {"latitude": 11.7, "longitude": 108.3},
    }
    return Unit.model_validate(written | changes)


def make_inventory(*units: Unit, province: Province | None = None) -> Inventory:
    return Inventory(slug="lam-dong", province=province or make_province(), units=units)


def make_hypervisor(number: int, domain: str = "", **changes: Any) -> dict[str, Any]:
    """`hv1` in the failure domain `dc1`, with room for four machines of the profile `app`."""
    size = {"vcpus": 8, "memory_mib": 16384, "disk_gib": 400}
    return {"name": f"hv{number}", "site": "a", "failure_domain": domain or f"dc{number}"} | size | changes


def make_platform(name: str, count: int = 1, profile: str = "app", **changes: Any) -> dict[str, Any]:
    machines = {"profile": profile, "image": "debian-12", "count": count, "disks": changes.pop("disks", {})}
    written = {"name": name, "title": name, "kind": "other", "owner": "Sở KH&CN", "dates": {}, "machines": machines}
    return written | changes


def with_platforms(*platforms: dict[str, Any], hypervisors: Sequence[dict[str, Any]] = (), **changes: Any) -> Inventory:
    """A province without units, with platforms on two hypervisors if no others are given."""
    pools = make_pools(
        machines={"networks": ["10.126.0.0/24"], "prefix": 32},
        machines6={"networks": ["2001:db8:103::/64"], "prefix": 128},
    )
    written = {
        "pools": pools,
        "hypervisors": list(hypervisors) or [make_hypervisor(1), make_hypervisor(2)],
        "images": [{"name": "debian-12", "source": "file:///debian.qcow2", "sha256": "0" * 64}],
        "profiles": {
            "app": {"vcpus": 2, "memory_mib": 4096, "root_gib": 20},
            "small": {"vcpus": 1, "memory_mib": 512, "root_gib": 3},
        },
    }
    province = make_province(**(written | changes))
    return Inventory(
        slug="lam-dong",
        province=province,
        units=(),
        platforms=tuple(Platform.model_validate(platform) for platform in platforms),
    )


def lock(
    inventory: Inventory, locks: Locks | None = None, today: date = DAY, move: frozenset[str] = frozenset()
) -> Planned:
    return plan_locks(inventory, locks or Locks(), today, move)
