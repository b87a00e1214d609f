"""Subnet arithmetic."""

import pytest

from haicap.addressing.networks import Span, free_space, free_subnets, pack, span, taken_set


def test_span_reads_addresses_interfaces_and_networks() -> None:
    assert span("10.0.0.5/30") == Span(4, 0x0A000004, 0x0A000007, 0x0A000005, 30)
    assert span("::1") == Span(6, 1, 1, 1, 128)
    assert span("0.0.0.0/0").last == 2**32 - 1


@pytest.mark.parametrize(
    "text", ["", "10", "10.0.0", "10.0.0.256", "1.2.3.4/33", "::/129", "::g", "1.2.3.4/", "01.2.3.4"]
)
def test_span_refuses_what_is_not_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        span(text)


def test_free_subnets_in_the_order_of_networks() -> None:
    taken = taken_set([span("10.1.0.0/25"), span("10.0.0.64/26")])
    found = free_subnets(["10.1.0.0/24", "10.0.0.0/24", "10.1.0.0/24"], 26, taken)
    assert [item.first & 0xFFFFFF for item in found] == [0x10080, 0x100C0, 0, 0x80, 0xC0]


def test_pack_finds_a_place_whenever_there_is_one() -> None:
    free = free_space("10.0.0.0/24", ["10.0.0.0/26"])
    assert pack(free, {"half": 25, "quarter": 26}) == {"half": 0x0A000080, "quarter": 0x0A000040}
    assert pack(free, {"half": 25, "quarter": 26, "more": 30}) is None
