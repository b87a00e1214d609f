"""Names as a unit's users look them up: from their segment, at their own gateway's resolver."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from haicap.design.dns import Zones
from haicap.design.lan import GATEWAY, LanDesign, SegmentDesign
from haicap.design.province import HostDesign, ProvinceDesign, UnitDesign
from haicap.inspection.check import Ask, Check, Output, Result, verdict
from haicap.inspection.dns import Question, answers_of, difference
from haicap.inspection.lan import client_of
from haicap.inspection.walls import is_allowed
from haicap.inspection.wire import TYPES


def resolve(
    unit: UnitDesign, host: HostDesign, lan: LanDesign, design: ProvinceDesign, partner: UnitDesign | None
) -> Check | None:
    """The own gateway's name, the name servers' and another unit's, by the resolver's IPv4 and IPv6 address."""
    segment = next((s for s in lan.segments if s.dhcp and _may_ask(lan, s)), None)
    questions = questions_for(unit, design, partner)
    if segment is None or not questions:
        return None
    asked = tuple((name, TYPES[kind]) for name, kind, _ in questions)
    commands = tuple(
        Ask(server, asked, netns=client_of(segment), recurse=True) for server in (segment.gateway, segment.gateway6)
    )
    expected = "; ".join(f"{name} {' '.join(records.records)}" for name, _, records in questions)
    read = partial(read_resolve, (segment.gateway, segment.gateway6), questions)
    return Check(host.unit, host.name, "lan", "resolve", expected, commands, read, settles=True)


def questions_for(unit: UnitDesign, design: ProvinceDesign, partner: UnitDesign | None) -> tuple[Question, ...]:
    """Names to look up, with what is designed for them."""
    names: list[tuple[str, Zones]] = []
    if unit.dns is not None:
        names.append((f"gw.{unit.zone}.", unit.dns.zones))
    if design.zones is not None:
        names += [(f"{server.fqdn}.", design.zones.zones) for server in design.name_servers[:1]]
    if partner is not None and partner.dns is not None:
        names.append((f"gw.{partner.zone}.", partner.dns.zones))
    return tuple(
        (name, kind, sets[f"{name} {kind}"])
        for name, zones in names
        for kind in ("A", "AAAA")
        for sets in zones.values()
        if f"{name} {kind}" in sets
    )


def _may_ask(lan: LanDesign, segment: SegmentDesign) -> bool:
    return is_allowed(lan.flows, segment.name, GATEWAY, "udp", 53)


def read_resolve(servers: Sequence[str], questions: Sequence[Question], outputs: Sequence[Output]) -> Result:
    """The answers of each of the resolver's addresses. A resolver counts TTLs down, so they are not compared."""
    wrong = []
    for server, output in zip(servers, outputs, strict=True):
        answers = answers_of(output, len(questions))
        if all(answer is None for answer in answers):
            wrong.append(f"{server} does not answer")
            continue
        for (name, kind, records), answer in zip(questions, answers, strict=True):
            found = answer.record_set(name, kind) if answer else None
            code = "no answer" if answer is None else "" if answer.code == "NOERROR" else answer.code
            fault = code or difference(records, found, ttl=False)
            wrong += [f"{name} {kind} by {server}: {fault}"] if fault else []
    return verdict(wrong, f"all {len(questions)} names by {' and '.join(servers)}")
