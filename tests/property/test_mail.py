"""The promises of official addresses and of accounts, for any history of the staff files."""

import re
import tempfile
import time
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from haicap.addressing.lockfile import read_mail, write_mail
from haicap.addressing.mail import PlannedMail, plan_mail
from haicap.addressing.model import Mailbox, Name
from haicap.addressing.overlaps import find_same_addresses
from haicap.addressing.pattern import RESERVED, name_parts
from haicap.design.accounts import People, design_accounts
from haicap.inventory.base import Dates
from haicap.inventory.model import Mail
from haicap.inventory.staff import Staff, UnitStaff
from haicap.lifecycle.accounts import Stay, account_edges, account_stage
from tests.property.test_addressing import VIETNAMESE
from tests.unit.addressing.mailsamples import (
    UNITS,
    lock_mail,
    person,
    role,
    staff,
)
from tests.unit.addressing.samples import SEGMENTS, make_inventory, make_province, make_unit

promise = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

START = date(2025, 7, 1)
LONG = st.text(VIETNAMESE + VIETNAMESE.upper() + " -'’0123456789", min_size=1, max_size=90).filter(str.strip)
ALIKE = st.sampled_from(["Hải", "hai", "HAI", "Hai 2", "Root", "Lê Hải", "Lo Hai", "K'Brêu", "H'Hen Niê", "Y Wăn Êban"])
ADDRESSES = st.sampled_from(
    ["hai.lacduong@lamdong.gov.vn", "hai2.lacduong@lamdong.gov.vn", "hail.dalat@lamdong.gov.vn", "hai@hue.gov.vn"]
)
TEMPLATES = st.sampled_from([Mail().person, "{given}{number}.{unit}", "{family}.{given}-{number}"])
LIVE = {"segments": SEGMENTS, "policy": [], "calendar": {"main": {"live": "2025-07-01"}}}
INVENTORY = make_inventory(*map(make_unit, UNITS), province=make_province(defaults=LIVE))
SAME = "{given}{number}"  # a pattern for the province: who moves keeps the address
MOVE = [staff(1, person("NV-1", until="2025-07-31")), staff(2, person("NV-1", since="2025-08-01"))]
ROLES = st.lists(st.sampled_from(["motcua", "hai", "ubnd"]), unique=True, max_size=2)


@st.composite
def careers(draw: st.DrawFn) -> list[tuple[int, dict[str, Any]]]:
    """One person's rows in the files, by unit: stays that follow each other, the last one perhaps without an end."""
    day, rows = START + timedelta(draw(st.integers(0, 30))), []
    former = draw(st.lists(ADDRESSES, max_size=1)) if draw(st.booleans()) else []
    for code in draw(st.lists(st.sampled_from(list(UNITS)), min_size=1, max_size=3)):
        last = day + timedelta(draw(st.integers(0, 40)))
        rows.append((code, {"since": day.isoformat(), "until": last.isoformat(), "former_addresses": former}))
        day = last + timedelta(draw(st.integers(1, 30)))
    if draw(st.booleans()):
        rows[-1][1]["until"] = None
    return rows


@st.composite
def files(draw: st.DrawFn) -> list[UnitStaff]:
    """Staff files of three units."""
    people: dict[int, list[dict[str, Any]]] = {code: [] for code in UNITS}
    for number in draw(st.lists(st.integers(1, 9), unique=True, max_size=7)):
        name = draw(ALIKE)
        for code, row in draw(careers()):
            people[code].append(person(f"NV-{number}", name, **row))
    return [staff(code, *rows, mailboxes=map(role, draw(ROLES))) for code, rows in people.items()]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[list[UnitStaff], date, str]]:
    """Staff files over time, the day of each lock, and the template that then holds."""
    day, story = START, []
    for step, days, template in draw(st.lists(st.tuples(files(), st.integers(0, 60), TEMPLATES), max_size=4)):
        day += timedelta(days)
        story.append((step, day, template))
    return story


def tell(story: list[tuple[list[UnitStaff], date, str]]) -> list[PlannedMail]:
    """The lock after each step."""
    told: list[PlannedMail] = []
    for step, day, template in story:
        locked = told[-1].mailboxes if told else {}
        told.append(lock_mail(*step, locked=locked, today=day, person=template))
    return told


def owners(mailboxes: Mapping[str, Mailbox]) -> dict[str, str]:
    return {address: key for key, box in mailboxes.items() for address in box.addresses}


@promise
@given(histories())
def test_an_address_is_one_person_s_for_ever(story: list[tuple[list[UnitStaff], date, str]]) -> None:
    known: dict[str, str] = {}
    for planned in tell(story):
        assert find_same_addresses(planned.mailboxes) == []
        assert known.items() <= owners(planned.mailboxes).items()
        known = owners(planned.mailboxes)


@promise
@given(histories())
def test_who_has_an_address_in_a_unit_keeps_it(story: list[tuple[list[UnitStaff], date, str]]) -> None:
    held: dict[tuple[str, str], str] = {}
    for planned in tell(story):
        terms = [(key, term) for key, box in planned.mailboxes.items() for term in box.terms]
        for key, term in terms:
            assert held.get((key, term.unit), term.address) == term.address
        held = {(key, term.unit): term.address for key, term in terms}


@promise
@given(histories())
def test_locking_twice_changes_no_byte(story: list[tuple[list[UnitStaff], date, str]]) -> None:
    for (step, day, template), planned in zip(story, tell(story), strict=True):
        for later in (day, day + timedelta(400)):
            again = lock_mail(*step, locked=planned.mailboxes, today=later, person=template)
            assert again.mailboxes == planned.mailboxes and again.findings == planned.findings
            assert not (again.added or again.moved or again.removed)
        with tempfile.TemporaryDirectory() as name:
            write_mail(Path(name), planned.mailboxes)
            assert read_mail(Path(name)) == planned.mailboxes and write_mail(Path(name), planned.mailboxes) == ()


@promise
@given(histories(), st.randoms())
def test_order_never_matters(story: list[tuple[list[UnitStaff], date, str]], random: Any) -> None:
    shuffled = []
    for step, day, template in story:
        mixed = [
            file.model_copy(
                update={
                    "people": tuple(random.sample(file.people, len(file.people))),
                    "mailboxes": tuple(random.sample(file.mailboxes, len(file.mailboxes))),
                }
            )
            for file in random.sample(step, len(step))
        ]
        shuffled.append((mixed, day, template))
    assert tell(story) == tell(shuffled)
    for one, other in zip(tell(story), tell(shuffled), strict=True):
        assert list(one.mailboxes) == list(other.mailboxes)  # so the lock has the same bytes


@promise
@given(histories(), st.integers(-30, 500))
@example([([staff(1, person("NV-1"))], START, SAME), (MOVE, START, SAME)], 31)
def test_old_addresses_take_one_step_to_the_same_holder(
    story: list[tuple[list[UnitStaff], date, str]], days: int
) -> None:
    for (step, _, _), planned in zip(story, tell(story), strict=True):
        people = People(Staff(units={file.unit: file for file in step}), planned.mailboxes)
        found = design_accounts(INVENTORY, people, START + timedelta(days))
        aliases, official = {}, {}
        for code, unit in found.items():
            official |= {one.address: key for key, one in unit.accounts.items() if one.home == code}
            official |= {one.address: f"{code}@2025-07-01/{key}" for key, one in unit.groups.items()}
            led = [*unit.aliases.items()]
            led += [(f"{code}@2025-07-01/{key}", one.aliases) for key, one in unit.groups.items()]
            for key, old in led:
                assert not aliases.keys() & old.keys()
                aliases |= dict.fromkeys(old, key)
        assert not aliases.keys() & official.keys()
        assert set(aliases.values()) <= set(official.values())
        assert aliases.items() <= owners(planned.mailboxes).items()


@promise
@given(histories())
def test_nobody_gets_what_others_had_before(story: list[tuple[list[UnitStaff], date, str]]) -> None:
    """A former address that somebody else declares is no new address, even where that is a finding."""
    before: set[str] = set()
    for (step, _, _), planned in zip(story, tell(story), strict=True):
        claims = [(claim, row.id) for file in step for row in file.people for claim in row.former_addresses]
        for claim, _ in claims:
            new = (
                {key for key, box in planned.mailboxes.items() if claim in box.addresses}
                if claim not in before
                else set()
            )
            assert new <= {key for address, key in claims if address == claim}
        before |= owners(planned.mailboxes).keys()


@promise
@given(st.lists(LONG | ALIKE, max_size=12), st.integers(0, 12), TEMPLATES)
@example(["Root", "Root", "Admin", "Postmaster"], 1, "{given}{number}.{unit}")
def test_addresses_are_valid_and_stay(names: list[str], cut: int, template: str) -> None:
    people = [person(f"NV-{number}", name) for number, name in enumerate(names, 1)]
    first = lock_mail(staff(1, *people[:cut]), person=template).mailboxes
    planned = lock_mail(staff(1, *people), locked=first, person=template)
    assert len(planned.mailboxes) + len(planned.findings) == len(people)
    assert {key: planned.mailboxes[key] for key in first} == first
    for address in owners(planned.mailboxes):
        local = address.partition("@")[0]
        assert re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", local) and len(local) <= 64
        assert local.removesuffix(".lacduong") not in RESERVED


@promise
@given(LONG)
def test_spellings_are_one_name(name: str) -> None:
    forms = {name_parts(unicodedata.normalize(form, text)) for form in ("NFC", "NFD") for text in (name, name.upper())}
    assert forms == {name_parts(name)}


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Stay], dict[str, Dates], Mail]:
    """Any stays, well ordered or not, the units' dates, and the province's days."""
    some = st.integers(0, 60).map(lambda days: START + timedelta(days))
    stays = st.builds(
        lambda a, u, n: Stay(a, u, None if n is None else a + timedelta(n)),
        some,
        st.sampled_from("AB"),
        st.none() | st.integers(0, 30),
    )
    dates = st.builds(Dates, live=st.none() | some, frozen=st.none() | some, retired=st.none() | some)
    few = st.integers(0, 12)
    mail = st.builds(Mail, forward_days=few, frozen_days=few, archived_days=few)
    return draw(st.lists(stays, max_size=4)), {unit: draw(dates) for unit in "AB"}, draw(mail)


ORDER = ("prepare", "live", "frozen", "archived", "moved", "retired")


@promise
@given(lives())
def test_stages_only_go_forward_in_one_stay(life: tuple[list[Stay], dict[str, Dates], Mail]) -> None:
    stays, dates, mail = life
    before = -1
    for number in range(160):
        stage = account_stage("A", stays, dates, mail, START + timedelta(number))
        place = ORDER.index(stage)
        assert place >= before or stage == "live"
        before = place


@promise
@given(lives())
def test_who_is_in_a_live_unit_is_live(life: tuple[list[Stay], dict[str, Dates], Mail]) -> None:
    stays, dates, mail = life
    latest = max((stay.since for stay in stays), default=START)
    for number in range(100):
        day = START + timedelta(number)
        here = any(
            stay.unit == "A" and stay.since <= day and (day <= stay.until if stay.until else stay.since == latest)
            for stay in stays
        )
        over = [end for end in (dates["A"].frozen, dates["A"].retired) if end]
        works = dates["A"].live is not None and dates["A"].live <= day and all(day < end for end in over)
        stage = account_stage("A", stays, dates, mail, day)
        assert stage == "live" if here and works else stage != "live" or works
        assert stage != "moved" or any(stay.unit == "B" and stay.since <= day for stay in stays)


@promise
@given(lives(), st.randoms())
def test_edges_are_in_order_and_each_day_has_one_stage(
    life: tuple[list[Stay], dict[str, Dates], Mail], random: Any
) -> None:
    stays, dates, mail = life
    edges = account_edges("A", stays, dates, mail)
    days = [day for day, _ in edges]
    assert days == sorted(set(days)) and edges == account_edges("A", random.sample(stays, len(stays)), dates, mail)


@pytest.mark.slow
def test_a_country_s_staff_is_locked_at_once() -> None:
    """200,000 people, 60 in a unit, each name five times there: seconds of processor time."""
    units = [make_unit(code) for code in range(1, 3335)]
    names = {unit.identity: Name(f"don{unit.code}", unit.name) for unit in units}
    given_names = [f"Nguyễn {middle} {last}" for middle in ("Văn", "Thị", "Đức") for last in ("Hải", "Hà", "An", "Đạt")]
    numbers = iter(range(1, 200_041))
    people = [staff(int(unit.code), *(_row(next(numbers), given_names) for _ in range(60))) for unit in units]
    inventory = make_inventory(*units)
    start = time.process_time()
    planned = plan_mail(inventory, people, names, {}, START)
    assert time.process_time() - start < 30
    assert len(planned.mailboxes) == 200_040 and not planned.findings
    assert plan_mail(inventory, people, names, planned.mailboxes, START).mailboxes == planned.mailboxes


def _row(number: int, names: list[str]) -> dict[str, Any]:
    return person(f"NV-{number:07d}", names[number * 7 % len(names)])
