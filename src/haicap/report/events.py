"""Events of the log as text, a line each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from haicap.audit.event import Event
from haicap.audit.reading import result_for
from haicap.canonical import Json

_DIGEST = 19  # `sha256:` and twelve digits


def when(event: Event) -> str:
    """`2025-07-01 08:00:00`, UTC."""
    return event.at[:19].replace("T", " ")


def told(event: Event, unended: Collection[int] = ()) -> str:
    """What happened, in a line. `unended` are the numbers of applies that began and did not end."""
    words = [*_TOLD.get(event.kind, _rest)(event.fields)]
    words += ["did not end"] if event.seq in unended else []
    words += [f"the clock was {event.clock['note']}"] if "note" in event.clock else []
    return "; ".join(str(word) for word in words if word)


def told_of(event: Event, code: str) -> str:
    """What an event says of one unit; empty when it says nothing of its own."""
    result = result_for(event, code)
    if isinstance(result, dict):
        return f"{result.get('done', 0)} done, {result.get('failed', 0)} failed"
    if isinstance(result, int):
        return f"{result} change{'' if result == 1 else 's'}"
    return str(result) if result is not None else ""


def short(digest: Json) -> str:
    """The beginning of a digest."""
    return str(digest or "")[:_DIGEST]


def _plan(fields: Mapping[str, Json]) -> Iterator[str]:
    yield short(fields.get("plan"))
    yield _counts(fields.get("summary"))
    yield f"{_many(fields.get('units'))}, as of {fields.get('as_of')}" if fields.get("as_of") else ""
    yield f"{fields['left']} of them left" if _is_rest(fields) else ""
    yield f"commit {str(fields['commit'])[:9]}" if fields.get("commit") else ""
    yield f"into {fields['file']}" if fields.get("file") else ""
    yield f"approved by {_listed(fields['approved_by'])}" if fields.get("approved_by") else ""
    for one in fields.get("overrides") or []:
        yield f"{one.get('limit')} overridden: {one.get('reason')}"
    if fields.get("did_not_end"):
        yield f"before it, number {_listed(fields['did_not_end'])} did not end"


def _is_rest(fields: Mapping[str, Json]) -> bool:
    """Whether an apply goes on with what another has left."""
    return "left" in fields and fields["left"] < sum((fields.get("summary") or {}).values())


def _ended(fields: Mapping[str, Json]) -> Iterator[str]:
    yield short(fields.get("plan"))
    yield f"{fields.get('done', 0)} done, {fields.get('failed', 0)} failed, {fields.get('skipped', 0)} not begun"
    yield f"{sum(fields['before'].values())} done before" if fields.get("before") else ""
    yield "stopped" if fields.get("stopped") else ""
    yield str(fields.get("error", ""))


def _inspection(fields: Mapping[str, Json]) -> Iterator[str]:
    yield _counts(fields.get("summary"))
    yield f"{_many(fields.get('units'))}, as of {fields.get('as_of')}"
    yield f"only {_listed(fields['systems'])}" if fields.get("systems") else ""


def _approval(fields: Mapping[str, Json]) -> Iterator[str]:
    yield short(fields.get("plan"))
    by = f" by {fields['principal']}" if fields.get("principal") else ""
    yield f"{'rejected' if fields.get('decision') == 'reject' else 'approved'}{by}"
    yield str(fields.get("reason", ""))


def _certificate(fields: Mapping[str, Json]) -> Iterator[str]:
    yield short(fields.get("plan"))
    yield f"signed by {fields['by']}" if fields.get("by") else ""
    yield f"into {fields['file']}" if fields.get("file") else ""


def _enrol(fields: Mapping[str, Json]) -> Iterator[str]:
    hosts = fields.get("hosts")
    yield f"the public keys of {', '.join(hosts)}" if isinstance(hosts, dict) and hosts else ""
    yield f"renewed {_listed(fields['renewed'])}" if fields.get("renewed") else ""
    yield f"failed {_listed(fields['failed'])}" if fields.get("failed") else ""


def _redaction(fields: Mapping[str, Json]) -> Iterator[str]:
    yield f"{fields.get('values')} values of before {fields.get('before')}"
    yield str(fields.get("reason", ""))


def _rotation(fields: Mapping[str, Json]) -> Iterator[str]:
    yield f"goes on from {fields.get('segment')}"


def _recovery(fields: Mapping[str, Json]) -> Iterator[str]:
    yield f"a line that was not wholly written was set aside, {fields.get('bytes')} bytes in {fields.get('file')}"


def _rest(fields: Mapping[str, Json]) -> Iterator[str]:
    """Every field by its name: also of a kind that is new."""
    for name, value in fields.items():
        if value not in (None, "", [], {}) and name != "signature":
            yield f"{name} {short(value) if str(value).startswith('sha256:') else _listed(value)}"


_TOLD: Mapping[str, Callable[[Mapping[str, Json]], Iterator[str]]] = {
    "plan": _plan,
    "apply-begun": _plan,
    "apply-ended": _ended,
    "inspection": _inspection,
    "approval": _approval,
    "certificate": _certificate,
    "enrol": _enrol,
    "redaction": _redaction,
    "rotation": _rotation,
    "recovery": _recovery,
}


def _counts(summary: Json) -> str:
    counts = summary if isinstance(summary, dict) else {}
    return ", ".join(f"{number} {what}" for what, number in counts.items() if number) or "nothing to do"


def _many(units: Json) -> str:
    number = len(units) if isinstance(units, list | dict) else 0
    return f"{number} unit{'' if number == 1 else 's'}"


def _listed(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_listed(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
