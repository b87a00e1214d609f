"""`mail.lock.yml`: what is written, what is read, and damage."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from haicap.addressing.lockfile import MAIL, read_mail, write_mail
from haicap.addressing.mailtext import mailbox_of, mailbox_text
from haicap.addressing.model import Mailbox
from haicap.errors import FindingsError
from tests.unit.addressing.mailsamples import lock_mail, person, role, staff

LINE = (
    '"hhenn.lacduong@lamdong.gov.vn 00001@2025-07-01 2025-07-01..2026-03-31, '
    "hhenn.dalat@lamdong.gov.vn 00002@2025-07-01 2026-04-01.., former hhen@daknong.gov.vn for H'Hen Niê\""
)


@pytest.fixture
def mailboxes() -> dict[str, Mailbox]:
    one = person("NV-1", "H'Hen Niê", until="2026-03-31", former_addresses=["hhen@daknong.gov.vn"])
    two = person("NV-1", "H'Hen Niê", since="2026-04-01")
    planned = lock_mail(staff(1, one, mailboxes=[role("motcua")]), staff(2, two, person("NV-2", 'Lê "An" \\ for\tAn')))
    assert not planned.findings
    return dict(planned.mailboxes)


def test_round_trip(folder: Path, mailboxes: dict[str, Mailbox]) -> None:
    assert read_mail(folder) == {}
    assert write_mail(folder, mailboxes) == (folder / MAIL,)
    assert read_mail(folder) == mailboxes
    assert write_mail(folder, dict(reversed(mailboxes.items()))) == ()


def test_a_line_a_person(folder: Path, mailboxes: dict[str, Mailbox]) -> None:
    write_mail(folder, mailboxes)
    text = (folder / MAIL).read_text("utf-8")
    assert text.startswith("# Kept by `haicap lock` and reviewed in git.") and len(text.splitlines()) == 6
    assert f"  NV-1: {LINE}\n" in text
    assert {key: mailbox_of(line) for key, line in yaml.safe_load(text)["mail"].items()} == mailboxes


def test_who_has_no_term_yet() -> None:
    box = Mailbox("Hải", (), ("hai@danang.gov.vn", "hai@hue.gov.vn"))
    assert mailbox_of(mailbox_text(box)) == box and box.address_on(date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    "case",  # what was there, what is there now, the line, what is said
    [
        ("mail:", "=======\nmail:", 3, "conflict markers are still in it  [lock-conflict]"),
        ("mail:", "post:", 3, 'unknown key "post"'),
        ("2025-07-01..2026-03-31", "2025-07-01..2026-13-31", 5, "has a day that does not exist  [lock-format]"),
        ("2025-07-01..2026-03-31", "2025-07-01..2025-03-31", 5, "ends before it begins"),
        ("2025-07-01..2026-03-31", "2025-07-01..2026-04-01", 5, "is not over when hhenn.dalat@lamdong.gov.vn begins"),
        ("2025-07-01..2026-03-31", "2025-07-01..", 5, "is not over when"),
        ("hhenn.lacduong@", "Hhenn.lacduong@", 5, "is not ADDRESS UNIT FROM..UNTIL"),
        (", former hhen", ", formerly hhen", 5, "is not ADDRESS UNIT FROM..UNTIL"),
        ("former hhen@daknong.gov.vn", "former hhenn.dalat@lamdong.gov.vn", 5, "out of order, or there twice"),
        (" for H'Hen Niê", "", 5, "has no name"),
        ("  NV-2:", "  NV-1:", 6, '"NV-1" is there twice  [lock-overlap]'),
        ("anlaf.dalat@", "hhenn.dalat@", 6, "hhenn.dalat@lamdong.gov.vn is also NV-1  [lock-overlap]"),
        (f"  NV-1: {LINE}", "  NV-1: {a: b}", 5, "holds keys and values, not one value"),
    ],
)
def test_damage_is_a_finding(folder: Path, mailboxes: dict[str, Mailbox], case: tuple[str, str, int, str]) -> None:
    old, new, line, said = case
    mailboxes["NV-2"] = replace(mailboxes["NV-2"], name="Lê An")
    write_mail(folder, mailboxes)
    text = (folder / MAIL).read_text("utf-8")
    assert old in text
    (folder / MAIL).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(FindingsError) as caught:
        read_mail(folder)
    assert f"inventories/lam-dong/{MAIL}:{line}  " in str(caught.value)
    assert said in str(caught.value) and "`haicap lock lam-dong`" in str(caught.value)
