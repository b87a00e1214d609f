"""Who may sign, in OpenSSH's own form: a file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS).

an@lamdong.gov.vn namespaces="haicap-log",valid-before="20260101" ssh-ed25519 AAAA...
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from haicap.errors import HaicapError, Refused
from haicap.signing.ssh import armoured, check, run_keygen, signer_of


def who_signed(data: bytes, signature: str, allowed: Path, namespace: str, at: datetime) -> str:
    """The principal whose key made a signature, which must have been valid `at` that time.

    Refused, with the reason, when the signature is wrong or by nobody who may; HaicapError when there is no such file.
    """
    if not allowed.is_file():
        raise HaicapError(f"{allowed}: there is no such file of keys. A line of it is `PRINCIPAL ssh-ed25519 AAAA...`.")
    try:
        key = signer_of(signature)
    except HaicapError:
        key = ""
    if reason := check(data, signature, key, namespace):
        raise Refused(f"the signature is not right: {reason}.")
    when = f"-Overify-time={at.astimezone(UTC).strftime('%Y%m%d%H%M%SZ')}"
    with TemporaryDirectory(prefix="haicap-") as folder:
        file = Path(folder) / "signature"
        file.write_text(armoured(signature), encoding="ascii")
        common = ("-f", str(allowed), "-s", str(file), "-n", namespace, when)
        found = run_keygen("-q", "-Y", "find-principals", *common, data=data)
        names = found.stdout.decode("utf-8", "replace").split("\n")[0].split(",")
        for name in names if found.returncode == 0 else ():
            if run_keygen("-q", "-Y", "verify", "-I", name, *common, data=data).returncode == 0:
                return name
    raise Refused(f"it was signed at {at:%Y-%m-%d} by a key that {allowed.name} does not allow then: {key}")
