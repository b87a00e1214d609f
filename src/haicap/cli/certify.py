"""`haicap certify`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.cli.remember import remember
from haicap.errors import HaicapError
from haicap.inspection.certificate import Certificate
from haicap.inspection.inspected import read_inspection
from haicap.plan.applied import AppliedResult, read_applied
from haicap.plan.file import SavedPlan, read_plan
from haicap.plan.model import Json
from haicap.signing.envelope import load_key
from haicap.stack.applies import result_in
from haicap.stack.certifying import certificate_of, ensure_passed, sign_certificate
from haicap.stack.record import log_of, record
from haicap.stack.workspace import Target, Workspace

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("certify")
@click.argument("plan", metavar="PLANFILE", type=_FILE)
@click.option("--inspection", metavar="FILE", type=_FILE, required=True, help="What `inspect -o FILE` wrote.")
@click.option("--applied", metavar="FILE", type=_FILE, help="What `apply -o FILE` wrote; without it, the log's word.")
@click.option("--key", metavar="FILE", type=_FILE, required=True, help="The private SSH key to sign with.")
@click.option("-o", "file", metavar="FILE", type=_FILE, help="Where it goes; without it, standard output.")
@click.option("--with-failures", is_flag=True, help="Certifies what failed, too: it then says that it did not pass.")
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    plan: Path,
    inspection: Path,
    applied: Path | None,
    key: Path,
    file: Path | None,
    with_failures: bool,
    as_json: bool,
) -> int:
    """Sign that a plan was approved, applied and works: plan, approvals, result and probes in one statement.

    The approvals beside PLANFILE are taken along. What does not belong together is refused (exit code 3). Exit code 2
    when the certificate says that it did not pass.

    \b
    Example:
      haicap certify plan.json --applied applied.json --inspection inspection.json --key ~/.ssh/id_ed25519
    """
    saved, found = read_plan(plan), read_inspection(inspection)
    target: Target = "lab" if saved.plan.target == "lab" else "live"
    ws = Workspace.open(directory, ask.province_of(directory, saved.plan.province), target)
    run = read_applied(applied) if applied is not None else _logged(ws, saved)
    private = load_key(key, _passphrase)
    certificate = certificate_of(ws, saved, run, found, private)
    if not with_failures:
        ensure_passed(certificate)
    text = sign_certificate(certificate, private)
    if file is not None:
        screen.write(file, text)
        screen.say(f"wrote {file}; `haicap verify {file} --keys FILE` checks it with public keys alone.")
    remember(lambda: record(ws, "certificate", **_told(certificate, file)))
    if as_json:
        screen.put_json(certificate.to_json())
    elif file is None:
        click.echo(text, nl=False)
    return 2 if certificate.faults else 0


def _logged(ws: Workspace, saved: SavedPlan) -> AppliedResult:
    """What the log says of the plan's apply. HaicapError when it says nothing."""
    found = result_in(log_of(ws).events(), saved.plan)
    if found is None:
        raise HaicapError(
            f"{saved.path}: the log of {ws.slug} knows no apply of this plan that has ended: name what `apply -o FILE` "
            "wrote, `--applied FILE`."
        )
    return found


def _told(certificate: Certificate, file: Path | None) -> dict[str, Json]:
    """What the log keeps of it."""
    return {
        "plan": certificate.definition.plan,
        "inspection": certificate.inspection.digest,
        "passed": not certificate.faults,
        "by": certificate.certified.by,
        "units": sorted(certificate.definition.units),
        "file": str(file or ""),
    }


def _passphrase(question: str) -> str:
    if not sys.stdin.isatty():
        raise HaicapError("The key has a passphrase, and there is no terminal to ask for it.")
    return str(click.prompt(question, hide_input=True, err=True))
