"""Record sets against what a zone holds: ours are brought to the wanted, a stranger's are never touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from haicap.provider.zones import Live, found_sets, live_sets, plan_zone

WANTED = {"gw.a.vn. A": {"ttl": 60, "records": ["10.0.0.1"]}}
KEYS = st.sampled_from([f"{name}.a.vn. {kind}" for name in ("x", "y", "z") for kind in ("A", "AAAA", "CNAME", "TXT")])
LIVE = st.builds(Live, st.integers(1, 9), st.just(("v",)), st.sampled_from([None, "dns-1", "dns-2"]))


def test_a_missing_set_is_written_with_our_mark() -> None:
    writing = plan_zone("dns-1", WANTED, {})
    assert writing.conflicts == ()
    assert writing.sets[0]["comments"] == [{"content": "dns-1", "account": "haicap"}]
    assert writing.sets[0]["changetype"] == "REPLACE"


def test_what_is_there_already_is_not_written_again() -> None:
    assert plan_zone("dns-1", WANTED, {"gw.a.vn. A": Live(60, ("10.0.0.1",), "dns-1")}).sets == ()


def test_ours_that_is_no_longer_wanted_is_deleted() -> None:
    writing = plan_zone("dns-1", {}, {"old.a.vn. A": Live(60, ("10.0.0.1",), "dns-1")})
    assert writing.sets == ({"name": "old.a.vn.", "type": "A", "changetype": "DELETE"},)


def test_a_strangers_cname_stands_in_the_way_of_an_address() -> None:
    writing = plan_zone("dns-1", WANTED, {"gw.a.vn. CNAME": Live(60, ("b.vn.",), None)})
    assert writing.sets == ()
    assert "gw.a.vn. CNAME (b.vn.) bears no mark" in writing.conflicts[0]


@given(st.dictionaries(KEYS, st.just({"ttl": 5, "records": ["v"]})), st.dictionaries(KEYS, LIVE))
def test_what_bears_no_mark_of_ours_is_never_written(wanted: dict[str, object], live: dict[str, Live]) -> None:
    touched = {f"{rrset['name']} {rrset['type']}" for rrset in plan_zone("dns-1", wanted, live).sets}  # type: ignore[arg-type]
    assert not touched & {key for key, found in live.items() if found.owner is None}
    assert all(live[key].owner == "dns-1" for key in touched - set(wanted))


def test_a_zone_is_read_without_its_soa_and_in_the_recorded_order() -> None:
    rrset = {
        "name": "a.vn.", "type": "NS", "ttl": 60, "records": [{"content": "dns1."}, {"content": "dns2."}],
        "comments": [{"content": "dns-1", "account": "haicap"}, {"content": "a person's note", "account": "x"}],
    }  # fmt: skip
    soa = {"name": "a.vn.", "type": "SOA", "ttl": 60, "records": [{"content": "x"}], "comments": []}
    live = live_sets({"rrsets": [rrset, soa]})
    assert live == {"a.vn. NS": Live(60, ("dns1.", "dns2."), "dns-1")}
    recorded = {"a.vn. NS": {"ttl": 60, "records": ["dns2.", "dns1."]}}
    assert found_sets("dns-1", recorded, live)["a.vn. NS"]["records"] == ["dns2.", "dns1."]
