"""Subnet arithmetic for the planner: what is free in a pool, and where networks fit in a block.

The only module here that knows netaddr. Elsewhere an address is text, or a `Span` where it is compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from netaddr import AddrFormatError, IPAddress, IPNetwork, IPSet
from netaddr.strategy import ipv4, ipv6

_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-f:]*:[0-9a-f:.]*(/[0-9]{1,3})?")
WIDTH = {4: 32, 6: 128}  # bits of an address, by version
AddressSet = Any  # netaddr's IPSet, which has no type hints; `|` joins two


class Span(NamedTuple):
    """The addresses from `first` to `last`, as integers; `value` is the one that was written, `prefix` its length."""

    version: int
    first: int
    last: int
    value: int
    prefix: int

    def holds(self, other: Span) -> bool:
        """Whether all of `other` lies inside."""
        return self.version == other.version and self.first <= other.first and other.last <= self.last

    def meets(self, other: Span) -> bool:
        """Whether the two share an address."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


@lru_cache(maxsize=1 << 17)
def span(text: str) -> Span:
    """Read an address, an interface ("10.64.0.1/26") or a network. Raises ValueError when it is none of these."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not an address")
    head, _, length = text.partition("/")
    version, strategy = (6, ipv6) if ":" in head else (4, ipv4)
    try:
        value = strategy.str_to_int(head)  # an IPNetwork takes five times as long, and a lock has thousands
    except (AddrFormatError, ValueError) as error:
        raise ValueError(f"{text!r} is not an address") from error
    rest = WIDTH[version] - int(length or WIDTH[version])
    if rest < 0:
        raise ValueError(f"{text!r} is not an address")
    first = value >> rest << rest
    return Span(version, first, first + (1 << rest) - 1, value, WIDTH[version] - rest)


def host(text: str) -> Span:
    """The single address of an interface: "10.64.0.1/26" is one address."""
    found = span(text)
    return Span(found.version, found.value, found.value, found.value, WIDTH[found.version])


def address(version: int, value: int) -> str:
    """Write an integer as an address (IPv6 as in RFC 5952)."""
    return str(IPAddress(value, version))


def network(version: int, first: int, prefix: int) -> str:
    """Write a network, "10.64.0.0/22"."""
    return f"{address(version, first)}/{prefix}"


def taken_set(spans: Iterable[Span]) -> AddressSet:
    """The set of all addresses of `spans`, as one value."""
    return IPSet([IPNetwork((item.first, item.prefix), version=item.version) for item in spans])


def free_subnets(networks: Sequence[str], prefix: int, taken: AddressSet) -> Iterator[Span]:
    """The free subnets of one prefix length: in the order of `networks`, each from its lowest address up."""
    for text in networks:
        here = IPSet([text])
        for cidr in sorted((here - taken).iter_cidrs()):
            for net in cidr.subnet(prefix):
                yield Span(net.version, net.first, net.last, net.first, prefix)
        taken = taken | here


def free_space(block: str, taken: Iterable[str]) -> list[tuple[int, int]]:
    """What is free in a block, as aligned (first address, prefix length) in rising order."""
    space = IPSet([block])
    used = [text for text in taken if text]
    if used:
        space -= IPSet(used)
    return sorted((cidr.first, cidr.prefixlen) for cidr in space.iter_cidrs())


def pack(free: Iterable[tuple[int, int]], wanted: Mapping[str, int]) -> dict[str, int] | None:
    """Place IPv4 networks of the wanted prefix lengths in free space: the largest first, each as low as it fits.

    Returns first addresses by name, or None if they do not all fit. Sizes are powers of two and the largest goes
    first, so this finds a place whenever there is one.
    """
    space = list(free)
    places: dict[str, int] = {}
    for name, prefix in sorted(wanted.items(), key=lambda item: (item[1], item[0])):
        spot = next((index for index, (_, length) in enumerate(space) if length <= prefix), None)
        if spot is None:
            return None
        first, length = space[spot]
        places[name] = first
        rest = [(first + (1 << (32 - half)), half) for half in range(prefix, length, -1)]
        space[spot : spot + 1] = rest
    return places
