"""A host's certificate beside its keys: `certificates/<host>.csr`, `<host>.pem` and `ca.pem`.

On the live network people have the request signed; in a lab its own authority signs at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from haicap.files import replace_file
from haicap.reach.certificate import Papers, key_of, names_of
from haicap.stack.workspace import Workspace

_LEAST_DAYS = 14  # on the live network: time to have the next one signed
_LAB_DAYS = 30  # an authority at hand renews earlier


@dataclass(frozen=True)
class Standing:
    """How a host's certificate stands after an enrolment: a line for each fault, or what people do now to get one.

    `written` are the files that changed, from the folder that holds `inventories/`.
    """

    host: str
    written: tuple[str, ...]
    faults: tuple[str, ...] = ()
    next_step: str | None = None


def keep_certificate(ws: Workspace, host: str, names: tuple[str, ...], request: str, now: datetime) -> Standing:
    """Keep the host's request for its names (PEM), look at its certificate; in a lab, sign what is missing or ends.

    Again with the same key, nothing is written.
    """
    ws.certificates.mkdir(parents=True, exist_ok=True)
    own, certificate, ca = (ws.certificates / name for name in (f"{host}.csr", f"{host}.pem", "ca.pem"))
    written = list(_put(own, request)) if _differ(_text(own), request) else []
    papers = Papers(
        names=names,
        request=request,
        certificate=_text(certificate),
        authority=_text(ca),
        certificate_path=_shown(ws, certificate),
        request_path=_shown(ws, own),
        authority_path=_shown(ws, ca),
    )
    if ws.target == "lab":
        authority = ws.lab.authority
        papers = replace(papers, authority=authority.certificate)
        written += _put(ca, papers.authority)
        if any(papers.faults(now, _LAB_DAYS)):
            written += _put(certificate, authority.sign(request))
        return Standing(host, tuple(_shown(ws, path) for path in written))
    told = tuple(_shown(ws, path) for path in written)
    if not certificate.exists():
        return Standing(host, told, (), _have_it_signed(ws, papers))
    return Standing(host, told, tuple(papers.faults(now, _LEAST_DAYS)))


def _have_it_signed(ws: Workspace, papers: Papers) -> str:
    return (
        f"Have {papers.request_path} signed by your authority, put the chain in {papers.certificate_path} and the "
        f"authority's own certificate in {papers.authority_path}, and run `haicap enrol {ws.slug}` again."
    )


def _differ(kept: str, request: str) -> bool:
    """Whether they ask for another key or another name; a signature may differ from one time to the next."""
    return (key_of(kept), names_of(kept)) != (key_of(request), names_of(request))


def _put(path: Path, text: str) -> Iterator[Path]:
    if _text(path) != text:
        replace_file(path, text.encode("ascii"))
        yield path


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace") if path.exists() else ""


def _shown(ws: Workspace, path: Path) -> str:
    return path.relative_to(ws.directory).as_posix()
