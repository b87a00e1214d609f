"""Official addresses: the rules of `addressing.mail`, each with the smallest example."""

from datetime import date
from typing import Any

import pytest

from haicap.addressing.mail import plan_mail
from haicap.addressing.model import Mailbox, Name, Term
from tests.unit.addressing.mailsamples import (
    DAY,
    locals_of,
    lock_mail,
    make_mail_inventory,
    person,
    role,
    staff,
)

A, B = "00001@2025-07-01", "00002@2025-07-01"
HAI = "haiha.lacduong@lamdong.gov.vn"


def rules(planned: Any) -> list[str]:
    return [finding.rule for finding in planned.findings]


def test_an_address_as_seen_in_the_field() -> None:
    people = person("NV-1", "Nguyễn Thị Hải"), person("NV-2", "Nguyễn Thị Hai"), person("NV-3", "Lê An")
    planned = lock_mail(staff(1, *people, mailboxes=[role("motcua")]))
    assert locals_of(planned) == {
        "00001@2025-07-01/motcua": "motcua.lacduong",
        "NV-1": "haint.lacduong",
        "NV-2": "haint2.lacduong",
        "NV-3": "anl.lacduong",
    }
    assert 'person NV-2 "Nguyễn Thị Hai": haint2.lacduong@lamdong.gov.vn' in planned.added
    assert planned.mailboxes["NV-1"].terms == (Term("haint.lacduong@lamdong.gov.vn", A, date(2025, 7, 1)),)


def test_renaming_and_newcomers_change_nothing() -> None:
    first = lock_mail(staff(1, person("NV-5"))).mailboxes
    again = lock_mail(staff(1, person("NV-5", "Lê Mới"), person("NV-1")), locked=first)
    assert locals_of(again) == {"NV-1": "haiha2.lacduong", "NV-5": "haiha.lacduong"}
    assert again.mailboxes["NV-5"].name == "Lê Mới" and not again.moved


def test_another_template_is_for_newcomers_only() -> None:
    first = lock_mail(staff(1, person("NV-1"))).mailboxes
    again = lock_mail(staff(1, person("NV-1"), person("NV-2")), locked=first, person="{family}{number}.{unit}")
    assert locals_of(again) == {"NV-1": "haiha.lacduong", "NV-2": "hoang.lacduong"}


def test_who_left_is_remembered_for_ever() -> None:
    first = lock_mail(staff(1, person("NV-1"))).mailboxes
    gone = lock_mail(staff(1), locked=first, today=date(2026, 1, 1))
    assert gone.mailboxes["NV-1"].terms[0].until == date(2026, 1, 1)
    assert gone.removed == (f"NV-1: {HAI} is nobody else's, now and later",)
    later = lock_mail(staff(1, person("NV-2")), locked=gone.mailboxes, today=date(2060, 1, 1))
    assert locals_of(later)["NV-2"] == "haiha2.lacduong"
    back = lock_mail(staff(1, person("NV-1", since="2060-01-01")), locked=later.mailboxes, today=date(2060, 1, 1))
    assert [(term.address, term.since.year) for term in back.mailboxes["NV-1"].terms] == [(HAI, 2025), (HAI, 2060)]


def test_a_move_gives_a_new_address_and_the_old_one_forwards() -> None:
    first = lock_mail(staff(1, person("NV-1"))).mailboxes
    files = staff(1, person("NV-1", until="2026-04-01")), staff(2, person("NV-1", since="2026-04-01"))
    planned = lock_mail(*files, locked=first)
    box = planned.mailboxes["NV-1"]
    new = "haiha.dalat@lamdong.gov.vn"
    assert box.terms == (
        Term(HAI, A, date(2025, 7, 1), date(2026, 3, 31)),
        Term(new, B, date(2026, 4, 1)),
    )
    assert planned.moved == (f'person NV-1 "Hoàng Ái Hải": {new}',)
    days = [date(2025, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2050, 1, 1)]
    assert [box.address_on(day) for day in days] == [HAI, HAI, new, new]


def test_who_moves_back_has_the_old_address_again() -> None:
    files = [
        staff(1, person("NV-1", until="2026-03-31"), person("NV-1", since="2027-01-01")),
        staff(2, person("NV-1", since="2026-04-01", until="2026-12-31")),
    ]
    planned = lock_mail(*files)
    assert not planned.findings
    box = planned.mailboxes["NV-1"]
    assert [term.unit for term in box.terms] == [A, B, A] and len(box.addresses) == 2
    tidied = lock_mail(staff(1, person("NV-1", since="2027-01-01")), locked=planned.mailboxes, today=date(2028, 1, 1))
    assert tidied.mailboxes == planned.mailboxes


def test_a_row_cut_here_and_pasted_there_is_a_move() -> None:
    first = lock_mail(staff(1, person("NV-1"))).mailboxes
    moved = lock_mail(staff(2, person("NV-1", since="2026-04-01")), locked=first, today=date(2026, 5, 1))
    assert [term.until for term in moved.mailboxes["NV-1"].terms] == [date(2026, 3, 31), None]


def test_a_move_that_was_called_off_keeps_its_address_for_the_person() -> None:
    planned = lock_mail(staff(1, person("NV-1")), staff(2, person("NV-1", since="2026-04-01"))).mailboxes
    off = lock_mail(staff(1, person("NV-1")), staff(2, person("NV-2")), locked=planned)
    box = off.mailboxes["NV-1"]
    assert box.terms == (Term(HAI, A, date(2025, 7, 1)),) and box.former == ("haiha.dalat@lamdong.gov.vn",)
    assert locals_of(off)["NV-2"] == "haiha2.dalat"
    files = staff(1, person("NV-1")), staff(2, person("NV-1", since="2026-05-01"), person("NV-2"))
    on = lock_mail(*files, locked=off.mailboxes)
    assert locals_of(on)["NV-1"] == "haiha.dalat" and on.mailboxes["NV-1"].former == ()


def test_days_can_be_put_right() -> None:
    first = lock_mail(staff(1, person("NV-1"))).mailboxes
    for since in ("2025-07-05", "2025-07-01"):
        first = lock_mail(staff(1, person("NV-1", since=since)), locked=first).mailboxes
        assert first["NV-1"].terms == (Term(HAI, A, date.fromisoformat(since)),)


def test_years_before_the_unit_are_not_the_unit_s() -> None:
    assert lock_mail(staff(1, person("NV-1", since="2010-01-01"))).mailboxes["NV-1"].terms[0].since == date(2025, 7, 1)


def test_an_address_from_before_is_taken_over() -> None:
    own = person("NV-2", former_addresses=["haiha2.lacduong@lamdong.gov.vn", "hai@binhthuan.gov.vn"])
    planned = lock_mail(staff(1, own, person("NV-1", former_addresses=[])))
    assert locals_of(planned) == {"NV-1": "haiha.lacduong", "NV-2": "haiha2.lacduong"}
    assert planned.mailboxes["NV-2"].former == ("hai@binhthuan.gov.vn",)
    again = lock_mail(staff(1, person("NV-2"), person("NV-1")), locked=planned.mailboxes)
    assert again.mailboxes == planned.mailboxes


def test_a_former_address_of_somebody_is_nobody_s_new_one() -> None:
    other = person("NV-9", "Lê An", former_addresses=[HAI])
    planned = lock_mail(staff(1, person("NV-1"), other))
    assert locals_of(planned) == {"NV-1": "haiha2.lacduong", "NV-9": "anl.lacduong"} and not planned.findings


def test_a_former_address_of_two_is_a_finding() -> None:
    people = [person(number, former_addresses=["hai@danang.gov.vn"]) for number in ("NV-1", "NV-2")]
    planned = lock_mail(staff(1, *people))
    assert [(finding.file, finding.subject, finding.reason) for finding in planned.findings] == [
        (
            "inventories/lam-dong/staff/00001.yml",
            'person NV-2 "Hoàng Ái Hải"',
            "former address hai@danang.gov.vn is, or was, NV-1's; take it out",
        )
    ]
    assert planned.mailboxes["NV-1"].former == ("hai@danang.gov.vn",) and planned.mailboxes["NV-2"].former == ()


def test_a_circle_of_forwards_is_a_finding() -> None:
    first = lock_mail(staff(1, person("NV-1"), person("NV-2"))).mailboxes
    two = "haiha2.lacduong@lamdong.gov.vn"
    people = person("NV-1", former_addresses=[two]), person("NV-2", former_addresses=[HAI])
    planned = lock_mail(staff(1, *people), locked=first)
    assert sorted(rules(planned)) == ["former-taken", "former-taken", "forward-loop"]
    assert "circle: NV-1, NV-2" in next(f.reason for f in planned.findings if f.rule == "forward-loop")
    assert planned.mailboxes == first


def test_reserved_names_and_role_names() -> None:
    planned = lock_mail(staff(1, person("NV-1", "Root"), person("NV-2", "Motcua"), mailboxes=[role("motcua")]))
    assert list(locals_of(planned).values()) == ["motcua.lacduong", "root2.lacduong", "motcua2.lacduong"]


def test_a_role_whose_address_is_a_person_s_is_a_finding() -> None:
    first = lock_mail(staff(1, person("NV-1", "Phòng"))).mailboxes
    planned = lock_mail(staff(1, person("NV-1", "Phòng"), mailboxes=[role("phong")]), locked=first)
    assert rules(planned) == ["mail-taken"] and planned.mailboxes == first
    fresh = lock_mail(staff(1, person("NV-1", "Phòng"), mailboxes=[role("phong")]))
    assert list(locals_of(fresh).values()) == ["phong.lacduong", "phong2.lacduong"]


def test_a_pattern_for_the_province_keeps_the_address_on_a_move() -> None:
    template = "{given}{initials}{number}"
    first = lock_mail(staff(1, person("NV-1")), staff(2, person("NV-2")), person=template)
    assert locals_of(first) == {"NV-1": "haiha", "NV-2": "haiha2"}
    files = staff(3, person("NV-2", since="2026-01-01")), staff(1, person("NV-1"))
    moved = lock_mail(*files, locked=first.mailboxes, person=template)
    assert locals_of(moved) == {"NV-1": "haiha", "NV-2": "haiha2"} and not moved.moved


def test_a_pattern_for_the_province_keeps_the_address_of_two_units_locked_at_once() -> None:
    files = staff(1, person("NV-1", until="2026-04-01")), staff(2, person("NV-1", since="2026-04-01"))
    box = lock_mail(*files, person="{given}{initials}{number}").mailboxes["NV-1"]
    assert {term.address for term in box.terms} == {"haiha@lamdong.gov.vn"}


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ([staff(1, person("NV-1", "北京"))], "mail-name"),
        ([staff(9, person("NV-1"))], "known-unit"),
        ([staff(1, person("NV-1")), staff(2, person("NV-1"))], "one-place"),
        ([staff(1, person("NV-1", until="2026-05-01")), staff(2, person("NV-1", since="2026-04-01"))], "one-place"),
        ([staff(1, person("NV-1", since="2026-05-01", until="2026-04-01"))], "one-place"),
    ],
)
def test_what_cannot_be_is_a_finding_and_stays_as_locked(files: list[Any], rule: str) -> None:
    planned = lock_mail(*files)
    assert rules(planned) == [rule] and planned.mailboxes == {}
    locked = {"NV-1": Mailbox("Hải", (Term("hai.dami@lamdong.gov.vn", "00003@2025-07-01", date(2025, 7, 1)),))}
    assert lock_mail(*files, locked=locked).mailboxes == locked or rule == "mail-name"


def test_a_unit_without_a_label() -> None:
    planned = plan_mail(make_mail_inventory(), [staff(1, person("NV-1"))], {}, {}, DAY)
    assert rules(planned) == ["not-locked"]


def test_no_room() -> None:
    names = {A: Name("u" * 63, "U")}
    files = [staff(1, person("NV-1"), mailboxes=[role("motcua")])]
    assert rules(plan_mail(make_mail_inventory(), files, names, {}, DAY)) == ["mail-length", "mail-length"]


def test_a_bad_template_gives_nobody_an_address() -> None:
    planned = lock_mail(staff(1, person("NV-1")), person="{given}")
    assert rules(planned) == ["mail-pattern"] and planned.findings[0].file == "inventories/lam-dong/province.yml"
    assert planned.mailboxes == {}
