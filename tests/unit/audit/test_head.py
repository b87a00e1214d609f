"""A head that is kept apart finds what the chain can't: an end that was cut off, and a log that was written anew."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from haicap.audit.head import hold, read_heads, sign_head
from haicap.audit.log import Log
from haicap.errors import HaicapError, Refused
from haicap.signing.allowed import read_allowed
from tests.unit.audit.samples import written


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


@pytest.fixture
def keys(key: Path, tmp_path: Path) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text(f'an@b.vn namespaces="haicap-log" {key.with_suffix(".pub").read_text()}')
    return path


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return written(tmp_path / "log", 9)


def test_a_log_that_goes_on_holds_to_its_heads(log: Log, key: Path, keys: Path) -> None:
    text = sign_head(log.events(), "lam-dong", "live", key)
    log.append("plan")
    text += sign_head(log.events(), "lam-dong", "live", key)
    log.append("plan")
    heads = read_heads(text, read_allowed(keys), "heads")
    assert [head.signer for head in heads] == ["an@b.vn"] * 2
    assert hold(log.events(), heads) == ()


def test_a_cut_off_end_is_found_only_by_the_head(log: Log, key: Path, keys: Path) -> None:
    heads = read_heads(sign_head(log.events(), "lam-dong", "live", key), read_allowed(keys), "heads")
    segments = sorted(log.folder.glob("0*[0-9].jsonl"))
    last = max(event.seq for event in log.events())
    for path in (segments[-1], segments[-1].with_name(segments[-1].name.replace(".jsonl", ".personal.jsonl"))):
        path.unlink()
    assert log.verdict().faults == ()
    [fault] = hold(log.events(), heads)
    assert f"to {last} were cut off" in fault.reason and "an@b.vn" in fault.reason


def test_a_log_that_was_written_anew_is_found_by_the_head(log: Log, key: Path, keys: Path, tmp_path: Path) -> None:
    heads = read_heads(sign_head(log.events(), "lam-dong", "live", key), read_allowed(keys), "heads")
    other = written(tmp_path / "other", 12)
    assert other.verdict().faults == ()
    assert "written anew" in hold(other.events(), heads)[0].reason


def test_every_changed_byte_of_a_head_is_found(log: Log, key: Path, keys: Path) -> None:
    raw = sign_head(log.events(), "lam-dong", "live", key).encode()
    chance = random.Random(7)  # noqa: S311 - which bit changes is no secret
    for place in chance.sample(range(len(raw)), 120):
        changed = raw[:place] + bytes([raw[place] ^ (1 << chance.randrange(8))]) + raw[place + 1 :]
        with pytest.raises(Refused):
            read_heads(changed.decode("utf-8", "replace"), read_allowed(keys), "heads")


def test_a_head_by_somebody_else_is_none(log: Log, key: Path, tmp_path: Path) -> None:
    text = sign_head(log.events(), "lam-dong", "live", key)
    public = key.with_suffix(".pub").read_text()
    for line in (
        "",
        f'an@b.vn namespaces="haicap-approval" {public}',
        f'an@b.vn valid-before="20200101" {public}',
    ):
        (tmp_path / "keys").write_text(line)
        with pytest.raises(Refused, match="not trusted"):
            read_heads(text, read_allowed(tmp_path / "keys"), "heads")


@pytest.mark.parametrize("text", ["", "\n", "{}\n", "[]\n", "null\n", '{"format":"haicap.log-head/1"}\n', "x"])
def test_what_is_no_head_is_refused(keys: Path, text: str) -> None:
    with pytest.raises(Refused, match="heads"):
        read_heads(text, read_allowed(keys), "heads")


def test_an_empty_log_has_no_head(key: Path) -> None:
    with pytest.raises(HaicapError, match="no line yet"):
        sign_head((), "lam-dong", "live", key)
