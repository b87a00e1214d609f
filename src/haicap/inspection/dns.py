"""What DNS promises: both name servers know the same zones, and answer every designed name exactly as designed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from haicap.design.dns import RecordSet, Zones
from haicap.design.province import HostDesign
from haicap.inspection.check import Ask, Check, Output, Result, UnreadableError, document, verdict
from haicap.inspection.wire import TYPES, Answer, read_answer

_SERIAL = 2  # the place of the serial in a SOA record's content

Question = tuple[str, str, RecordSet]  # owner name, type, what is to be answered


def questions_of(zones: Zones) -> tuple[Question, ...]:
    """Every designed record set as a question, in order, each once."""
    found = {key: records for sets in zones.values() for key, records in sets.items()}
    questions = []
    for key, records in sorted(found.items()):
        name, _, kind = key.rpartition(" ")
        questions += [(name, kind, records)] if kind in TYPES else []
    return tuple(questions)


def names(server: HostDesign, unit: str | None, questions: Sequence[Question]) -> Check:
    """The designed names, forward and reverse, put to a name server at its own loopback: authoritative, exact."""
    asked = tuple((name, TYPES[kind]) for name, kind, _ in questions)
    command = Ask(server.vpn.loopback, asked)
    expected = f"{len(questions)} record sets, exactly as designed"
    read = partial(read_names, questions)
    return Check(unit, server.name, "dns", "names", expected, (command,), read, settles=True)


def read_names(questions: Sequence[Question], outputs: Sequence[Output]) -> Result:
    """The answers to `questions`, in order."""
    wrong = []
    for (name, kind, records), answer in zip(questions, answers_of(outputs[0], len(questions)), strict=True):
        fault = _fault(name, kind, records, answer)
        wrong += [f"{name} {kind}: {fault}"] if fault else []
    return verdict(wrong, f"{len(questions)} record sets as designed")


def _fault(name: str, kind: str, records: RecordSet, answer: Answer | None) -> str | None:
    if answer is None:
        return "no answer"
    if answer.code != "NOERROR":
        return answer.code
    if answer.truncated:
        return "the answer does not fit into one datagram"
    if not answer.authoritative:
        return "answered, but not with authority"
    return difference(records, answer.record_set(name, kind))


def difference(wanted: RecordSet, found: RecordSet | None, ttl: bool = True) -> str | None:
    """How a record set is another than the designed one, or None."""
    if found is None:
        return f"no record, not {' and '.join(wanted.records)}"
    contents = sorted(content if content.startswith('"') else content.lower() for content in wanted.records)
    if contents != sorted(found.records):
        return f"{' and '.join(found.records)}, not {' and '.join(contents)}"
    if ttl and found.ttl != wanted.ttl:
        return f"TTL {found.ttl} s, not {wanted.ttl} s"
    return None


def answers_of(output: Output, count: int) -> list[Answer | None]:
    """A list of base64 or null, one for each question; None where no answer came."""
    listed = document(output.text)
    if not isinstance(listed, list) or len(listed) != count:
        raise UnreadableError("not an answer for every question")
    return [None if text is None else read_answer(text) for text in listed]


def serials(server: HostDesign, zones: Iterable[str], primary: HostDesign | None) -> Check:
    """Every zone is there; on a secondary, of the same serial as on the primary, which is asked over the VPN."""
    ordered = tuple(sorted(zones))
    asked = tuple((zone, TYPES["SOA"]) for zone in ordered)
    servers = [server] if primary is None else [server, primary]
    commands = tuple(Ask(each.vpn.loopback, asked) for each in servers)
    same = f", with {primary.name}'s serials" if primary else ""
    read = partial(read_serials, ordered, primary.name if primary else "")
    return Check(None, server.name, "dns", "serials", f"{len(ordered)} zones{same}", commands, read, settles=True)


def read_serials(zones: Sequence[str], primary: str, outputs: Sequence[Output]) -> Result:
    """The SOA answers to `zones` of this server, then of the primary if this is not it."""
    own, *others = [answers_of(output, len(zones)) for output in outputs]
    if others and all(answer is None for answer in others[0]):
        raise UnreadableError(f"{primary} does not answer")
    wrong = []
    for at, zone in enumerate(zones):
        serial = _serial(zone, own[at])
        there = _serial(zone, others[0][at]) if others else serial
        if serial is None:
            wrong.append(f"{zone}: {'no answer' if own[at] is None else 'not there'}")
        elif serial != there:
            wrong.append(f"{zone}: serial {serial}, on {primary} {there or 'not there'}")
    return verdict(wrong, f"{len(zones)} zones")


def _serial(zone: str, answer: Answer | None) -> str | None:
    found = answer.record_set(zone, "SOA") if answer and answer.authoritative else None
    return found.records[0].split()[_SERIAL] if found else None
