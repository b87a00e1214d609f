"""Invented staff for a new inventory: nobody in it exists. The same for the same unit, whatever else changes."""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import accumulate

from haicap.inventory.naming import dns_label
from haicap.inventory.staff import Person, RoleMailbox, UnitStaff

# Weights are out of what they add up to; families and given names as common as they are, roughly.
_FAMILIES = {
    "Nguyễn": 380, "Trần": 110, "Lê": 95, "Phạm": 70, "Hoàng": 35, "Huỳnh": 25, "Phan": 45, "Vũ": 30, "Võ": 25,
    "Đặng": 25, "Bùi": 22, "Đỗ": 18, "Hồ": 15, "Ngô": 14, "Dương": 12, "Lý": 8, "Đinh": 8, "Mai": 6, "Trịnh": 6,
    "Nông": 4, "Ya": 2, "Kơ Să": 2, "K'": 2,
}  # fmt: skip
_MIDDLE_NAMES = {
    "man": {"Văn": 45, "Hữu": 8, "Đức": 8, "Quốc": 7, "Minh": 7, "Xuân": 5, "Thanh": 5, "Ngọc": 5, "Công": 4, "": 6},
    "woman": {"Thị": 50, "Thị Thu": 7, "Thị Thanh": 7, "Thị Ngọc": 6, "Ngọc": 6, "Thu": 5, "Minh": 4, "Thùy": 4, "": 5},
}
_GIVEN_NAMES = {
    "man": {
        "Hùng": 9, "Dũng": 8, "Tuấn": 8, "Hải": 8, "Nam": 7, "Sơn": 7, "Thắng": 6, "Cường": 6, "Long": 5, "Minh": 5,
        "Phúc": 4, "Đạt": 4, "Hưng": 4, "Khánh": 3, "Tiến": 3, "Quý": 2, "Thịnh": 2, "Toàn": 3, "Vinh": 3, "Ánh": 1,
    },
    "woman": {
        "Hương": 9, "Lan": 8, "Hoa": 7, "Hà": 7, "Thủy": 7, "Nga": 6, "Hằng": 6, "Hạnh": 5, "Trang": 6, "Linh": 6,
        "Mai": 5, "Yến": 4, "Phượng": 3, "Nhung": 4, "Thảo": 4, "Oanh": 3, "Ngân": 3, "Vân": 4, "Ánh": 2, "Đào": 1,
    },
}  # fmt: skip
_LEADERS = (
    "Chủ tịch UBND", "Phó Chủ tịch UBND", "Phó Chủ tịch UBND", "Chánh Văn phòng HĐND và UBND", "Văn thư",
    "Giám đốc Trung tâm Phục vụ hành chính công", "Công chức một cửa", "Trưởng phòng Kinh tế",
    "Trưởng phòng Văn hóa - Xã hội", "Phó Chánh Văn phòng HĐND và UBND", "Phó Trưởng phòng Kinh tế",
    "Phó Trưởng phòng Văn hóa - Xã hội",
)  # fmt: skip
_POSITIONS = {
    "Chuyên viên": 60, "Công chức một cửa": 12, "Cán sự": 8, "Kế toán": 5, "Văn thư": 2, "Nhân viên": 8,
}  # fmt: skip
# A role, its title, and whose position's words make them read it.
_MAILBOXES = (
    ("ubnd", "Ủy ban nhân dân", ("Chủ tịch", "Phó Chủ tịch", "Chánh Văn phòng")),
    ("motcua", "Bộ phận Một cửa", ("Giám đốc Trung tâm", "Công chức một cửa")),
    ("vanphong", "Văn phòng HĐND và UBND", ("Chánh Văn phòng", "Phó Chánh Văn phòng", "Văn thư")),
)
_ONE_IN = 6  # so many people bring a former address


def generate_staff(province_code: str, unit_code: str, count: int, since: date, old_names: Sequence[str]) -> UnitStaff:
    """`count` invented people of a unit (at least one), from the day `since`, and its role mailboxes.

    `old_names`: the predecessors' DNS names, at which some people and the committee had an address. A person's name
    and position depend on the codes and the person's place alone, so that a larger unit only gets more people.
    """
    people: list[Person] = []
    taken: set[str] = set()
    for number in range(1, count + 1):
        draws = _Draws(f"{province_code}/{unit_code}/{number}")
        name = _name(draws)
        position = _LEADERS[number - 1] if number <= len(_LEADERS) else draws.word(_POSITIONS)
        former = _former_address(draws, name, old_names, taken)
        people.append(
            Person(
                id=f"{province_code}-{unit_code}-{number:03}",
                name=name,
                position=position,
                **{"from": since},
                former_addresses=() if former is None else (former,),
            )
        )
    return UnitStaff(unit=unit_code, people=tuple(people), mailboxes=_mailboxes(people, old_names))


class _Draws:
    """A row of numbers that follow from a key."""

    def __init__(self, key: str) -> None:
        self._bytes = hashlib.sha256(key.encode()).digest()
        self._used = 0

    def below(self, limit: int) -> int:
        """The next number, from 0 to less than `limit`; a key has ten of them."""
        self._used += 3
        return int.from_bytes(self._bytes[self._used - 3 : self._used]) % limit

    def word(self, weights: Mapping[str, int]) -> str:
        """A word, as often as its weight says."""
        sums = list(accumulate(weights.values()))
        return list(weights)[bisect(sums, self.below(sums[-1]))]


def _name(draws: _Draws) -> str:
    """`Nguyễn Văn Hải`: family, middle and given name; `K'Hải` has no middle name."""
    sex = draws.word({"man": 55, "woman": 45})
    family, middle, given = draws.word(_FAMILIES), draws.word(_MIDDLE_NAMES[sex]), draws.word(_GIVEN_NAMES[sex])
    if family.endswith("'"):
        return f"{family}{given}"
    return f"{family} {given}" if middle in ("", given) else f"{family} {middle} {given}"


def _former_address(draws: _Draws, name: str, old_names: Sequence[str], taken: set[str]) -> str | None:
    """`hainv2@liennghia-ductrong.lamdong.gov.vn`, the given name, initials and a number; None for most people."""
    if draws.below(_ONE_IN) or not old_names:
        return None
    *first, given = name.split()
    local, domain = dns_label(given + "".join(word[0] for word in first)), old_names[draws.below(len(old_names))]
    numbers = ("", *range(2, len(taken) + 3))
    address = next(one for number in numbers if (one := f"{local}{number}@{domain}") not in taken)
    taken.add(address)
    return address


def _mailboxes(people: Sequence[Person], old_names: Sequence[str]) -> tuple[RoleMailbox, ...]:
    """The committee's, the one-stop counter's and the office's; of a very small unit the first person reads them."""
    found = []
    for role, title, positions in _MAILBOXES:
        members = tuple(person.id for person in people if person.position.startswith(positions))
        former = tuple(f"{role}@{name}" for name in old_names) if role == "ubnd" else ()
        found.append(RoleMailbox(role=role, title=title, members=members or (people[0].id,), former_addresses=former))
    return tuple(found)
