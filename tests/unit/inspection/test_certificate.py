"""A certificate is believed only whole: every byte, every signature, every part of the one plan, in the one order."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785

from haicap.errors import HaicapError
from haicap.inspection.certificate import Definition
from haicap.inspection.inspected import read_inspection
from haicap.inspection.model import Inspection, Probe
from haicap.plan.model import canonical, dump
from haicap.signing.allowed import AllowedSigner
from tests.unit.inspection.certificates import (
    APPROVER,
    CERTIFIER,
    INSPECTED,
    NOW,
    OTHER,
    PLAN,
    PROBES,
    RUN,
    approval,
    approved,
    certificate,
    faults,
    signed,
    signers,
    verified,
)

ANOTHER = replace(PLAN, as_of="2025-07-02")


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_stranger_believes_it_with_the_file_and_the_public_keys(kind):
    found = verified(signed(certificate(), kind), signers(kind))
    assert faults(found) == {}
    assert found.ok
    assert found.certificate is not None and found.certificate.faults == ()


def test_it_is_a_dsse_envelope_around_an_in_toto_statement():
    envelope = json.loads(signed(certificate()))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    payload = base64.b64decode(envelope["payload"])
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "lam-dong", "digest": {"sha256": PLAN.digest.removeprefix("sha256:")}}]
    assert statement["predicate"]["verdict"] == {"passed": True, "reasons": []}
    assert payload == rfc8785.dumps(statement)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_each_of_a_thousand_changed_bytes_is_found(kind):
    chance, whole = random.Random(20250701), signed(certificate(), kind)  # noqa: S311 - which byte is no secret
    trusted = signers(kind)
    for _ in range(1000):
        at = chance.randrange(len(whole))
        other = chance.choice([byte for byte in range(256) if byte != whole[at]])
        assert not verified(whole[:at] + bytes([other]) + whole[at + 1 :], trusted).ok, (at, other)


@pytest.mark.parametrize("change", [b"", b" ", b"\n", b"\r\n", b"\x00"])
def test_nothing_may_come_before_or_after_it(change):
    whole = signed(certificate())
    assert verified(whole + change).ok is (change == b"")
    assert verified(change + whole).ok is (change == b"")
    assert not verified(whole[:-1] + (change.replace(b"\n", b"") or b" ")).ok


def _changed(**changed):
    """A statement of which parts were changed by somebody who holds the certifier's key."""
    statement = certificate().to_json()
    for path, value in changed.items():
        part, _, name = path.partition("__")
        statement["predicate"][part] = {**statement["predicate"][part], name: value} if name else value
    return statement


def test_a_certificate_is_of_one_plan():
    statement = certificate().to_json()
    statement["subject"][0]["digest"]["sha256"] = ANOTHER.digest.removeprefix("sha256:")
    assert list(faults(verified(signed(statement)))) == ["plan"]
    assert set(faults(verified(signed(certificate(definition=Definition.of(ANOTHER)))))) == {
        "approval",
        "apply",
        "inspection",
    }
    assert list(faults(verified(signed(certificate(run=replace(RUN, plan=ANOTHER.digest)))))) == ["apply"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"plan": ANOTHER.digest}, "it is of another plan"),
        ({"plan": ""}, "it does not say which plan was applied before it"),
        ({"province": "nghe-an"}, "it is of another province"),
        ({"target": "lab"}, "it is of another target"),
        ({"as_of": "2025-06-30"}, "it is of another as_of"),
    ],
)
def test_a_swapped_inspection_is_found(changed, told):
    found = verified(signed(certificate(inspection=replace(INSPECTED, **changed))))
    assert list(faults(found)) == ["inspection"]
    assert told in faults(found)["inspection"]


def test_probes_that_are_not_those_of_the_digest_are_found():
    rows = [{**row, "observed": "as designed"} for row in INSPECTED.to_json()["probes"]]
    assert faults(verified(signed(_changed(inspection__probes=rows)))) == {
        "inspection": "its digest is not that of its probes"
    }


def test_an_approval_of_another_plan_can_not_be_spliced_in():
    old = approval(plan=ANOTHER)
    assert "it is of another plan" in faults(verified(signed(certificate(approvals=(old,)))))["approval"]
    dressed = replace(old, plan=PLAN.digest)
    assert "does not match" in faults(verified(signed(certificate(approvals=(dressed,)))))["approval"]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: approval(OTHER), "its key is not among the keys that are trusted"),
        (lambda: replace(approval(CERTIFIER), principal=APPROVER), "not lan@lamdong.gov.vn's"),
        (lambda: replace(approved(), at="2025-07-01T08:09:00Z"), "the signature does not match"),
        (lambda: replace(approved(), signature="AAAA"), "not an SSH signature"),
    ],
)
def test_an_approval_that_is_somebody_elses_or_was_altered_is_found(made, told):
    assert told in faults(verified(signed(certificate(approvals=(approved(), made())))))["approval"]


def test_where_somebody_must_approve_somebody_did_and_nobody_rejects():
    assert list(faults(verified(signed(certificate(approvals=()))))) == ["approved"]
    assert verified(signed(certificate(approvals=(), approval_required=False))).ok
    mine = replace(PLAN.made, by=APPROVER)
    own = certificate(definition=replace(certificate().definition, made={**asdict(mine), "authors": []}))
    assert faults(verified(signed(own))) == {"approved": "only who made it approved it"}
    no = approval(at="2025-07-01T08:12:00Z", decision="reject", reason="not today")
    assert "rejected by lan@" in faults(verified(signed(certificate(approvals=(approved(), no)))))["approved"]
    yes = approval(at="2025-07-01T08:14:00Z")
    assert verified(signed(certificate(approvals=(approved(), no, yes)))).ok


def _until(principal: str, moment: str) -> tuple[AllowedSigner, ...]:
    before = datetime.fromisoformat(moment)
    return tuple(replace(one, valid_before=before) if one.principals == (principal,) else one for one in signers())


def test_only_trusted_keys_count_and_only_for_their_purpose_and_time():
    whole = signed(certificate())
    without = faults(verified(whole, signers()[1:]))
    assert "is not among the keys that are trusted" in without["signature"]
    approves_only = (replace(signers()[0], namespaces=("haicap-approval",)), signers()[1])
    assert faults(verified(whole, approves_only)) == {"certifier": "its key is not for haicap-certificate"}
    somebody = (replace(signers()[0], principals=(OTHER,)), signers()[1])
    assert "not binh@lamdong.gov.vn's" in faults(verified(whole, somebody))["certifier"]
    assert (
        "counts only until 2025-07-01 08:45:00Z"
        in faults(verified(whole, _until(CERTIFIER, "2025-07-01T08:45:00Z")))["certifier"]
    )
    assert "counts only until" in faults(verified(whole, _until(APPROVER, "2025-07-01T08:05:00Z")))["approval"]
    assert verified(whole, _until(APPROVER, "2025-07-01T08:30:00Z")).ok, "it was valid when it signed"


def test_another_key_under_the_same_name_is_an_altered_certificate():
    envelope = json.loads(signed(certificate(), "ecdsa"))
    envelope["signatures"][0]["keyid"] = json.loads(signed(certificate()))["signatures"][0]["keyid"]
    found = verified((json.dumps(envelope, indent=2) + "\n").encode())
    assert "was altered" in faults(found)["signature"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"approvals": "2025-07-01T07:50:00Z"}, "approved (2025-07-01T07:50:00Z) comes before planned"),
        ({"approvals": "2025-07-01T08:25:00Z"}, "apply begun (2025-07-01T08:20:00Z) comes before approved"),
        ({"run": replace(RUN, ended="2025-07-01T08:19:59Z")}, "apply ended"),
        (
            {"inspection": replace(INSPECTED, at="2025-07-01T08:29:59Z")},
            "inspected (2025-07-01T08:29:59Z) comes before",
        ),
        (
            {"inspection": replace(INSPECTED, at="2025-07-01T08:55:00Z")},
            "certified (2025-07-01T08:50:00Z) comes before",
        ),
    ],
)
def test_the_order_of_times_is_held(changed, told):
    if isinstance(changed.get("approvals"), str):
        changed = {"approvals": (approval(at=changed["approvals"]),)}
    found = faults(verified(signed(certificate(**changed))))
    assert list(found) == ["times"]
    assert told in found["times"]


def test_a_certificate_from_the_future_is_a_clock_that_was_set_back():
    early = datetime(2025, 7, 1, 8, 45, tzinfo=UTC)
    assert (
        "now (2025-07-01T08:45:00Z) comes before certified"
        in faults(verified(signed(certificate()), at=early))["times"]
    )
    assert verified(signed(certificate()), at=NOW - timedelta(minutes=11)).ok, "another machine's clock may be behind"
    assert verified(signed(certificate()), at=NOW.replace(year=2045)).ok, "years later"


FAILED = Probe("24958", "gw-24958", "vpn", "tunnels", "failed", "a handshake", "none", 1.0)
UNREACHED = replace(FAILED, status="unreachable")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"run": replace(RUN, failed=1, done=3)}, "1 of the plan's 4 changes failed"),
        ({"run": replace(RUN, done=3, skipped=1)}, "the plan holds 4 changes, and 3 were done"),
        ({"run": replace(RUN, stopped=True)}, "the apply was stopped"),
        ({"inspection": replace(INSPECTED, found=Inspection((*PROBES, FAILED)))}, "1 of 4 probes failed"),
        ({"inspection": replace(INSPECTED, found=Inspection((*PROBES, UNREACHED)))}, "1 of 4 probes could not be made"),
        (
            {"inspection": replace(INSPECTED, found=Inspection(PROBES[:2]))},
            "what was changed was not probed: 24958",
        ),
        ({"inspection": replace(INSPECTED, selection={"systems": ["mail"]})}, "only mail was probed"),
    ],
)
def test_the_verdict_is_what_the_results_say(changed, reason):
    made = certificate(**changed)
    assert made.faults == (reason,)
    assert verified(signed(made)).ok, "it is genuine, and says that it did not pass"
    lie = made.to_json()
    lie["predicate"]["verdict"] = {"passed": True, "reasons": []}
    assert faults(verified(signed(lie))) == {"verdict": "it is not what the results say"}


def test_a_unit_that_is_taken_away_needs_no_probe():
    gone = replace(PLAN, changes=tuple(replace(one, action="delete") for one in PLAN.changes))
    assert Definition.of(gone).standing == ()
    assert certificate(definition=Definition.of(gone)).definition.wanted == 4


@pytest.mark.parametrize(
    "change",
    [
        {"more": {}},
        {"definition__more": 1},
        {"run__more": 1},
        {"run__done": "4"},
        {"run__begun": "yesterday"},
        {"inspection__more": 1},
        {"inspection__summary": {"passed": 9, "failed": 0, "unreachable": 0}},
        {"approvals": [{"format": "haicap.approval/1"}]},
    ],
)
def test_a_predicate_that_is_not_ours_is_no_certificate(change):
    assert list(faults(verified(signed(_changed(**change))))) == ["statement"]


@pytest.mark.parametrize(
    "change", [{"_type": "https://in-toto.io/Statement/v0.1"}, {"subject": []}, {"predicateType": "urn:x"}, {"more": 1}]
)
def test_a_statement_that_is_not_ours_is_no_certificate(change):
    assert list(faults(verified(signed({**certificate().to_json(), **change})))) == ["statement"]


@pytest.mark.parametrize("payload", [{}, [], "text"])
def test_a_payload_that_is_no_statement_is_no_certificate(payload):
    assert list(faults(verified(signed(payload)))) == ["statement"]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff", b'{"payload": 1}', b"[" * 100_000])
def test_a_file_that_is_no_envelope(data):
    assert list(faults(verified(data))) == ["envelope"]


def test_an_inspection_reads_back(tmp_path):
    path = tmp_path / "inspection.json"
    path.write_text(dump(INSPECTED.to_json()), "utf-8")
    assert read_inspection(path).to_json() == INSPECTED.to_json()
    assert canonical(INSPECTED.to_json()).encode() == rfc8785.dumps(INSPECTED.to_json())
    assert INSPECTED.results == {"24829": "passed", "24958": "passed"}


def test_each_changed_byte_of_an_inspection_is_found(tmp_path):
    path, whole, chance = tmp_path / "inspection.json", dump(INSPECTED.to_json()).encode(), random.Random(7)  # noqa: S311
    for _ in range(1000):
        at = chance.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1 :])
        with pytest.raises(HaicapError):
            read_inspection(path)
