"""The promises of a lock, for any history of an inventory."""

import re
import tempfile
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.addressing.agreement import verify
from haicap.addressing.lockfile import locks_digest, read_locks, write_locks
from haicap.addressing.model import Locks, Member, Name
from haicap.addressing.names import is_reserved, plain_label
from haicap.addressing.networks import span
from haicap.addressing.overlaps import find_clashes, find_same_labels
from haicap.inventory.model import Inventory, Province, Unit
from haicap.inventory.sizing import hosts_needed, prefix_for
from tests.unit.addressing.samples import (
    DAY,
    lock,
    make_hub,
    make_inventory,
    make_pools,
    make_province,
    make_unit,
    with_segments,
)

promise = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđbcdghklmnpqrstvx"
NAMES = st.text(VIETNAMESE + VIETNAMESE.upper() + " -'’0123456789", min_size=1, max_size=90).filter(str.strip)
SHORT_NAMES = st.text("aáàâđd 1", min_size=1, max_size=2).filter(str.strip)  # that often collide
KINDS = st.sampled_from(["commune", "ward", "special_zone"])
HOSTS = st.lists(st.sampled_from(["camera", "door", "printer", "scanner"]), unique=True, max_size=4)


@st.composite
def units(draw: st.DrawFn, code: int, names: st.SearchStrategy[str] = SHORT_NAMES) -> Unit:
    hosts = [
        {"name": name, "segment": draw(st.sampled_from(["staff", "guest"])), "mac": "02:00:00:00:00:01"}
        for name in draw(HOSTS)
    ]
    staff = draw(st.integers(1, 220))
    return make_unit(code, draw(names), kind=draw(KINDS), staff=staff, hosts=hosts)


@st.composite
def unit_sets(draw: st.DrawFn, codes: int = 8) -> list[Unit]:
    chosen = draw(st.lists(st.integers(1, codes), unique=True, max_size=codes))
    return [draw(units(code)) for code in chosen]


@st.composite
def provinces(draw: st.DrawFn) -> Province:
    """Few hubs, pools that are sometimes small, and some segments."""
    sizes = st.fixed_dictionaries(
        {"min_hosts": st.sampled_from([2, 13, 29, 60, 125]), "hosts_per_staff": st.sampled_from([0, 0.25, 1.0])}
    )
    vlans = st.lists(st.integers(1, 400), min_size=5, max_size=5, unique=True)
    named = zip(("staff", "guest", "servers", "voice", "lab"), draw(vlans), strict=True)
    segments = {name: draw(sizes) | {"vlan": vlan} for name, vlan in named if name == "staff" or draw(st.booleans())}
    return make_province(
        hubs=[make_hub(number) for number in draw(st.lists(st.integers(1, 3), unique=True, min_size=1))],
        pools=make_pools(
            units={"networks": [draw(st.sampled_from(["10.64.0.0/16", "10.64.0.0/20"]))], "prefix": 22},
            uplinks={"networks": [draw(st.sampled_from(["100.64.0.0/20", "100.64.0.0/27"]))], "prefix": 30},
            rest_days=draw(st.sampled_from([0, 10, 365])),
        ),
        defaults={"segments": segments, "policy": [], "calendar": {}},
    )


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Inventory, date]]:
    """Inventories of one province over time: units come, go, grow and are renamed; hubs and segments change."""
    steps = draw(st.lists(st.tuples(provinces(), unit_sets(), st.integers(0, 40)), min_size=1, max_size=5))
    day, story = DAY, []
    for province, members, days in steps:
        day += timedelta(days)
        story.append((make_inventory(*members, province=province), day))
    return story


def own(member: Member) -> tuple[Any, ...]:
    """What must never move."""
    return member.uplink, member.loopback, member.loopback6, member.asn, member.block, member.block6


@promise
@given(histories())
def test_nothing_overlaps_ever(story: list[tuple[Inventory, date]]) -> None:
    locks = Locks()
    for inventory, day in story:
        locks = lock(inventory, locks, day).locks
        assert find_clashes(locks.members) == [] and find_same_labels(locks.names) == []


@promise
@given(histories())
def test_what_is_locked_stays(story: list[tuple[Inventory, date]]) -> None:
    locks = Locks()
    for inventory, day in story:
        new = lock(inventory, locks, day).locks
        for identity in locks.members.keys() & new.members.keys():
            old, now = locks.members[identity], new.members[identity]
            assert own(old) == own(now)
            assert all(now.tunnels[hub] == old.tunnels[hub] for hub in old.tunnels.keys() & now.tunnels.keys())
            for name in old.segments.keys() & now.segments.keys():
                assert span(old.segments[name].v4).first == span(now.segments[name].v4).first
                assert span(old.segments[name].v4).prefix >= span(now.segments[name].v4).prefix
                assert old.segments[name].v6 == now.segments[name].v6
        for identity in locks.names.keys() & new.names.keys():
            assert locks.names[identity].label == new.names[identity].label
        locks = new


@promise
@given(histories())
def test_who_left_is_there_until_it_has_rested(story: list[tuple[Inventory, date]]) -> None:
    locks = Locks()
    for inventory, day in story:
        new = lock(inventory, locks, day).locks
        present = {unit.identity for unit in inventory.units}
        rest = inventory.province.pools.rest_days
        for identity, member in locks.members.items():
            if "@" in identity and identity not in present:
                rested = (day - (member.removed or day)).days >= rest
                assert (identity not in new.members) == rested
                assert rested or new.members[identity].removed == (member.removed or day)
        assert all(new.members[identity].removed is None for identity in present & new.members.keys())
        locks = new


@promise
@given(histories())
def test_locking_twice_changes_nothing(story: list[tuple[Inventory, date]]) -> None:
    locks = Locks()
    for inventory, day in story:
        locks = lock(inventory, locks, day).locks
        again = lock(inventory, locks, day)
        assert again.locks == locks and locks_digest(again.locks) == locks_digest(locks)
        assert not (again.added or again.removed or again.grown or again.moved)
        assert verify(inventory, locks) == sorted(again.findings)


@promise
@given(unit_sets(), st.randoms())
def test_order_never_matters(members: list[Unit], random: Any) -> None:
    shuffled = members.copy()
    random.shuffle(shuffled)
    assert lock(make_inventory(*members)) == lock(make_inventory(*shuffled))


@promise
@given(unit_sets(), unit_sets(), SHORT_NAMES)
def test_others_never_move_a_unit(members: list[Unit], others: list[Unit], name: str) -> None:
    before = lock(make_inventory(*members)).locks
    codes = {unit.code for unit in members}
    renamed = [unit.model_copy(update={"name": name}) for unit in members]
    after = lock(make_inventory(*[unit for unit in others if unit.code not in codes], *renamed), before).locks
    assert {identity: after.members[identity] for identity in before.members} == before.members
    assert {identity: after.names[identity] for identity in before.names} == before.names


@promise
@given(units(1), st.integers(1, 900), st.booleans())
def test_a_segment_grows_in_place_or_is_a_finding(unit: Unit, staff: int, may_move: bool) -> None:
    before = lock(make_inventory(unit)).locks
    province = make_province()
    larger = unit.model_copy(update={"staff": staff})
    wanted = province.defaults.segments
    move = frozenset(f"00001/{name}" for name in wanted) if may_move else frozenset()
    planned = lock(make_inventory(larger), before, move=move)
    assert find_clashes(planned.locks.members) == []
    found = [finding for finding in planned.findings if finding.rule in ("segment-outgrown", "block-full")]
    old, new = (locks.members[unit.identity].segments for locks in (before, planned.locks))
    short = {name for name in new if span(new[name].v4).prefix > prefix_for(hosts_needed(larger, name, wanted[name]))}
    moved = {name for name in old if span(old[name].v4).first != span(new[name].v4).first}
    assert len(found) >= len(short) and bool(found) >= bool(short)
    assert len(planned.moved) == len(moved) and (may_move or not moved)


@promise
@given(unit_sets(), st.lists(st.integers(9, 20), unique=True, max_size=4))
def test_a_new_segment_moves_no_other(members: list[Unit], vlans: list[int]) -> None:
    first = {"staff": {"vlan": 1, "min_hosts": 29}, "guest": {"vlan": 2, "min_hosts": 60}}
    more = {f"s{vlan}": {"vlan": vlan, "min_hosts": vlan} for vlan in vlans}
    before = lock(make_inventory(*members, province=with_segments(**first))).locks
    after = lock(make_inventory(*members, province=with_segments(**first, **more)), before)
    assert not after.findings
    for unit in members:
        old, new = (locks.members[unit.identity].segments for locks in (before, after.locks))
        assert {name: new[name] for name in old} == old and new.keys() == first.keys() | more.keys()


@promise
@given(st.lists(st.tuples(NAMES | SHORT_NAMES, KINDS), max_size=12), st.integers(0, 12))
def test_labels_are_valid_unique_and_stay(named: list[tuple[str, str]], cut: int) -> None:
    members = [make_unit(code, name, kind=kind) for code, (name, kind) in enumerate(named, 1)]
    first = lock(make_inventory(*members[:cut])).locks
    names: Mapping[str, Name] = lock(make_inventory(*members), first).locks.names
    labels = [name.label for name in names.values()]
    assert len(set(labels)) == len(labels) == len(members)
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", label) for label in labels)
    assert not any(is_reserved(label, {"hub1", "hub2", "dns1"}) for label in labels)
    assert {identity: names[identity] for identity in first.names} == first.names


@promise
@given(NAMES)
def test_spellings_have_one_label(name: str) -> None:
    forms = {plain_label(unicodedata.normalize(form, name)) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert len(forms) == 1 and forms == {plain_label(name.upper())} and re.fullmatch(r"[a-z0-9]{0,63}", forms.pop())


@promise
@given(histories(), st.lists(st.text(min_size=1, max_size=40), max_size=3))
def test_lock_files_round_trip(story: list[tuple[Inventory, date]], texts: list[str]) -> None:
    locks = Locks()
    for inventory, day in story:
        locks = lock(inventory, locks, day).locks
    writable = [text for text in texts if text.encode(errors="ignore").decode() == text]
    extra = {f"{n:05d}@2030-01-01": Name(f"extra-{n}", text) for n, text in enumerate(writable)}
    locks = replace(locks, names=dict(locks.names) | extra)
    with tempfile.TemporaryDirectory() as name:
        assert len(write_locks(Path(name), locks)) == 2
        found = read_locks(Path(name))
        assert found == locks and write_locks(Path(name), found) == ()


@pytest.mark.parametrize("count", [124, 3321])
def test_a_province_is_locked_at_once(count: int) -> None:
    """The largest province there is, and the whole country in one: a few seconds of processor time at most."""
    hubs = [make_hub(number, tunnels=f"10.{number}.0.0/16") for number in (1, 2)]
    pools = make_pools(
        units={"networks": ["10.128.0.0/10"], "prefix": 22},
        units6={"networks": ["2001:db8::/40"], "prefix": 56},
        loopbacks={"networks": ["10.127.0.0/18"], "prefix": 32},
        uplinks={"networks": ["100.64.0.0/16"], "prefix": 30},
        as_numbers={"first": 4200000000, "last": 4200009999},
    )
    inventory = make_inventory(*map(make_unit, range(count)), province=make_province(hubs=hubs, pools=pools))
    start = time.process_time()
    planned = lock(inventory)
    assert not planned.findings and len(planned.locks.members) == count + 3
    assert time.process_time() - start < 10
