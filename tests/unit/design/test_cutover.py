"""What the lock of a cut-over makes of two platforms: who takes changes, who has the names, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from haicap.addressing.model import Cutover, Keys, Locks
from haicap.design import design_province
from haicap.design.machines import machine_names
from haicap.inventory.model import Inventory
from tests.unit.addressing.samples import lock, make_platform, with_platforms

DAY, LATE = date(2025, 7, 1), date(2026, 7, 1)
NAME, OWN = "motcua.lamdong.gov.vn", "motcua-cu.lamdong.gov.vn"
OLD = make_platform(
    "procedures-old",
    names=[NAME, OWN],
    dates={"live": "2020-01-01", "frozen": "2025-07-01", "retired": "2025-12-31"},
)
NEW = make_platform(
    "procedures", names=[NAME], replaces="procedures-old", dates={"prepare": "2025-06-01", "live": "2025-07-01"}
)
MACHINES = ("procedures-old-1", "procedures-1")
FROZEN = Cutover("2025-07-01T00:00:00Z")
SWITCHED = replace(FROZEN, switched="2025-07-01T01:00:00Z")
RETURNING = replace(SWITCHED, back="2025-07-02T00:00:00Z")


def make(*platforms: dict[str, object]) -> tuple[Inventory, Locks]:
    """The platforms, all enrolled with certificates."""
    inventory = with_platforms(*platforms)
    keys = {name: Keys("A" * 43 + "=", "ssh-ed25519 AAAA") for name in (*inventory.province.servers, *MACHINES)}
    certificates = dict.fromkeys(("ca", *MACHINES), "a certificate\n")
    return inventory, replace(lock(inventory).locks, keys=keys, certificates=certificates)


@pytest.mark.parametrize("platforms", [(OLD, NEW), (NEW, OLD)])
@pytest.mark.parametrize(
    ("entry", "day", "old", "new", "leads"),  # stage inside the machine; None: no machine
    [
        (None, date(2025, 5, 1), "live", None, "procedures-old-1"),
        (None, date(2025, 6, 1), "live", "frozen", "procedures-old-1"),
        (None, LATE, "live", "frozen", "procedures-old-1"),
        (FROZEN, DAY, "frozen", "frozen", "procedures-old-1"),
        (FROZEN, LATE, "frozen", "frozen", "procedures-old-1"),
        (SWITCHED, DAY, "frozen", "live", "procedures-1"),
        (SWITCHED, LATE, None, "live", "procedures-1"),
        (RETURNING, DAY, "frozen", "frozen", "procedures-1"),
        (RETURNING, LATE, "frozen", "frozen", "procedures-1"),
    ],
)
def test_who_takes_changes_and_who_has_the_name(platforms, entry, day, old, new, leads) -> None:
    inventory, locks = make(*platforms)
    locks = replace(locks, cutovers={"procedures": entry} if entry else {})
    design = design_province(inventory, locks, day)
    hosts = {host.name: host for host in design.platform_hosts}
    stages = tuple(hosts[name].stage if name in hosts else None for name in MACHINES)
    assert stages == (old, new)
    names = {one.name: one for one in machine_names(inventory, locks, design.platforms, day)}
    assert names[f"{NAME}."].v4 == (locks.machines[leads].address,)
    if old:
        assert names[f"{OWN}."].v4 == (locks.machines["procedures-old-1"].address,)
        assert hosts["procedures-old-1"].names == (NAME, OWN)
    zones = design.zones.zones if design.zones else {}
    assert zones["lamdong.gov.vn."][f"{NAME}. A"].records == (locks.machines[leads].address,)


def test_a_name_is_kept_for_long_by_nobody_while_it_may_move() -> None:
    inventory, locks = make(OLD, NEW)
    short, long = inventory.province.defaults.dns.trial_ttl, inventory.province.defaults.dns.ttl
    for entry, day, ttl in (
        (None, DAY, short),
        (FROZEN, DAY, short),
        (SWITCHED, date(2025, 7, 15), short),
        (SWITCHED, date(2025, 7, 16), long),
        (RETURNING, DAY, short),
    ):
        design = design_province(inventory, replace(locks, cutovers={"procedures": entry} if entry else {}), day)
        assert design.zones is not None
        assert design.zones.zones["lamdong.gov.vn."][f"{NAME}. A"].ttl == ttl, (entry, day)
