"""What DNS says of a province's mail, and what the server is told, on a date."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from haicap.addressing.model import Keys, Member
from haicap.design.mail import (
    design_mail_server,
    former_domains,
    last_day_of,
    province_mail_records,
    suffix_of,
    unit_mail_records,
)
from haicap.inventory.model import Province
from tests.unit.addressing.samples import make_inventory, make_province, make_unit

DAY = date(2026, 1, 1)
SERVER = Member("100.64.0.18/30", "10.127.0.5", "2001:db8:100::5", 4200000004)
KEYS = Keys("", "", {"h1": "M" * 392, "h2": "N" * 392})
UNTIL = {"daknong.gov.vn": "2026-06-30", "thongnhat.daknong.gov.vn": "2026-03-31"}


def province(**mail: Any) -> Province:
    told = {"server": {"name": "mail1", "site": "a"}, "domains_until": UNTIL} | mail
    return make_province(legacy_domains=["binhthuan.gov.vn", "daknong.gov.vn", "old.lamdong.gov.vn"], mail=told)


def records(day: date = DAY, **mail: Any) -> dict[tuple[str, str], tuple[str, ...]]:
    found = list(province_mail_records(province(**mail), "mail1", SERVER, KEYS, day))
    by_name = {(name, kind): contents for name, kind, contents in found}
    assert len(by_name) == len(found), "a record set is given twice"
    return by_name


def test_only_the_server_may_send_for_the_domain() -> None:
    found = records()
    assert found["lamdong.gov.vn.", "MX"] == ("10 mail1.lamdong.gov.vn.",)
    assert found["lamdong.gov.vn.", "TXT"] == ('"v=spf1 ip4:10.127.0.5 ip6:2001:db8:100::5 -all"',)
    policy = '"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:postmaster@lamdong.gov.vn"'
    assert found["_dmarc.lamdong.gov.vn.", "TXT"] == (policy,)


def test_dkim_keys_are_cut_into_strings_of_255_octets() -> None:
    (text,) = records()["h1._domainkey.lamdong.gov.vn.", "TXT"]
    strings = re.findall(r'"([^"]*)"', text)
    assert [len(string) for string in strings] == [255, 155]
    assert "".join(strings) == f"v=DKIM1; k=rsa; p={'M' * 392}"


def test_selectors_are_published_once_their_key_is_known() -> None:
    found = records(dkim={"publish": ["h1", "h2", "h3"], "sign_with": "h2"})
    selectors = [name.partition(".")[0] for name, _ in found if "._domainkey." in name]
    assert selectors == ["h1", "h2"]


def test_clients_find_their_servers() -> None:
    services = {name: contents for (name, kind), contents in records().items() if kind == "SRV"}
    assert services == {
        f"_{service}._tcp.lamdong.gov.vn.": (f"0 1 {port} mail1.lamdong.gov.vn.",)
        for service, port in {"submissions": 465, "submission": 587, "imaps": 993, "sieve": 4190, "ldaps": 636}.items()
    }


def test_a_former_domain_receives_to_its_last_day_and_never_sends() -> None:
    on, after = records(date(2026, 6, 30)), records(date(2026, 7, 1))
    assert on["daknong.gov.vn.", "MX"] == ("10 mail1.lamdong.gov.vn.",)
    assert ("daknong.gov.vn.", "MX") not in after
    assert ("binhthuan.gov.vn.", "MX") in after
    for found in (on, after):
        assert found["daknong.gov.vn.", "TXT"] == ('"v=spf1 -all"',)
        assert found["_dmarc.daknong.gov.vn.", "TXT"] == ('"v=DMARC1; p=reject"',)
    assert ("old.lamdong.gov.vn.", "MX") not in on, "it is no zone of its own"


def test_a_unit_s_zone_receives_and_never_sends() -> None:
    found = {(name, kind): contents for name, kind, contents in unit_mail_records("dalat.x.vn", province(), "mail1")}
    assert found["dalat.x.vn.", "MX"] == ("10 mail1.lamdong.gov.vn.",)
    assert found["dalat.x.vn.", "TXT"] == ('"v=spf1 -all"',)


def test_the_closest_domain_above_says_the_last_day() -> None:
    def last(domain: str) -> date:
        return last_day_of(province(), domain)

    assert last("daknong.gov.vn") == last("other.daknong.gov.vn") == date(2026, 6, 30)
    assert last("thongnhat.daknong.gov.vn") == last("a.thongnhat.daknong.gov.vn") == date(2026, 3, 31)
    assert last("binhthuan.gov.vn") == date.max


def test_the_server_receives_for_predecessors_names_of_that_day() -> None:
    gone = [{"code": "24600", "names": ["thongnhat.daknong.gov.vn", "dami.binhthuan.gov.vn"]}]
    inventory = make_inventory(make_unit(1, predecessors=gone), province=province())
    legacy = {"binhthuan.gov.vn", "dami.binhthuan.gov.vn", "old.lamdong.gov.vn"}
    assert set(former_domains(inventory, date(2026, 3, 31))) == {*legacy, *UNTIL}
    assert set(former_domains(inventory, date(2026, 4, 1))) == {*legacy, "daknong.gov.vn"}
    assert set(former_domains(inventory, date(2026, 7, 1))) == legacy


def test_the_server_s_design() -> None:
    inventory = make_inventory(province=province(message_mib=30, dkim={"publish": ["h3", "h2"], "sign_with": "h2"}))
    made = design_mail_server(inventory, KEYS, "chain", "ca", SERVER, DAY)
    assert (made.domain, made.suffix) == ("lamdong.gov.vn", "dc=lamdong,dc=gov,dc=vn")
    assert made.suffix == suffix_of(inventory.province)
    assert (made.selectors, made.sign_with, made.message_bytes) == (("h2",), "h2", 31457280)
    assert (made.addresses, made.certificate, made.authority) == (("10.127.0.5", "2001:db8:100::5"), "chain", "ca")
    assert list(made.former_domains) == sorted(made.former_domains)
