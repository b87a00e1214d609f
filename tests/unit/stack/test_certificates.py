"""A mail server's request and certificate beside its keys: on the live network, and in a lab."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from haicap.lab.authority import Authority
from haicap.reach.certificate import key_of
from haicap.stack.certificates import Standing, keep_certificate
from haicap.stack.workspace import Target, Workspace
from tests.unit.reach.papers import FQDN, NOW, Made, middle, request, root

SHOWN = "inventories/lam-dong/certificates"
Keep = Callable[..., Standing]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """`keep(owner="mail1", target="live", days=0)`: after an enrolment of a host with that key, so many days on."""

    def keep(owner: str = "mail1", target: Target = "live", days: int = 0, fqdn: str = FQDN) -> Standing:
        ws = Workspace(tmp_path, "lam-dong", target)
        return keep_certificate(ws, "mail1", (fqdn,), request(owner, fqdn), NOW + timedelta(days))

    return keep


@pytest.fixture
def live(tmp_path: Path) -> Path:
    return tmp_path / SHOWN


def test_a_request_is_to_be_signed(keep: Keep, live: Path) -> None:
    first = keep()
    assert (first.written, first.faults) == ((f"{SHOWN}/mail1.csr",), ())
    assert first.next_step == (
        f"Have {SHOWN}/mail1.csr signed by your authority, put the chain in {SHOWN}/mail1.pem and the authority's own "
        f"certificate in {SHOWN}/ca.pem, and run `haicap enrol lam-dong` again."
    )
    before = (live / "mail1.csr").read_bytes()
    again = keep()
    assert (again.written, again.next_step) == ((), first.next_step)
    assert (live / "mail1.csr").read_bytes() == before != request().encode(), "only its signature is another"


def test_another_key_or_name_is_another_request(keep: Keep, live: Path) -> None:
    keep()
    assert keep("other").written == (f"{SHOWN}/mail1.csr",)
    assert key_of((live / "mail1.csr").read_text()) == key_of(request("other"))
    assert keep("other", fqdn="mail1.x.vn").written == (f"{SHOWN}/mail1.csr",)


def test_a_certificate_that_works_and_one_that_runs_out(keep: Keep, live: Path) -> None:
    keep()
    (live / "mail1.pem").write_text(Made().pem() + middle())
    (live / "ca.pem").write_text(root())
    assert keep() == Standing("mail1", ())
    assert keep(days=76) == Standing("mail1", ())
    (fault,) = keep(days=77).faults
    assert fault == (
        f"{SHOWN}/mail1.pem: it ends on 2026-04-01, in less than 14 days; have {SHOWN}/mail1.csr signed again"
    )
    (fault,) = keep("other").faults
    assert fault == f"{SHOWN}/mail1.pem: its first certificate is not of the host's key; have {SHOWN}/mail1.csr signed"


def test_a_certificate_without_its_authority(keep: Keep, live: Path) -> None:
    keep()
    (live / "mail1.pem").write_text(Made().pem() + middle())
    assert keep().faults == (f"{SHOWN}/ca.pem: it holds no certificate; put the authority's own there as PEM",)


def test_a_lab_signs_at_once_and_again_when_it_must(keep: Keep, tmp_path: Path) -> None:
    folder = ".lab/certificates"
    csr, pem, ca = (f"inventories/lam-dong/{folder}/{name}" for name in ("mail1.csr", "mail1.pem", "ca.pem"))
    (tmp_path / "inventories/lam-dong").mkdir(parents=True)
    days = (datetime.now(UTC) - NOW).days + 1
    assert keep(target="lab", days=days) == Standing("mail1", (csr, ca, pem))
    assert keep(target="lab", days=days) == Standing("mail1", ())
    assert keep(target="lab", days=days + 58) == Standing("mail1", ())
    assert keep("other", target="lab", days=days) == Standing("mail1", (csr, pem))
    assert keep("other", target="lab", days=days + 62).written == (pem,), "less than 30 days are left"
    lab = tmp_path / "inventories/lam-dong/.lab/hosts/authority"
    (lab / "authority.key").unlink()
    assert keep("other", target="lab", days=days).written == (ca, pem)
    assert (tmp_path / ca).read_text() == Authority(lab).certificate
    assert not (tmp_path / SHOWN).exists(), "what a lab has is not the live network's"
