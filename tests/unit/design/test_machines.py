"""Platforms on a date: whose machines a name leads to, who may write, what each machine is, and who carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from haicap.addressing.model import Cutover, Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.design import ProvinceDesign, design_province
from haicap.design.machines import PlatformDesign, Site
from haicap.inventory.loader import load
from haicap.inventory.model import Image, Inventory, Profile
from haicap.stack.resources import resources_of

ROOT = Path(__file__).parents[3]
DAY = date(2025, 7, 10)
KEY = "ssh-ed25519 AAAA operator"
MACHINES = ("procedures-1", "procedures-old-1")
FROZEN, SWITCHED = "2025-07-10T01:00:00+00:00", "2025-07-10T01:05:00+00:00"


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    found = load(ROOT, "lam-dong")
    ssh = found.province.ssh.model_copy(update={"authorized_keys": (KEY,)})
    return found.model_copy(update={"province": found.province.model_copy(update={"ssh": ssh})})


@pytest.fixture(scope="module")
def locks(inventory: Inventory) -> Locks:
    """Everything is locked; servers, one gateway and the two procedure systems are enrolled."""
    made = plan_locks(inventory, Locks(), DAY).locks
    names = [*inventory.province.servers, "gw-24829", *MACHINES]
    keys = {name: Keys("" if name in MACHINES else "A" * 43 + "=", "ssh-ed25519 AAAA") for name in names}
    return replace(made, keys=keys, certificates=dict.fromkeys(("ca", *MACHINES), "(pem)\n"))


def _on(inventory: Inventory, locks: Locks, cutover: Cutover | None = None, day: date = DAY) -> ProvinceDesign:
    cutovers: Mapping[str, Cutover] = {} if cutover is None else {"procedures": cutover}
    return design_province(inventory, replace(locks, cutovers=cutovers), day)


def _platform(design: ProvinceDesign, name: str) -> PlatformDesign:
    return next(platform for platform in design.platforms if platform.name == name)


@pytest.mark.parametrize(
    ("cutover", "writer", "leads_to", "stages"),
    [
        (None, {"procedures-old"}, "procedures-old-1", ("live", "live")),
        (Cutover(FROZEN), set(), "procedures-old-1", ("frozen", "live")),
        (Cutover(FROZEN, SWITCHED), {"procedures"}, "procedures-1", ("frozen", "live")),
    ],
)
def test_one_platform_at_most_takes_changes_and_the_name_leads_to_it(
    inventory: Inventory,
    locks: Locks,
    cutover: Cutover | None,
    writer: set[str],
    leads_to: str,
    stages: tuple[str, str],
) -> None:
    design = _on(inventory, locks, cutover)
    pair = [_platform(design, name) for name in ("procedures-old", "procedures")]
    assert {platform.name for platform in pair if platform.writes} == writer
    assert tuple(platform.stage for platform in pair) == stages
    assert design.zones is not None
    found = design.zones.zones["lamdong.gov.vn."]["motcua.lamdong.gov.vn. A"]
    assert found.records == (locks.machines[leads_to].address,)
    assert found.ttl == inventory.province.defaults.dns.trial_ttl
    frozen = {host.platform for host in design.platform_hosts if host.stage == "frozen"}
    assert frozen == {platform.name for platform in pair} - writer


def test_a_platform_that_is_replaced_outlives_its_dates_until_the_switch(inventory: Inventory, locks: Locks) -> None:
    platforms = tuple(
        one.model_copy(update={"dates": one.dates.model_copy(update={"retired": date(2025, 7, 5)})})
        if one.name == "procedures-old"
        else one
        for one in inventory.platforms
    )
    late = inventory.model_copy(update={"platforms": platforms})
    assert _platform(_on(late, locks), "procedures-old").stage == "live"
    assert _platform(_on(late, locks, Cutover(FROZEN)), "procedures-old").machines != ()
    after = _on(late, locks, Cutover(FROZEN, SWITCHED))
    assert (_platform(after, "procedures-old").stage, _platform(after, "procedures-old").machines) == ("retired", ())
    assert _platform(after, "procedures").writes


def test_a_hypervisor_announces_its_machines_and_hubs_take_no_other(inventory: Inventory, locks: Locks) -> None:
    design = _on(inventory, locks)
    for host in design.hypervisors:
        assert host.hypervisor is not None
        here = {name for name, placed in locks.machines.items() if placed.hypervisor == host.name}
        assert {guest.name for guest in host.hypervisor.guests} == here
        routes = {f"{locks.machines[name].address}/32" for name in here}
        assert routes < set(host.vpn.announce)
        for hub in design.hubs:
            accepted = next(n.accept for n in hub.vpn.neighbors if n.name == host.name)
            assert set(accepted) == set(host.vpn.announce)
    gateway = next(unit.gateway for unit in design.units if unit.code == "24829")
    assert gateway is not None
    assert not {f"{placed.address}/32" for placed in locks.machines.values()} & set(gateway.vpn.announce)


def test_only_the_units_that_are_served_come_in(inventory: Inventory, locks: Locks) -> None:
    platforms = tuple(
        one.model_copy(update={"serves": ("24829",)}) if one.name == "procedures" else one
        for one in inventory.platforms
    )
    design = _on(inventory.model_copy(update={"platforms": platforms}), locks)
    allowed = {host.name: host.allowed for host in design.platform_hosts}
    member = next(unit.member for unit in design.units if unit.code == "24829")
    assert allowed["procedures-1"] == (member.block,)
    assert allowed["procedures-old-1"] == tuple(map(str, inventory.province.pools.units.networks))


def test_no_machine_is_made_that_nobody_could_enter(inventory: Inventory, locks: Locks) -> None:
    ssh = inventory.province.ssh.model_copy(update={"authorized_keys": ()})
    closed = inventory.model_copy(update={"province": inventory.province.model_copy(update={"ssh": ssh})})
    design = _on(closed, locks)
    assert not [resource for resource in resources_of(design) if resource.kind == "Machine"]
    assert "procedures-1" in {waiting.host for waiting in design.waiting}
    made = [resource.name for resource in resources_of(_on(inventory, locks)) if resource.kind == "Machine"]
    assert "vm-procedures-1" in made


def test_a_lab_has_its_own_image_key_and_sizes(inventory: Inventory, locks: Locks) -> None:
    image = Image(name="lab", source="file:///x.qcow2", sha256="a" * 64)
    site = Site(image, ("ssh-ed25519 LAB",), Profile(vcpus=1, memory_mib=512, root_gib=3, max_memory_mib=1024), 1)
    design = design_province(inventory, locks, DAY, None, site)
    machines = [machine for platform in design.platforms for machine in platform.machines]
    assert {machine.image.sha256 for machine in machines} == {"a" * 64}
    assert {machine.authorized_keys for machine in machines} == {("ssh-ed25519 LAB",)}
    assert all(m.vcpus == 1 and m.memory_mib <= 512 and m.root_gib <= 3 for m in machines)
    assert all(gib == 1 for machine in machines for gib in machine.disks.values())


def test_an_address_gives_the_card_its_number(inventory: Inventory, locks: Locks) -> None:
    machines = [machine for platform in _on(inventory, locks).platforms for machine in platform.machines]
    assert len({machine.mac for machine in machines}) == len(machines)
    one = next(machine for machine in machines if machine.name == "procedures-1")
    assert one.mac == "52:54:" + ":".join(f"{int(part):02x}" for part in one.address.split("."))
    assert (one.gateway, one.prefix) == ("10.126.0.1", 24)
