"""From `approvers.yml` to its Approvers, or to every finding at once. The file is optional, and can be read alone."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from haicap.canonical import digest_of
from haicap.errors import Finding, FindingsError, HaicapError
from haicap.inventory.approvers import Approvers
from haicap.inventory.marks import FileMarks
from haicap.inventory.reading import Reading, validate
from haicap.inventory.rules.approvers import check_approvers

FILE = "approvers.yml"


def load_approvers(path: Path) -> Approvers:
    """One file, without the inventory that it belongs to. FindingsError with all findings, HaicapError without it."""
    if not path.is_file():
        raise HaicapError(f"{path}: there is no such file.")
    found, findings = read_approvers(path.parent, path)
    if found is None or findings:
        raise FindingsError(findings, "Fix these and run it again.")
    return found


def read_approvers(
    directory: Path, path: Path, codes: Collection[str] | None = None
) -> tuple[Approvers | None, list[Finding]]:
    """The file and what is wrong with it; `directory` is what findings name it by, `codes` are the units there are."""
    reading = Reading(directory)
    node, traps = reading.read(path)
    if node is None:
        return None, reading.findings
    found, problems = validate(Approvers, node)
    reading.add(path, node, problems, traps)
    if found is None or reading.findings:
        return found, reading.findings
    return found, check_approvers(found, FileMarks(reading.name(path), node), codes)


def approvers_digest(approvers: Approvers | None) -> str:
    """The digest of who may approve what; empty without the file.

    A revocation does not count: it adds nobody, so an old plan can be held against its file with those known since.
    """
    if approvers is None:
        return ""
    revocations = {"approvers": {"__all__": {"keys": {"__all__": {"revoked", "compromised"}}}}}
    return digest_of(approvers.model_dump(mode="json", by_alias=True, exclude=revocations))
