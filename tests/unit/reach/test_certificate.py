"""Each fault of a certificate has its line, and each line its way out."""

from __future__ import annotations

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from haicap.reach.certificate import Papers, key_of, names_of
from tests.unit.reach.papers import FQDN, NOW, Made, middle, request, root

GOOD = Made().pem() + middle()
AGAIN = "have mail1.csr signed again"


def faults(
    certificate: str = GOOD, authority: str | None = None, days: int = 14, asked: str | None = None
) -> list[str]:
    ca = root() if authority is None else authority
    papers = Papers((FQDN,), asked or request(), certificate, ca, "mail1.pem", "mail1.csr", "ca.pem")
    return list(papers.faults(NOW, days))


@pytest.mark.parametrize(
    "certificate",
    [
        GOOD,
        Made().pem() + middle() + root(),
        Made(issuer="Root").pem(),
        Made(names=("x.vn", "*.lamdong.gov.vn"), use=None).pem() + middle(),
        Made().pem() + Made("Lower", "Middle", ca=True).pem() + middle(),
        "Chứng thư số của máy chủ\n" + Made(use=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE).pem() + "\n" + middle(),
    ],
    ids=["chain", "with-root", "direct", "wildcard", "more-than-needed", "with-words"],
)
def test_what_works_has_no_fault(certificate: str) -> None:
    assert faults(certificate) == []


@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("", "mail1.pem: it holds no certificate; put the chain there as PEM, the host's first"),
        ("PKCS #7", "mail1.pem: it holds no certificate; put the chain there as PEM, the host's first"),
        (GOOD[:200], "mail1.pem: it holds no certificate; put the chain there as PEM, the host's first"),
        (
            Made("other").pem() + middle(),
            "mail1.pem: its first certificate is not of the host's key; have mail1.csr signed",
        ),
        (
            Made(names=("mail.vn",)).pem() + middle(),
            f"mail1.pem: it is for mail.vn, not for {FQDN}; have mail1.csr signed as it is",
        ),
        (
            Made(names=()).pem() + middle(),
            f"mail1.pem: it is for no name at all, not for {FQDN}; have mail1.csr signed as it is",
        ),
        (
            Made(use=ExtendedKeyUsageOID.CLIENT_AUTH).pem() + middle(),
            "mail1.pem: it is not for servers; have mail1.csr signed for TLS servers",
        ),
        (
            Made(days=(1, 90)).pem() + middle(),
            f"mail1.pem: it is valid from 2026-01-02 on only; wait until then, or {AGAIN}",
        ),
        (Made(days=(-90, 0)).pem() + middle(), f"mail1.pem: it ended on 2026-01-01; {AGAIN}"),
        (Made(days=(-90, 13)).pem() + middle(), f"mail1.pem: it ends on 2026-01-14, in less than 14 days; {AGAIN}"),
        (
            Made().pem(),
            "mail1.pem: no certificate of CN=Middle is in it or in ca.pem; add the one that is missing",
        ),
        (
            Made(issuer="mail2").pem() + Made("mail2", "Root").pem(),
            "mail1.pem: no certificate of CN=mail2 is in it or in ca.pem; add the one that is missing",
        ),
        (
            Made().pem() + middle(days=(-90, -1)),
            "mail1.pem: CN=Middle is valid from 2025-10-03 to 2025-12-31 only; put today's in its place",
        ),
    ],
)
def test_a_fault_of_the_certificate(certificate: str, said: str) -> None:
    assert faults(certificate) == [said]


def test_a_chain_in_the_wrong_order() -> None:
    assert faults(middle() + Made().pem())[0] == (
        "mail1.pem: its first certificate is not of the host's key; put the host's own certificate first"
    )


@pytest.mark.parametrize(
    ("authority", "said"),
    [
        ("", "ca.pem: it holds no certificate; put the authority's own there as PEM"),
        (
            Made("Other", "Other", ca=True).pem(),
            "mail1.pem: no certificate of CN=Root is in it or in ca.pem; add the one that is missing",
        ),
        (
            root(days=(-90, -1)),
            "ca.pem: CN=Root is valid from 2025-10-03 to 2025-12-31 only; put today's in its place",
        ),
    ],
)
def test_a_fault_of_the_authority(authority: str, said: str) -> None:
    assert faults(authority=authority) == [said]


def test_one_of_several_authorities_is_enough() -> None:
    assert faults(authority=Made("Other", "Other", ca=True).pem() + root()) == []


def test_a_private_key_is_told_and_every_fault_with_it() -> None:
    found = faults(Made("other", days=(-90, -1)).pem() + "-----BEGIN PRIVATE KEY-----\n")
    assert found[0].startswith("mail1.pem: a private key is in it; take it out")
    assert len(found) == 4


def test_a_request_s_key_and_names() -> None:
    assert key_of(request()) == key_of(request()) != key_of(request("other"))
    assert names_of(request()) == {FQDN}
    damaged = request().replace("\n", "\nA", 2)
    for text in ("", "words", damaged):
        assert key_of(text) is None
        assert names_of(text) == frozenset()
