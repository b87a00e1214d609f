"""What two can never both have: addresses, AS numbers, labels, official addresses; and what lies inside a block."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from haicap.addressing.model import Mailbox, Member, Name, Placed
from haicap.addressing.networks import Span, host, span
from haicap.addressing.pools import spans_of

Place = tuple[str, ...]  # where a value is in the lock: ("24958@2025-07-01", "segments", "staff", "v4")


class Clash(NamedTuple):
    """A value that cannot stand: where it is, and why, in words."""

    path: Place
    reason: str


def find_clashes(members: Mapping[str, Member]) -> list[Clash]:
    """Every clash among the members' addresses and AS numbers, tombstones included, in a stable order."""
    spans = [
        (item, (identity, *name.split("/")))
        for identity, member in members.items()
        for name, item in spans_of(member).items()
    ]
    clashes = [*_shared(spans), *_same((str(member.asn), (identity, "asn")) for identity, member in members.items())]
    for identity, member in members.items():
        clashes.extend(_inside(identity, member))
    return sorted(clashes)


def find_same_labels(names: Mapping[str, Name]) -> list[Clash]:
    """Labels that two units have."""
    return sorted(_same((name.label, (identity, "label")) for identity, name in names.items()))


def find_same_machine_addresses(machines: Mapping[str, Placed]) -> list[Clash]:
    """Addresses that two machines have, tombstones included."""
    fours = ((placed.address, (name, "address")) for name, placed in machines.items())
    sixes = ((str(span(placed.address6).value), (name, "address6")) for name, placed in machines.items())
    return sorted([*_same(fours), *_same(sixes)])


def find_same_addresses(mailboxes: Mapping[str, Mailbox]) -> list[Clash]:
    """Official addresses that two persons or role mailboxes have, or had."""
    return sorted(_same((address, (key,)) for key, box in sorted(mailboxes.items()) for address in box.addresses))


def _shared(spans: Iterable[tuple[Span, Place]]) -> Iterator[Clash]:
    """Overlaps, each told at the later of the two."""
    ordered = sorted(spans)
    widest: tuple[Span, Place] | None = None
    for item, path in ordered:
        if widest is not None and widest[0].meets(item):
            yield Clash(path, f"overlaps {'/'.join(widest[1])}")
        if widest is None or (item.version, item.last) > (widest[0].version, widest[0].last):
            widest = (item, path)


def _same(values: Iterable[tuple[str, Place]]) -> Iterator[Clash]:
    owners: dict[str, list[Place]] = defaultdict(list)
    for value, path in values:
        owners[value].append(path)
    for value, paths in owners.items():
        for path in paths[1:]:
            yield Clash(path, f"{value} is also {'/'.join(paths[0])}")


def _inside(identity: str, member: Member) -> Iterator[Clash]:
    """Segments lie in their block, hosts in their segment, and none of them meet."""
    blocks = [span(text) for text in (member.block, member.block6) if text]
    spans: list[tuple[Span, Place]] = []
    for name, segment in member.segments.items():
        path = (identity, "segments", name)
        for key, text in (("v4", segment.v4), ("v6", segment.v6)):
            spans.append((span(text), (*path, key)))
            if not any(block.holds(span(text)) for block in blocks):
                yield Clash((*path, key), f"{text} is not in the unit's block")
        hosts = [(host(text), (*path, "hosts", device)) for device, text in segment.hosts.items()]
        yield from _shared(hosts)
        net = span(segment.v4)
        for item, place in hosts:
            if not net.first + 1 < item.value < net.last or item.version != 4:
                yield Clash(place, f"is not an address for hosts of {segment.v4}")
    yield from _shared(spans)
