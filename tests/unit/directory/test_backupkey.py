"""The key of the backups is sealed once to the same officers, and again to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from haicap.directory.onhost.backupkey import seal_key
from haicap.directory.onhost.passwords import collected

AGE = '#!/bin/sh\necho "sealed: $@"; cat > /dev/null\n'


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key, on a host whose age only tells for whom it seals."""
    age = tmp_path / "bin" / "age"
    age.parent.mkdir()
    age.write_text(AGE)
    age.chmod(0o755)
    monkeypatch.setenv("PATH", f"{age.parent}:/usr/bin:/bin")
    path = tmp_path / "backup.key"
    path.write_text("a" * 64 + "\n")
    return path


def test_it_is_sealed_once(key: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    first = seal_key("mail1", ["age1b", "age1a"], key, folder)
    assert [name.rpartition("-")[0] for name in first] == ["mail1-backup-key"]
    assert list(first.values()) == ["sealed: -a -r age1b -r age1a\n"]
    assert seal_key("mail1", ["age1a", "age1b"], key, folder) == first, "not fetched yet: it is told again"
    collected(list(first), folder)
    assert seal_key("mail1", ["age1a", "age1b"], key, folder) == {}


def test_other_officers_and_another_key_are_sealed_anew(key: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    collected(list(seal_key("mail1", ["age1a"], key, folder)), folder)
    others = seal_key("mail1", ["age1b"], key, folder)
    assert list(others.values()) == ["sealed: -a -r age1b\n"]
    collected(list(others), folder)
    key.write_text("b" * 64)
    assert len(seal_key("mail1", ["age1b"], key, folder)) == 1


def test_without_officers_nothing_is_sealed(key: Path, tmp_path: Path) -> None:
    assert seal_key("mail1", [], key, tmp_path / "sealed") == {}
    assert not (tmp_path / "sealed").exists()


def test_the_open_key_is_in_no_file(key: Path, tmp_path: Path) -> None:
    seal_key("mail1", ["age1a"], key, tmp_path / "sealed")
    texts = [path.read_text() for path in (tmp_path / "sealed").iterdir()]
    assert texts and not any("a" * 64 in text for text in texts)


def test_what_cannot_be_sealed_is_an_error_and_not_noted(key: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "age").write_text("#!/bin/sh\necho bad recipient >&2; exit 1\n")
    with pytest.raises(OSError, match="age cannot seal: bad recipient"):
        seal_key("mail1", ["age1a"], key, tmp_path / "sealed")
    (tmp_path / "bin" / "age").write_text(AGE)
    assert len(seal_key("mail1", ["age1a"], key, tmp_path / "sealed")) == 1
