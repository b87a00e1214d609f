"""What counts as approved: pure, with signatures played by their text."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.inventory.approvers import ApprovalRule, Approver, ApproverKey, Approvers, When
from haicap.inventory.approvers_loader import approvers_digest
from haicap.plan.approval import Approval, parse, say_of, with_signature
from haicap.plan.model import Breach, Change, Made, Override, Plan
from haicap.plan.verdict import judge, missing, rules_for

MADE = datetime(2025, 6, 30, 8, tzinfo=UTC)
NOW = MADE + timedelta(hours=2)


def text(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value


def key(number: int) -> str:
    blob = text(b"ssh-ed25519") + text(bytes([number]) * 32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def blob_of(number: int) -> str:
    """The form of a signature of that key; whether it is right is what `check` plays."""
    key_blob = base64.b64decode(key(number).split()[1])
    fields = b"".join(map(text, (key_blob, b"haicap-approval", b"", b"sha512", b"signature")))
    return base64.b64encode(b"SSHSIG" + (1).to_bytes(4) + fields).decode()


def right(data: bytes, signature: str, public_key: str) -> str | None:
    return None


def approver(name: str, number: int, *roles: str, **dates) -> Approver:
    return Approver(
        principal=f"{name}@x.vn",
        roles=roles,
        keys=(ApproverKey.model_validate({"key": key(number), "from": date(2025, 1, 1), **dates}),),
    )


LAN, MINH, HOA = approver("lan", 1, "network"), approver("minh", 2, "network", "security"), approver("hoa", 3)
ANY = ApprovalRule(name="any", roles=("network",))
TWO = ApprovalRule(name="two", count=2, when=When(actions=("delete", "replace"), systems=("dns",)))
PEOPLE = Approvers(approvers=(LAN, MINH, HOA), rules=(ANY, TWO))


def plan(*changes: tuple[str, str], who: Approvers = PEOPLE, **fields) -> Plan:
    made = Made("2025-06-30T08:00:00Z", "tung@x.vn", "2025-07-14T08:00:00Z", "", ("Son@x.vn",))
    whole = {
        "selection": {},
        "basis": {"approvers": approvers_digest(who)},
        "changes": tuple(Change("24958", system, system, action, "sha256:0") for system, action in changes),
        "made": made,
        **fields,
    }
    return Plan("lam-dong", "live", "2025-07-01", **whole)


CREATE = plan(("dns", "create"))
DELETE = plan(("dns", "delete"))


def approval(of: Plan, who: Approver, number: int, at: datetime = NOW, reason: str | None = None) -> Approval:
    return with_signature(say_of(of, who.principal, at, reason), blob_of(number))


def reasons(of: Plan, *approvals: Approval, now: datetime = NOW, who: Approvers = PEOPLE, check=right) -> str:
    return "\n".join(reason.text for reason in judge(of, approvals, who, now, check).reasons)


def test_one_with_the_role_is_enough():
    verdict = judge(CREATE, [approval(CREATE, LAN, 1)], PEOPLE, NOW, right)
    assert (verdict.reasons, verdict.approved_by) == ((), ("lan@x.vn",))


def test_nobody_has_approved():
    assert reasons(CREATE) == "rule any asks for 1 with network, approved by nobody; 1 more must approve"


def test_an_approval_without_the_role_does_not_meet_the_rule():
    assert "rule any asks for 1 with network, approved by nobody" in reasons(CREATE, approval(CREATE, HOA, 3))


def test_a_delete_takes_two_people_and_one_person_twice_is_one():
    twice = [approval(DELETE, LAN, 1), approval(DELETE, LAN, 1, NOW + timedelta(seconds=1))]
    assert reasons(DELETE, *twice) == "rule two asks for 2, approved by lan@x.vn; 1 more must approve"
    assert reasons(DELETE, twice[0], approval(DELETE, HOA, 3)) == ""


def test_one_person_with_two_keys_is_one():
    both = LAN.model_copy(update={"keys": (*LAN.keys, *approver("lan", 9).keys)})
    who = Approvers(approvers=(both, MINH), rules=(ANY, TWO))
    of = plan(("dns", "delete"), who=who)
    assert "1 more must approve" in reasons(of, approval(of, both, 1), approval(of, both, 9), who=who)


@pytest.mark.parametrize("name", ["tung", "son"])
def test_nobody_approves_their_own_plan_or_commit(name):
    who = Approvers(approvers=(approver(name, 1, "network"), MINH), rules=(ANY,))
    of = plan(("dns", "create"), who=who)
    assert "it is their own plan, or their own commit" in reasons(of, approval(of, who.approvers[0], 1), who=who)


def test_an_approval_of_another_plan_is_told():
    old = approval(replace(CREATE, as_of="2025-06-30"), LAN, 1)
    assert "it is of another plan, sha256:" in reasons(CREATE, old)


def test_one_wrong_line_is_a_no_though_others_would_do():
    assert "it is of another plan" in reasons(CREATE, approval(CREATE, LAN, 1), approval(DELETE, MINH, 2))


def test_a_name_that_is_not_known_and_a_key_that_is_somebody_elses():
    stranger = approver("son", 7)
    assert "nobody of this name may approve" in reasons(CREATE, approval(CREATE, stranger, 7))
    assert "its key is not lan@x.vn's, but minh@x.vn's" in reasons(CREATE, approval(CREATE, LAN, 2))
    assert "its key is not lan@x.vn's, but nobody's in approvers.yml" in reasons(CREATE, approval(CREATE, LAN, 7))


def test_a_wrong_signature():
    assert "its signature is wrong: forged" in reasons(CREATE, approval(CREATE, LAN, 1), check=lambda *_: "forged")
    no_blob = with_signature(approval(CREATE, LAN, 1), "AAAA")
    assert "what stands in the place of its signature is none" in reasons(CREATE, no_blob)


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        ({"from": date(2025, 7, 1)}, "its key holds from 2025-07-01 on, and it was signed on 2025-06-30"),
        ({"until": date(2025, 6, 29)}, "its key held until 2025-06-29, and it was signed on 2025-06-30"),
        ({"revoked": date(2025, 6, 30)}, "its key was revoked on 2025-06-30"),
        ({"revoked": date(2025, 7, 5), "compromised": True}, "revoked on 2025-07-05, as it was compromised"),
        ({"from": date(2025, 6, 30), "until": date(2025, 6, 30), "revoked": date(2025, 7, 1)}, ""),
    ],
)
def test_days_of_a_key(dates, told):
    who = Approvers(approvers=(approver("lan", 1, "network", **dates), MINH), rules=(ANY,))
    of = plan(("dns", "create"), who=who)
    found = reasons(of, approval(of, who.approvers[0], 1), who=who)
    assert told in found if told else found == ""


def test_a_key_that_was_revoked_after_it_signed_counts_no_more():
    who = Approvers(approvers=(approver("lan", 1, "network", revoked=date(2025, 7, 3)), MINH), rules=(ANY,))
    of = plan(("dns", "create"), who=who)
    signed = approval(of, who.approvers[0], 1)
    assert reasons(of, signed, now=datetime(2025, 7, 2, tzinfo=UTC), who=who) == ""
    assert "revoked on 2025-07-03" in reasons(of, signed, now=datetime(2025, 7, 3, tzinfo=UTC), who=who)


def test_a_day_is_viet_nams():
    """2025-06-30 20:00 UTC is 3 o'clock on 1 July there."""
    who = Approvers(approvers=(approver("lan", 1, "network", until=date(2025, 6, 30)), MINH), rules=(ANY,))
    of, late = plan(("dns", "create"), who=who), datetime(2025, 6, 30, 20, tzinfo=UTC)
    assert "signed on 2025-07-01" in reasons(of, approval(of, who.approvers[0], 1, late), now=late, who=who)


@pytest.mark.parametrize(
    ("now", "at", "told"),
    [
        (MADE - timedelta(days=1), NOW, "it is 2025-06-29T08:00:00Z: a clock was set back"),
        (datetime(2025, 7, 14, 8, tzinfo=UTC), NOW, "it expired at 2025-07-14T08:00:00Z"),
        (NOW, MADE - timedelta(hours=1), "it is from before the plan was made, 2025-06-30T08:00:00Z"),
        (NOW, NOW + timedelta(hours=1), "it is from the future"),
        (NOW + timedelta(days=5), datetime(2025, 7, 15, tzinfo=UTC), "it is from the future"),
    ],
)
def test_clocks(now, at, told):
    assert told in reasons(CREATE, approval(CREATE, LAN, 1, at), now=now)


def test_who_may_approve_has_changed():
    who = Approvers(approvers=(LAN, MINH), rules=(ANY,))
    assert "who may approve has changed" in reasons(CREATE, approval(CREATE, LAN, 1), who=who)


def test_a_rejection_stands_until_who_made_it_approves():
    no = approval(CREATE, HOA, 3, NOW - timedelta(minutes=9), "the address is wrong")
    assert "hoa@x.vn rejects it: the address is wrong" in reasons(CREATE, approval(CREATE, LAN, 1), no)
    assert reasons(CREATE, no, approval(CREATE, LAN, 1), approval(CREATE, HOA, 3)) == ""
    assert "hoa@x.vn rejects it" in reasons(CREATE, approval(CREATE, HOA, 3, NOW - timedelta(hours=1)), no)


def test_the_order_of_the_lines_means_nothing():
    no = approval(CREATE, HOA, 3, NOW, "wait")
    yes = approval(CREATE, HOA, 3, NOW - timedelta(minutes=1))
    assert "rejects" in reasons(CREATE, no, yes, approval(CREATE, LAN, 1))


def test_a_limit_that_nobody_has_overridden():
    breach = Breach("deletes", "refuse", "12 deletes, 5 allowed", "Make smaller plans.")
    of = plan(("dns", "create"), breaches=(breach,))
    assert "deletes: 12 deletes, 5 allowed; nobody has overridden it" in reasons(of, approval(of, LAN, 1))
    of = replace(of, overrides=(Override("deletes", "two communes are one"),))
    assert reasons(of, approval(of, LAN, 1)) == ""


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ({}, True),
        ({"target": "lab"}, False),
        ({"target": "live", "actions": ("delete",)}, True),
        ({"actions": ("delete",), "systems": ("mail",)}, False),  # the delete is one of dns
        ({"actions": ("update",), "systems": ("mail",)}, True),
        ({"units": ("24958",)}, True),
        ({"units": ("24955",)}, False),
        ({"overrides": ("*",)}, True),
        ({"overrides": ("dns.*",)}, True),
        ({"overrides": ("mail.*",)}, False),
    ],
)
def test_which_plans_a_rule_is_for(when, applies):
    of = plan(("dns", "delete"), ("mail", "update"), overrides=(Override("dns.deletes", "meant"),))
    rule = ApprovalRule(name="some", when=When(**when), count=2)
    who = PEOPLE.model_copy(update={"rules": (rule,)})
    assert (rules_for(of, who) == (rule,)) is applies


def test_a_plan_that_no_rule_is_for_still_needs_somebody():
    who = PEOPLE.model_copy(update={"rules": (TWO,)})
    assert [(rule.count, lacks) for rule, lacks in missing(CREATE, who, [])] == [(1, 1)]


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.builds(Approval, texts, texts, texts, texts, texts, st.just("reject"), texts, texts), max_size=4))
def test_what_is_written_is_read(approvals):
    assert parse("".join(one.line for one in approvals).encode()) == (tuple(approvals), ())


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace(",", ", ", 1),
        lambda line: line[:-1],
        lambda line: line.replace('"approve"', '"agree"'),
        lambda line: line.replace('"at"', '"al"'),
        lambda line: "\n" + line,
        lambda line: line[:-2] + ',"more":"x"}\n',
        lambda line: json.dumps(json.loads(line)) + "\n",
        lambda line: "[" * 100_000 + "\n",
    ],
)
def test_a_line_is_read_in_one_form_only(change):
    _, faults = parse(change(approval(CREATE, LAN, 1).line).encode())
    assert len(faults) == 1
