"""Promises of staff files: invented people are stable and pass the check, and a file's text gives the same people."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haicap.inventory.loader import load
from haicap.inventory.marks import FileMarks, Node
from haicap.inventory.model import Inventory
from haicap.inventory.reader import Reader
from haicap.inventory.reading import validate
from haicap.inventory.rules import check_staff
from haicap.inventory.rules.staff import StaffFile
from haicap.inventory.scalars import hidden
from haicap.inventory.staff import Person, RoleMailbox, UnitStaff
from haicap.inventory.staff_sample import generate_staff
from haicap.inventory.staff_text import staff_yaml

SINCE = date(2025, 7, 1)
OLD_NAMES = ("liennghia-ductrong.lamdong.gov.vn", "phuhoi-ductrong.lamdong.gov.vn", "hoathang.bacbinh.binhthuan.gov.vn")
CODES = st.sampled_from(["23041", "23053", "24958"])
WORDS = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), min_size=1, max_size=100)
    .map(lambda text: unicodedata.normalize("NFC", text).strip())
    .filter(lambda text: 1 <= len(text) <= 100 and hidden(text) is None)
)


@pytest.fixture(scope="module")
def base() -> Inventory:
    """The small inventory `x` of tests/errors."""
    return load(Path(__file__).parents[1] / "errors/base", "x")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is written again and again."""
    return tmp_path_factory.mktemp("staff") / "24958.yml"


def read_again(staff: UnitStaff, file: Path) -> UnitStaff | None:
    """What the file says when it holds `staff_yaml(staff)`."""
    file.write_text(staff_yaml(staff), "utf-8", newline="\n")
    reader = Reader()
    node = reader.read(file)
    assert reader.traps == []
    assert node is not None
    return validate(UnitStaff, node)[0]


@settings(max_examples=60, deadline=None)
@given(counts=st.tuples(st.integers(1, 300), st.integers(1, 300)), code=CODES)
def test_a_larger_unit_only_gets_more_people(counts: tuple[int, int], code: str) -> None:
    smaller, larger = (generate_staff("68", code, count, SINCE, OLD_NAMES).people for count in sorted(counts))
    assert larger[: len(smaller)] == smaller
    assert len(larger) == max(counts)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 300), code=CODES, names=st.sets(st.sampled_from(OLD_NAMES)))
def test_invented_people_pass_the_check_and_depend_on_nothing_else(
    count: int, code: str, names: set[str], base: Inventory, file: Path
) -> None:
    staff = generate_staff("68", code, count, SINCE, sorted(names))
    numbers = frozenset(person.id for person in staff.people)
    assert check_staff((StaffFile(code, staff, FileMarks(file.name, Node({}, 0)), numbers),), base) == []
    assert read_again(staff, file) == staff
    bare = generate_staff("68", code, count, SINCE, ()).people
    assert [(p.id, p.name, p.position) for p in bare] == [(p.id, p.name, p.position) for p in staff.people]


@settings(max_examples=200, deadline=None)
@given(name=WORDS, position=WORDS, until=st.sampled_from([None, date(2026, 1, 31)]))
def test_any_words_are_the_same_when_read_again(name: str, position: str, until: date | None, file: Path) -> None:
    person = Person(id="1024", name=name, position=position, **{"from": SINCE}, until=until)
    mailbox = RoleMailbox(role="no", title=position, members=("1024",), former_addresses=("no@a.vn",))
    staff = UnitStaff(unit="00004", people=(person,), mailboxes=(mailbox,))
    assert read_again(staff, file) == staff
