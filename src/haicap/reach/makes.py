"""What hosts make themselves, and whose public half is enrolled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Makes:
    """What a host makes beside its SSH key: a request for a certificate of its `names` (its own first), a DKIM key for
    each selector, a WireGuard key if it is a member of the VPN."""

    names: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    wireguard: bool = True
