"""Names as they are written, and templates for addresses."""

import unicodedata

import pytest

from haicap.addressing.pattern import Parts, is_reserved, local_part, name_parts, pattern_faults, person_part
from haicap.inventory.model import Mail


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Nguyễn Thị Hải", ("hai", "nt", "nguyen")),
        ("NGUYỄN VĂN HẢI", ("hai", "nv", "nguyen")),
        ("Đặng Đình Đức", ("duc", "dd", "dang")),
        ("Ðặng Ðức", ("duc", "d", "dang")),  # the letter eth, as old keyboards wrote it
        ("Tôn Nữ Thị Tường-Vi", ("tuongvi", "tnt", "ton")),
        ("Công Tằng Tôn Nữ Ái Nhi", ("nhi", "cttna", "cong")),
        ("Hải", ("hai", "", "")),
        ("Lê  Hải ", ("hai", "l", "le")),
        ("K'Brêu", ("kbreu", "", "")),
        ("K’ Brêu", ("kbreu", "", "")),
        ("K`Brêu", ("kbreu", "", "")),
        ("Ka Thu", ("thu", "k", "ka")),
        ("Y Wăn Êban", ("ywan", "e", "eban")),
        ("Y Thịnh", ("ythinh", "", "")),
        ("H'Hen Niê", ("hhen", "n", "nie")),
        ("H’HEN NIÊ KĐĂM", ("hhen", "nk", "niekdam")),
        ("H' Hen Niê", ("hhen", "n", "nie")),
        ("Nguyễn Thị Y", ("y", "nt", "nguyen")),
        ("Trần Văn 2", ("2", "tv", "tran")),
        ("Y", ("y", "", "")),
        ("北京", ("", "", "")),
        ("---", ("", "", "")),
    ],
)
def test_name_parts(name: str, parts: tuple[str, str, str]) -> None:
    for form in ("NFC", "NFD"):
        assert name_parts(unicodedata.normalize(form, name)) == Parts(*parts)


@pytest.mark.parametrize(
    ("template", "parts", "number", "local"),
    [
        ("{given}{initials}{number}.{unit}", Parts("hai", "nt", "nguyen"), 1, "haint.lacduong"),
        ("{given}{initials}{number}.{unit}", Parts("hai", "nt", "nguyen"), 2, "haint2.lacduong"),
        ("{given}.{initials}-{number}_{unit}", Parts("hai", "", ""), 1, "hai_lacduong"),
        ("{given}.{initials}-{number}_{unit}", Parts("hai", "n", ""), 12, "hai.n-12_lacduong"),
        ("{initials}.{given}{number}", Parts("hai", "", ""), 1, "hai"),
        ("{unit}.{given}-{number}", Parts("hai", "", ""), 1, "lacduong.hai"),
        ("cb-{family}{number}.{unit}", Parts("hai", "n", "nguyen"), 1, "cb-nguyen.lacduong"),
    ],
)
def test_templates(template: str, parts: Parts, number: int, local: str) -> None:
    assert person_part(template, parts, "lacduong", number) == local


def test_64_octets_cut_the_given_name() -> None:
    template, parts = Mail().person, Parts("abcdefgh", "xyz", "x")
    assert person_part(template, parts, "u" * 52, 1) == f"abcdefghxyz.{'u' * 52}"
    assert person_part(template, parts, "u" * 53, 1) == f"abcdefgxyz.{'u' * 53}"
    assert person_part(template, parts, "u" * 53, 12) == f"abcdexyz12.{'u' * 53}"
    assert person_part(template, parts, "u" * 60, 1) is None
    assert len(person_part("{family}{number}.{unit}", Parts("a", "b", "c" * 90), "u" * 63, 1) or "") == 0
    assert local_part("{role}.{unit}", {"role": "r" * 32, "unit": "u" * 32}) is None


@pytest.mark.parametrize("name", ["Root", "Ad Min Admin", "Post-Master", "Ubnd", "Abuse"])
def test_reserved_names_are_no_persons(name: str) -> None:
    parts = name_parts(name)._replace(initials="")
    assert is_reserved(Mail().person, parts, "lacduong", 1) and not is_reserved(Mail().person, parts, "lacduong", 2)
    assert is_reserved("{given}{number}", parts, "lacduong", 1)


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (
            {"person": "{given}{nickname}{number}"},
            'mail.person: "{given}{nickname}{number}" has {nickname}; the fields',
        ),
        ({"person": "{given}{number:02}"}, "has a format; the fields are {family} {given} {initials} {number} {unit}"),
        ({"person": "{given}{number!r}"}, "has a format"),
        ({"person": "{given}{}{number}"}, "has {}"),
        ({"person": "{given.real}{number}"}, "has {given.real}"),
        ({"person": "{given"}, "is not a template: expected '}' before end of string"),
        ({"person": "{given}.{unit}"}, "does not tell persons apart; it needs {number}"),
        ({"person": "{unit}{number}"}, "does not tell persons apart"),
        ({"person": "{role}{given}{number}"}, "has {role}"),
        ({"role": "{role}"}, "does not tell the units' mailboxes apart; it needs {role} and {unit}"),
        ({"person": "{given}{number}@{unit}"}, "cannot be the part of an address before the @"),
        ({"person": "{given} {number}"}, "cannot be"),
        ({"person": "{given}..{unit}{number}"}, "cannot be"),
        ({"person": "Đ{given}{number}"}, "cannot be"),
        ({"person": "x" * 70 + "{given}{number}"}, "cannot be"),
        ({"role": "{role}+{unit}"}, "cannot be"),
    ],
)
def test_bad_templates(mail: dict[str, str], said: str) -> None:
    found = [f"{place}: {reason}" for place, reason in pattern_faults(Mail(**mail))]
    assert len(found) == 1 and said in found[0]


def test_good_templates() -> None:
    assert not list(pattern_faults(Mail()))
    assert not list(pattern_faults(Mail(person="{family}.{given}-{number}_{unit}", role="{unit}-{role}")))
