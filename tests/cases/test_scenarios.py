"""The Molecule scenarios of mail and directory have what the templates make, and nothing of their own."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.design import design_province
from haicap.design.province import HostDesign
from haicap.inventory.loader import load
from haicap.render import HostFiles, render_host

ROOT = Path(__file__).parents[2]
DAY = date(2025, 7, 1)
HEAD = "# Made by `make golden` from the templates, for a mail server whose hubs are not enrolled yet.\n"
# The scenario has a throw-away authority sign what the host asks for.
SIGNED = ("/etc/haicap/tls.pem", "/etc/haicap/ca.pem")
DIRECTORY = ("/etc/ldap/", "/etc/default/slapd", "/etc/systemd/system/slapd.service", "/usr/local/lib/haicap/slapd-start")
BASE = ("/etc/nftables.conf", "/etc/sysctl.d/", "/etc/systemd/network/10-haicap-lo.network")


@pytest.fixture(scope="module")
def host() -> HostDesign:
    inventory = load(ROOT, "lam-dong")
    locks = plan_locks(inventory, Locks(), DAY).locks
    keys = {"mail1": Keys("A" * 43 + "=", "ssh-ed25519 AAAA", {"h1": "MIIB"})}
    certificates = {"mail1": "(signed in the scenario)\n", "ca": "(made in the scenario)\n"}
    server = design_province(inventory, Locks(locks.members, locks.names, keys, certificates), DAY).mail_server
    assert server is not None
    assert server.mail is not None
    small = replace(
        server.mail, former_domains=("binhthuan.gov.vn",), message_bytes=1024 * 1024, hourly_recipients=20, relay=None
    )
    return replace(server, mail=small)


class _Text(str):
    """A text that YAML writes as a block, as a person would."""


def _block(dumper: yaml.SafeDumper, text: _Text) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


class _Dumper(yaml.SafeDumper):
    """As PyYAML's, and `_Text` as a block."""


_Dumper.add_representer(_Text, _block)


def _scenario(files: HostFiles, only: tuple[str, ...] = ("/",), units: tuple[str, ...] = ()) -> str:
    kept = {path: _Text(text) for path, text in files.files.items() if path not in SIGNED and path.startswith(only)}
    services = {unit: state for unit, state in files.services.items() if not units or unit in units}
    packages = list(files.packages)
    wanted = {"haicap_packages": packages, "haicap_services": services, "haicap_files": kept}
    return HEAD + yaml.dump(wanted, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)


@pytest.mark.parametrize("role", ["directory", "mail"])
def test_the_scenario_is_what_the_templates_make(host: HostDesign, role: str) -> None:
    files = render_host(host)
    made = _scenario(files)
    if role == "directory":
        made = _scenario(files, (*DIRECTORY, *BASE), ("nftables", "slapd", "ssh", "systemd-networkd"))
    path = ROOT / "roles" / role / "molecule" / "default" / "vars.yml"
    if os.environ.get("HAICAP_GOLDEN") == "write":
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, "the templates changed: look at it, then `make golden`"
    assert not {"{{", "{%", "{#"} & {made[at : at + 2] for at in range(len(made))}, "Ansible would read this"
