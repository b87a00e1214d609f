"""Who may sign what, and when: a file in OpenSSH's `allowed_signers` format (ssh-keygen(1), ALLOWED SIGNERS).

    lan@lamdong.gov.vn namespaces="haicap-approval",valid-before="20260601Z" ssh-ed25519 AAAA...

A line whose options are not known here is an error, not a line that is skipped: it might be what takes a key away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from haicap.errors import Finding, FindingsError, HaicapError

_KEY = re.compile(r"^(ssh-|ecdsa-|sk-)")
_LINE = re.compile(r'^("[^"]*"|\S+)\s+(.*)$')
_OPTIONS = re.compile(r'^((?:[^\s"]|"[^"]*")+)\s+(.*)$')
_OPTION = re.compile(r'([a-z-]+)(?:="([^"]*)")?(?:,|$)')
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_NEXT_STEP = "`haicap keys -o keys` writes such a file from approvers.yml."


@dataclass(frozen=True)
class AllowedSigner:
    """One line. `principals` are patterns, `namespaces` too (None: all); the times bound when the key counts."""

    principals: tuple[str, ...]
    key: str
    namespaces: tuple[str, ...] | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None


def read_allowed(path: Path) -> tuple[AllowedSigner, ...]:
    """The lines of a file, in their order. HaicapError where there is none, FindingsError where one can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HaicapError(f"{path}: {error}. {_NEXT_STEP}") from error
    found, findings = list[AllowedSigner](), list[Finding]()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(_signer(line.strip()))
            except ValueError as error:
                findings.append(Finding(str(path), number, "allowed signer", str(error), "allowed-signers"))
    if findings:
        raise FindingsError(findings, _NEXT_STEP)
    return tuple(found)


def line_of(signer: AllowedSigner) -> str:
    """The line of a file that says this, without its end. Times are written in UTC, which OpenSSH reads from 9.1 on."""
    options = {
        "namespaces": signer.namespaces and ",".join(signer.namespaces),
        "valid-after": _written(signer.valid_after),
        "valid-before": _written(signer.valid_before),
    }
    told = ",".join(f'{name}="{value}"' for name, value in options.items() if value)
    return " ".join(word for word in (",".join(signer.principals), told, signer.key) if word)


def refusal(signers: Sequence[AllowedSigner], key: str, principal: str, namespace: str, at: datetime) -> str | None:
    """None when a line lets this key sign as `principal` for this purpose at that moment; else why not, as a clause."""
    reasons = [_against(signer, principal, namespace, at) for signer in signers if signer.key == key]
    if not reasons:
        return "its key is not among the keys that are trusted"
    return None if None in reasons else " and ".join(sorted({reason for reason in reasons if reason}))


def principal_of(signers: Sequence[AllowedSigner], key: str, namespace: str, at: datetime) -> str | None:
    """Whose a key is, by the first line that lets it sign for this purpose at that moment; None when none does."""
    lines = (one for one in signers if one.key == key and _limit(one, namespace, at) is None)
    return next((",".join(one.principals) for one in lines), None)


def _against(signer: AllowedSigner, principal: str, namespace: str, at: datetime) -> str | None:
    if not _matches(signer.principals, principal):
        return f"its key is {','.join(signer.principals)}'s, not {principal}'s"
    return _limit(signer, namespace, at)


def _limit(signer: AllowedSigner, namespace: str, at: datetime) -> str | None:
    """Why a line's key counts for nothing for a purpose at a moment; None when it counts."""
    if signer.namespaces is not None and not _matches(signer.namespaces, namespace):
        return f"its key is not for {namespace}"
    if signer.valid_after is not None and at < signer.valid_after:
        return f"its key counts only from {signer.valid_after:%Y-%m-%d %H:%M:%SZ} on"
    if signer.valid_before is not None and at > signer.valid_before:
        return f"its key counts only until {signer.valid_before:%Y-%m-%d %H:%M:%SZ}"
    return None


def _matches(patterns: Sequence[str], text: str) -> bool:
    """ssh_config(5), PATTERNS: one must match, and none that begins with `!`."""
    if any(one.startswith("!") and _is_like(one[1:], text) for one in patterns):
        return False
    return any(not one.startswith("!") and _is_like(one, text) for one in patterns)


def _is_like(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _signer(line: str) -> AllowedSigner:
    principals, rest = _split(_LINE, line, "it has no key")
    options: dict[str, str] = {}
    if not _KEY.match(rest):
        told, rest = _split(_OPTIONS, rest, "it has no key")
        options = dict(_options(told))
    words = rest.split()
    if len(words) < 2 or not _KEY.match(words[0]):
        raise ValueError(f"this is no public key: {rest[:40]!r}")
    namespaces = options.get("namespaces")
    return AllowedSigner(
        principals=tuple(principals.strip('"').split(",")),
        key=" ".join(words[:2]),
        namespaces=None if namespaces is None else tuple(namespaces.split(",")),
        valid_after=_moment(options.get("valid-after")),
        valid_before=_moment(options.get("valid-before")),
    )


def _split(pattern: re.Pattern[str], text: str, otherwise: str) -> tuple[str, str]:
    found = pattern.match(text)
    if found is None:
        raise ValueError(otherwise)
    return found.group(1), found.group(2)


def _options(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _OPTION.match(text, at)
        if found is None or found.group(1) not in ("namespaces", "valid-after", "valid-before"):
            raise ValueError(f"the option {text[at:]!r} is not known here")
        if found.group(2) is None:
            raise ValueError(f"the option {found.group(1)} has no value")
        yield found.group(1), found.group(2)
        at = found.end()


def _written(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%SZ}" if moment is not None else ""


def _moment(text: str | None) -> datetime | None:
    """A time of an option: UTC with a `Z` at its end, else this machine's own time, as ssh-keygen takes it."""
    if text is None:
        return None
    digits = text.removesuffix("Z")
    if len(digits) not in _TIMES or not digits.isdecimal():
        raise ValueError(f"{text!r} is no time; write it as 20250701Z or 20250701083000Z")
    found = datetime.strptime(digits, _TIMES[len(digits)])
    return found.replace(tzinfo=UTC) if text.endswith("Z") else found.astimezone(UTC)
