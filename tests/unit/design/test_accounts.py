"""Units' accounts on a date: where a mailbox is at home, which old addresses lead there, and how large it is."""

from __future__ import annotations

from datetime import date
from typing import Any

from haicap.addressing.model import Mailbox, Term
from haicap.design.accounts import AccountsDesign, People, design_accounts, quota_of
from haicap.inventory.model import Mail
from haicap.inventory.staff import Staff, UnitStaff
from tests.unit.addressing.mailsamples import person, role, staff
from tests.unit.addressing.samples import SEGMENTS, make_inventory, make_province, make_unit

DAY = date(2025, 8, 1)
FIRST, MOVE = date(2025, 7, 1), date(2026, 1, 1)
A, B = "00001@2025-07-01", "00002@2025-07-01"
HERE, THERE = "hai.lacduong@lamdong.gov.vn", "hai.dalat@lamdong.gov.vn"
MOVED = Mailbox("Hải", (Term(HERE, A, FIRST, date(2025, 12, 31)), Term(THERE, B, MOVE)), ("hai@daknong.gov.vn",))
ONE_PLACE = Mailbox("Hải", (Term(HERE, A, FIRST),), ("hai@daknong.gov.vn", "hai@binhthuan.gov.vn"))


def designs(
    *files: UnitStaff, day: date = DAY, officers: tuple[str, ...] | None = None, **mailboxes: Mailbox
) -> dict[str, AccountsDesign]:
    mail: dict[str, Any] = {"forward_days": 365, "domains_until": {"daknong.gov.vn": "2026-06-30"}, "quota_mib": 1000}
    mail |= {"quotas_mib": {"Chủ tịch": 5000, "Phó Chủ tịch": 4000}, "officers": ["age1" + "q" * 58]}
    province = make_province(
        legacy_domains=["binhthuan.gov.vn", "daknong.gov.vn"],
        mail=mail,
        defaults={"segments": SEGMENTS, "policy": [], "calendar": {"main": {"live": "2025-07-01"}}},
    )
    inventory = make_inventory(make_unit(1), make_unit(2), province=province)
    locked = {key.replace("NV_", "NV-"): mailbox for key, mailbox in mailboxes.items()}
    people = People(Staff(units={file.unit: file for file in files}), locked, officers)
    return design_accounts(inventory, people, day)


def moving(day: date) -> dict[str, AccountsDesign]:
    files = staff(1, person("NV-1", until="2025-12-31")), staff(2, person("NV-1", since="2026-01-01"))
    return designs(*files, day=day, NV_1=MOVED)


def test_a_mailbox_is_at_home_where_the_person_works() -> None:
    before, after = moving(date(2025, 12, 31)), moving(MOVE)
    assert {one.accounts["NV-1"].home for one in before.values()} == {"00001"}
    assert {one.accounts["NV-1"].home for one in after.values()} == {"00002"}
    assert (before["00001"].accounts["NV-1"].stage, before["00002"].accounts["NV-1"].stage) == ("live", "prepare")
    assert (after["00001"].accounts["NV-1"].stage, after["00002"].accounts["NV-1"].stage) == ("moved", "live")
    assert (list(before["00001"].quotas), list(before["00002"].quotas)) == (["NV-1"], [])


def test_the_old_unit_s_address_leads_to_the_new_home_until_its_last_day() -> None:
    assert moving(date(2025, 12, 31))["00001"].aliases["NV-1"] == {"hai@daknong.gov.vn": "2026-06-30"}
    after = moving(MOVE)
    assert after["00002"].aliases["NV-1"] == {"hai@daknong.gov.vn": "2026-06-30", HERE: "2026-12-31"}
    assert "NV-1" not in after["00001"].aliases
    assert moving(date(2026, 12, 31))["00002"].aliases["NV-1"] == {HERE: "2026-12-31"}
    assert moving(date(2027, 1, 1))["00002"].aliases["NV-1"] == {}


def test_who_moves_back_has_the_other_unit_s_address_as_the_old_one() -> None:
    files = (
        staff(1, person("NV-1", until="2025-12-31"), person("NV-1", since="2026-02-01")),
        staff(2, person("NV-1", since="2026-01-01", until="2026-01-31")),
    )
    terms = *MOVED.terms[:1], Term(THERE, B, MOVE, date(2026, 1, 31)), Term(HERE, A, date(2026, 2, 1))
    found = designs(*files, day=date(2026, 2, 1), NV_1=Mailbox("Hải", terms))
    assert (found["00001"].accounts["NV-1"].address, found["00001"].aliases["NV-1"]) == (HERE, {THERE: "2027-01-31"})
    assert found["00002"].aliases == {}


def test_who_keeps_the_address_on_a_move_has_no_alias_of_it() -> None:
    files = staff(1, person("NV-1", until="2025-12-31")), staff(2, person("NV-1", since="2026-01-01"))
    same = "hai@lamdong.gov.vn"
    terms = Term(same, A, FIRST, date(2025, 12, 31)), Term(same, B, MOVE)
    after = designs(*files, day=MOVE, NV_1=Mailbox("Hải", terms, ("hai@daknong.gov.vn",)))["00002"]
    assert after.accounts["NV-1"].address == same
    assert after.aliases["NV-1"] == {"hai@daknong.gov.vn": "2026-06-30"}


def test_a_former_domain_without_a_last_day_leads_on_for_good() -> None:
    one = designs(staff(1, person("NV-1")), NV_1=ONE_PLACE)["00001"]
    assert one.aliases["NV-1"] == {"hai@binhthuan.gov.vn": "", "hai@daknong.gov.vn": "2026-06-30"}
    later = designs(staff(1, person("NV-1")), day=date(2026, 7, 1), NV_1=ONE_PLACE)["00001"]
    assert later.aliases["NV-1"] == {"hai@binhthuan.gov.vn": ""}


def test_who_has_no_locked_address_waits_for_one() -> None:
    one = designs(staff(1, person("NV-1")))["00001"]
    assert (dict(one.accounts), one.unlocked) == ({}, ("NV-1",))


def test_the_quota_follows_the_longest_words_that_fit() -> None:
    mail = Mail(quota_mib=1, quotas_mib={"Chủ tịch": 2, "Chủ tịch UBND": 3})
    positions = ("Chủ tịch UBND xã", "Chủ tịch Hội", "Phó Chủ tịch", "chuyên viên")
    assert [quota_of(mail, position) for position in positions] == [3, 2, 1, 1]
    one = designs(staff(1, person("NV-1", position="Phó Chủ tịch"), person("NV-2")))["00001"]
    assert one.quotas == {"NV-1": 4000, "NV-2": 1000}


def test_a_role_mailbox_has_its_old_addresses() -> None:
    motcua = Mailbox("Một cửa", (Term("motcua.lacduong@lamdong.gov.vn", A, FIRST),), ("motcua@daknong.gov.vn",))
    files = staff(1, person("NV-1"), mailboxes=[role("motcua"), role("ubnd")])
    locked = {f"{A}/motcua": motcua}
    (name, group), *others = designs(files, **locked)["00001"].groups.items()
    assert (name, others) == ("motcua", []), "a role mailbox without a locked address is not there yet"
    assert (group.address, group.members) == ("motcua.lacduong@lamdong.gov.vn", ("NV-1",))
    assert group.aliases == {"motcua@daknong.gov.vn": "2026-06-30"}
    later = designs(files, day=date(2026, 7, 1), **locked)["00001"].groups["motcua"]
    assert later.aliases == {}


def test_a_unit_s_probe_is_reached_by_an_old_domain_too() -> None:
    one = designs(staff(1, person("NV-1")))["00001"]
    live, frozen = one.probes["probe-00001"], one.probes["probe-00001-frozen"]
    assert (live.stage, live.address, live.aliases) == (
        "live",
        "probe-00001@lamdong.gov.vn",
        ("probe-00001@binhthuan.gov.vn",),
    )
    assert (frozen.stage, frozen.address) == ("frozen", "probe-00001-frozen@lamdong.gov.vn")
    assert [probe.purpose for probe in one.probes.values()] == ["letters", "frozen", "guess"]


def test_first_passwords_are_for_the_nearest_officers() -> None:
    own = UnitStaff.model_validate({"unit": "00001", "people": [person("NV-1")], "officers": ["age1" + "p" * 58]})
    found = designs(own, staff(2, person("NV-2")))
    assert (found["00001"].officers, found["00002"].officers) == (("age1" + "p" * 58,), ("age1" + "q" * 58,))
    assert designs(own, officers=("age1lab",))["00001"].officers == ("age1lab",)
