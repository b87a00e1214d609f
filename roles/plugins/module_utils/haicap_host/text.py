"""Text that may leave the host: secrets redacted, long output cut."""

from __future__ import annotations

import hashlib
import re

SECRET = "[secret]"  # noqa: S105 - it stands where one was
_WORDS = r"private-?key|preshared-?key|password|passwd|passphrase|secret|psk|api-?key|token"
# The word ends a name (`PasswordAuthentication no` is no secret), then comes `=`, `:` or a space, then the value.
_VALUE = re.compile(
    r"""(?P<name>\b[\w.-]*(?:""" + _WORDS + r""")["']?(?:[ \t]*[=:][ \t]*|[ \t]+))"""
    r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,;}/][^\s,;}]*)""",  # a path is no secret
    re.IGNORECASE,
)
_KEY = re.compile(r"^(?P<name>\s*(?:PrivateKey|PresharedKey)\s*=\s*)(?P<value>\S+)", re.IGNORECASE | re.MULTILINE)
_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def redact(text: str) -> str:
    """The text with every value of a key-like or password-like name replaced by "[secret]"."""
    return _VALUE.sub(_hide, _BLOCK.sub(SECRET, text))


def redact_keys(text: str) -> str:
    """Only what can be nothing but a secret: for files that we wrote ourselves, whose words we know to be harmless."""
    return _KEY.sub(_hide, _BLOCK.sub(SECRET, text))


def _hide(match: re.Match[str]) -> str:
    value = match.group("value")
    quote = value[0] if value[0] in "\"'" else ""
    return match.group("name") + quote + SECRET + quote


def tail(text: str, lines: int = 12, size: int = 2000) -> str:
    """The last lines of a program's output, redacted, at most `size` characters."""
    kept = [line.rstrip() for line in text.splitlines() if line.strip()][-lines:]
    return redact("\n".join(kept))[-size:]


def sha256(data: bytes) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()
