"""Pure: what a zone holds against what resources want of it -> record sets to write, and conflicts to report.

Each record set of ours bears a mark: a comment of the account `haicap` that names the resource. What bears no mark is
never changed or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from haicap.plan.model import Json
from haicap.provider.powerdns import ACCOUNT, RecordSet

Wanted = Mapping[str, Mapping[str, Json]]  # "name. TYPE" -> {"ttl", "records"}


@dataclass(frozen=True)
class Live:
    """A record set as the server holds it. `owner` is the resource that its mark names, None without a mark."""

    ttl: int
    records: tuple[str, ...]
    owner: str | None


def live_sets(zone: Mapping[str, Any]) -> dict[str, Live]:
    """A zone's record sets by "name. TYPE", without its SOA."""
    return {
        f"{rrset['name']} {rrset['type']}": Live(
            rrset["ttl"], tuple(sorted(record["content"] for record in rrset["records"])), _owner(rrset)
        )
        for rrset in zone["rrsets"]
        if rrset["type"] != "SOA"
    }


def _owner(rrset: Mapping[str, Any]) -> str | None:
    marks = [comment["content"] for comment in rrset.get("comments", ()) if comment.get("account") == ACCOUNT]
    return marks[0] if marks else None


@dataclass(frozen=True)
class Writing:
    """What to write to one zone for one resource, and what stands in the way."""

    sets: tuple[RecordSet, ...]
    conflicts: tuple[str, ...]


def plan_zone(owner: str, wanted: Wanted, live: Mapping[str, Live]) -> Writing:
    """Bring a zone's record sets of `owner` to `wanted`: replace what differs, delete what it no longer wants."""
    sets: list[RecordSet] = []
    conflicts: list[str] = []
    foreign = _foreign_names(live)
    for key, value in wanted.items():
        blocker = _blocker(key, live, foreign)
        if blocker:
            conflicts.append(blocker)
        elif not _same(value, live.get(key), owner):
            sets.append(_replace(owner, key, value))
    sets += [_delete(key) for key, found in live.items() if found.owner == owner and key not in wanted]
    return Writing(tuple(sets), tuple(conflicts))


def found_sets(owner: str, recorded: Wanted, live: Mapping[str, Live]) -> dict[str, Json]:
    """The resource's record sets as they are: those that it wrote, and whatever else bears its mark."""
    return {
        key: {"ttl": found.ttl, "records": _in_order(found, recorded.get(key))}
        for key, found in sorted(live.items())
        if key in recorded or found.owner == owner
    }


def _in_order(found: Live, recorded: Mapping[str, Json] | None) -> list[str]:
    """The server keeps no order: where the same records were recorded, they are told in the recorded order."""
    records = list(found.records)
    if recorded is not None and sorted(recorded["records"]) == records:
        return list(recorded["records"])
    return records


def _foreign_names(live: Mapping[str, Live]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for key, found in live.items():
        if found.owner is None:
            names.setdefault(key.partition(" ")[0], []).append(key)
    return names


def _blocker(key: str, live: Mapping[str, Live], foreign: Mapping[str, Iterable[str]]) -> str | None:
    """A record set without our mark that holds the same name and type, or shares its name with a CNAME (RFC 1034)."""
    name, _, kind = key.partition(" ")
    for other in foreign.get(name, ()):
        if other == key or kind == "CNAME" or other.endswith(" CNAME"):
            held = ", ".join(live[other].records)
            return f"{other} ({held}) bears no mark of haicap's, and stands in the way of {key}"
    return None


def _same(value: Mapping[str, Json], found: Live | None, owner: str) -> bool:
    return (
        found is not None
        and found.owner == owner
        and found.ttl == value["ttl"]
        and found.records == tuple(sorted(value["records"]))
    )


def _replace(owner: str, key: str, value: Mapping[str, Json]) -> RecordSet:
    name, _, kind = key.partition(" ")
    return {
        "name": name,
        "type": kind,
        "ttl": value["ttl"],
        "changetype": "REPLACE",
        "records": [{"content": content, "disabled": False} for content in value["records"]],
        "comments": [{"content": owner, "account": ACCOUNT}],
    }


def _delete(key: str) -> RecordSet:
    name, _, kind = key.partition(" ")
    return {"name": name, "type": kind, "changetype": "DELETE"}
