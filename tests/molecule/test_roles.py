"""Each role's Molecule scenario on a host of the lab: converge, idempotence, verify."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from haicap import assets
from tests.molecule.site import HOSTS, ROLES, Site

pytestmark = pytest.mark.lab


# The directory has no host of its own: mail comes on top of it, here too.
SCENARIOS = [(name, role) for name, role in ROLES.items() if role != "mail"]
SCENARIOS += [("mail1", "directory"), ("mail1", "mail")]


@pytest.mark.parametrize(("name", "role"), SCENARIOS, ids=[role for _, role in SCENARIOS])
def test_role(site: Site, name: str, role: str, tmp_path: Path) -> None:
    host = next(host for host in HOSTS if host.name == name)
    known = tmp_path / "known_hosts"
    address = host.address.split("/")[0]
    known.write_text(f"{address} {site.context.known_hosts[host.name]}\n")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HAICAP_HOST": host.name,
        "HAICAP_ADDRESS": address,
        "HAICAP_KEY": str(site.lab.ssh_key),
        "HAICAP_KNOWN_HOSTS": str(known),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "molecule"),
    }
    code, output = site.call(_molecule, assets.path("roles") / role, environment)
    assert code == 0, output[-6000:]


def _molecule(folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Runs in the controller's namespace, and Molecule with it."""
    ran = subprocess.run(
        ["molecule", "test"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr
