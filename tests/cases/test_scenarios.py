"""The Molecule scenarios of the larger roles have what the templates make, and nothing of their own."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from haicap.addressing.model import Keys, Locks
from haicap.addressing.planner import plan_locks
from haicap.design import design_province
from haicap.design.machines import BRIDGE, Guest, HypervisorDesign, PlatformHost
from haicap.design.province import HostDesign, ProvinceDesign
from haicap.inventory.loader import load
from haicap.render import HostFiles, render_host, render_platform
from tests.molecule.site import HOSTS, ROLES, SPEC

ROOT = Path(__file__).parents[2]
DAY = date(2025, 7, 1)
HEAD = "# Made by `make golden` from the templates{of}.\n"
ALONE = ", for a {what} whose hubs are not enrolled yet"
# The scenario has a throw-away authority sign what the host asks for.
SIGNED = ("/etc/haicap/tls.pem", "/etc/haicap/ca.pem")
DIRECTORY = (
    "/etc/ldap/",
    "/etc/default/slapd",
    "/etc/systemd/system/slapd.service",
    "/usr/local/lib/haicap/slapd-start",
)
BASE = ("/etc/nftables.conf", "/etc/sysctl.d/", "/etc/systemd/network/10-haicap-lo.network")


@pytest.fixture(scope="module")
def design() -> ProvinceDesign:
    inventory = load(ROOT, "lam-dong")
    locks = plan_locks(inventory, Locks(), DAY).locks
    keys = {
        "mail1": Keys("A" * 43 + "=", "ssh-ed25519 AAAA", {"h1": "MIIB"}),
        "dns1": Keys("B" * 43 + "=", "ssh-ed25519 BBBB"),
    }
    certificates = {"mail1": "(signed in the scenario)\n", "ca": "(made in the scenario)\n"}
    return design_province(inventory, Locks(locks.members, locks.names, keys, certificates), DAY)


@pytest.fixture(scope="module")
def host(design: ProvinceDesign) -> HostDesign:
    server = design.mail_server
    assert server is not None
    assert server.mail is not None
    small = replace(
        server.mail, former_domains=("binhthuan.gov.vn",), message_bytes=1024 * 1024, hourly_recipients=20, relay=None
    )
    return replace(server, mail=small)


def _hypervisor(design: ProvinceDesign) -> HostDesign:
    """What a name server would be as a hypervisor: the sample has none."""
    guests = (
        Guest("procedures-1", "10.126.0.5", "2001:db8:103::5"),
        Guest("documents-1", "10.126.4.6", "2001:db8:103::6"),
    )
    machines = HypervisorDesign(BRIDGE, ("10.126.0.1", "10.126.4.1"), guests)
    (server,) = design.name_servers
    return replace(server, name="hv1", role="hypervisor", fqdn="hv1.lamdong.gov.vn", dns=None, hypervisor=machines)


def _platform(role: str, **other: Any) -> PlatformHost:
    name = next(name for name, used in ROLES.items() if used == role)
    address = next(host.address for host in HOSTS if host.name == name)
    return PlatformHost(
        name=name,
        role=role,
        product=None,
        fqdn=f"{name}.lamdong.gov.vn",
        address=address.partition("/")[0],
        address6="2001:db8:103::5",
        source="inventories/lam-dong",
        resolvers=("10.127.0.3", "10.127.0.4"),
        time_servers=("10.127.0.1", "10.127.0.2"),
        platform="procedures",
        title="Một cửa <điện tử>",
        stage=other.get("stage", "live"),
        names=("motcua.lamdong.gov.vn",),
        port=8080,
        health="/health",
        certificate="(signed in the scenario)\n",
        authority="(made in the scenario)\n",
        allowed=("100.64.0.0/10", "100.127.0.0/30"),
        allowed6=("2001:db8::/40",),
        gateways=(SPEC.controller.partition("/")[0],),
        disks=("data",) if role == "reference" else (),
        logs_to="127.0.0.1:5514" if role == "platform" else None,
    )


class _Text(str):
    """A text that YAML writes as a block, as a person would."""


def _block(dumper: yaml.SafeDumper, text: _Text) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


class _Dumper(yaml.SafeDumper):
    """As PyYAML's, and `_Text` as a block."""


_Dumper.add_representer(_Text, _block)


def _scenario(files: HostFiles, only: tuple[str, ...] = ("/",), units: tuple[str, ...] = ()) -> dict[str, Any]:
    kept = {path: _Text(text) for path, text in files.files.items() if path not in SIGNED and path.startswith(only)}
    services = {unit: state for unit, state in files.services.items() if not units or unit in units}
    return {"haicap_packages": list(files.packages), "haicap_services": services, "rendered": kept}


def _compare(role: str, scenario: dict[str, Any], of: str = "") -> None:
    made = HEAD.format(of=of) + yaml.dump(scenario, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
    path = ROOT / "roles" / role / "molecule" / "default" / "vars.yml"
    if os.environ.get("HAICAP_GOLDEN") == "write":
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made, "the templates changed: look at it, then `make golden`"
    assert not {"{{", "{%", "{#"} & {made[at : at + 2] for at in range(len(made))}, "Ansible would read this"


@pytest.mark.parametrize("role", ["directory", "mail"])
def test_the_scenario_is_what_the_templates_make(host: HostDesign, role: str) -> None:
    files = render_host(host)
    made = _scenario(files)
    if role == "directory":
        made = _scenario(files, (*DIRECTORY, *BASE), ("nftables", "slapd", "ssh", "systemd-networkd"))
    _compare(role, made, ALONE.format(what="mail server"))


def test_the_hypervisor_s_scenario_is_what_the_templates_make(design: ProvinceDesign) -> None:
    _compare("hypervisor", _scenario(render_host(_hypervisor(design))), ALONE.format(what="hypervisor"))


@pytest.mark.parametrize("role", ["platform", "reference"])
def test_a_platform_s_scenario_is_what_the_templates_make_live_and_frozen(role: str) -> None:
    live, frozen = (_scenario(render_platform(_platform(role, stage=stage))) for stage in ("live", "frozen"))
    changed = {path: text for path, text in frozen["rendered"].items() if live["rendered"].get(path) != text}
    _compare(role, live | {"frozen": changed})
