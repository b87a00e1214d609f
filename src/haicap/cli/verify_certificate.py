"""What `haicap verify` does with a certificate. It needs no inventory and no engine, and imports neither."""

from __future__ import annotations

import click

from haicap.cli.verify import Answer, Asked
from haicap.errors import HaicapError
from haicap.inspection.verification import Trust, verify_statement
from haicap.signing.allowed import AllowedSigner, read_allowed
from haicap.signing.ssh import check, signer_of


def verify(asked: Asked) -> Answer:
    """Every check of a certificate, and what it says that failed."""
    try:
        data = asked.file.read_bytes()
    except OSError as error:
        raise HaicapError(f"{asked.file}: {error.strerror}.") from error
    found = verify_statement(data, Trust(_signers(asked), asked.at, check, signer_of))
    return Answer(found.checks, found.certificate.faults if found.certificate is not None else ())


def _signers(asked: Asked) -> tuple[AllowedSigner, ...]:
    """The keys that are trusted: of the file of keys, or of an approvers.yml, which takes longer to read."""
    if asked.keys is not None:
        return read_allowed(asked.keys)
    if asked.approvers is None:
        raise click.UsageError("A certificate is held against public keys: name their file, `--keys FILE`.")
    from haicap.inventory.approvers_loader import load_approvers
    from haicap.plan.signers import signers_of

    return signers_of(load_approvers(asked.approvers))
