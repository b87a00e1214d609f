"""`haicap keys`."""

from __future__ import annotations

from pathlib import Path

import click

from haicap.cli import ask, options, screen
from haicap.errors import HaicapError
from haicap.inventory.approvers_loader import FILE, load_approvers
from haicap.plan.signers import signers_of
from haicap.signing.allowed import line_of


@click.command("keys")
@options.province
@click.option("-o", "file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Write them there.")
@options.as_json
@click.pass_obj
def command(directory: Path, province: str | None, file: Path | None, as_json: bool) -> int:
    """The public keys of approvers.yml for whoever verifies: a file that OpenSSH understands (allowed_signers).

    Give it to strangers by a way that they trust, apart from what they verify with it.

    \b
    Example:
      haicap keys lam-dong -o keys
      haicap verify certificate.json --keys keys
    """
    slug = ask.province_of(directory, province)
    path = directory / "inventories" / slug / FILE
    if not path.exists():
        raise HaicapError(f"{slug} has no {FILE}: it says who may approve and certify. docs/approval.md shows one.")
    signers = signers_of(load_approvers(path))
    text = "".join(f"{line_of(signer)}\n" for signer in signers)
    if file is not None:
        screen.write(file, text)
        screen.say(f"wrote {file}")
    if as_json:
        screen.put_json({"format": "haicap.keys/1", "province": slug, "keys": signers})
    elif file is None:
        click.echo(text, nl=False)
    return 0
