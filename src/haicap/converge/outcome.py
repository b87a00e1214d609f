"""What Ansible said about a host -> HostResult, with the cause in words for a person and nothing secret in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from haicap.converge.model import HostJob, HostResult
from haicap.reach.context import Connection

_SECRET = re.compile(
    r"""(\b[\w.-]*(?:private-?key|preshared-?key|password|passwd|passphrase|secret|psk|api-?key|token)["']?"""
    r"""(?:[ \t]*[=:][ \t]*|[ \t]+))("[^"\n]*"|'[^'\n]*'|[^\s,;}/][^\s,;}]*)""",
    re.IGNORECASE,
)
_NOISE = re.compile(r"^(Task failed: |Failed to connect to the host via ssh: |Connection failed: |EOF on stream; .*:$)")
_OTHER_KEY = "its host key is not the one on record: if the host was replaced, run `haicap enrol`"
# What ssh or mitogen says -> what it means for the person. The first that matches holds.
_CAUSES = (
    (r"host key", _OTHER_KEY),
    (r"Permission denied|authentication failed|no key|incorrect",
     "it does not accept the ssh key of user {user}"),
    (r"Connection refused", "nothing listens on port {port}: is sshd running?"),
    (r"timed out|timeout", "no answer within {timeout} s: is it on, and is its line up?"),
    (r"No route to host|Network is unreachable", "there is no route to it: is its line up?"),
    (r"Could not resolve|Name or service not known", "its name has no address"),
    (r"python.*not found|interpreter", "it has no /usr/bin/python3"),
)  # fmt: skip


def redact(text: str) -> str:
    """The text with the values of key-like and password-like names replaced by "[secret]"."""
    return _SECRET.sub(r"\1[secret]", text)


def succeeded(answer: Mapping[str, Any]) -> HostResult:
    """The result of a task that went well."""
    return HostResult(
        ok=True,
        changed=bool(answer.get("changed")),
        actions=tuple(answer.get("actions") or ()),
        services=answer.get("services") or {},
        found=answer.get("found") or {},
    )


def failed(job: HostJob, answer: Mapping[str, Any], task: str | None) -> HostResult:
    """The result of a task that failed: the module's own words, or the last line of what broke."""
    message = _strip(str(answer.get("msg") or ""))
    broken = str(answer.get("module_stderr") or answer.get("exception") or "")
    if not message or "MODULE FAILURE" in message or "Traceback" in message:
        message = _last_line(broken) or _last_line(message) or "the task failed without a word"
    return HostResult(ok=False, error=redact(f"{job.name}: {message}"), task=task)


def unreachable(job: HostJob, answer: Mapping[str, Any], context: Connection) -> HostResult:
    """The result of a host that could not be spoken to."""
    said = str(answer.get("msg") or "")
    cause = next((cause for pattern, cause in _CAUSES if re.search(pattern, said, re.IGNORECASE)), None)
    if cause == _OTHER_KEY and job.name not in context.known_hosts:
        cause = "its host key is not on record: run `haicap enrol`"
    words = {"user": context.user, "port": context.port, "timeout": context.connect_timeout}
    reason = cause.format(**words) if cause else _strip(_last_line(said))
    return HostResult(ok=False, unreachable=True, error=redact(f"cannot reach {job.name} at {job.address}: {reason}"))


def unanswered(job: HostJob, output: str, canceled: bool) -> HostResult:
    """The result of a host that the run never came to."""
    reason = "the run was cancelled" if canceled else f"Ansible stopped before this host: {_complaint(output)}"
    return HostResult(ok=False, error=redact(f"{job.name}: {reason}"))


def _complaint(output: str) -> str:
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output).splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line or "Error" in line]
    return (errors or lines or ["it said nothing"])[-1]


def _strip(message: str) -> str:
    before = None
    while before != message:
        before, message = message, _NOISE.sub("", message).strip()
    return message


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
