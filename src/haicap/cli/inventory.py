"""`haicap inventory`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from haicap.cli import ask, options, screen
from haicap.converge.inventory import InventoryHost, ansible_inventory
from haicap.errors import HaicapError
from haicap.stack.workspace import Target, Workspace


@click.command("inventory")
@options.province
@click.option("--list", "listing", is_flag=True, help="All hosts and groups; what it does anyway.")
@click.option("--host", metavar="NAME", help="The variables of one host.")
@options.target
@options.as_json
@click.pass_obj
def command(
    directory: Path, province: str | None, listing: bool, host: str | None, target: Target | None, as_json: bool
) -> None:
    """Ansible's dynamic inventory, for playbooks of your own. It is JSON, with --json or without.

    \b
    Example:
      haicap inventory lam-dong
      haicap inventory lam-dong --host gw-24958
    """
    if listing and host is not None:
        raise click.UsageError("--list and --host exclude each other: give one of them.")
    ws = ask.workspace(directory, province, target)
    made = ansible_inventory(_hosts(ws))
    if host is None:
        screen.put_json(made)
        return
    variables: dict[str, Any] = made["_meta"]["hostvars"]
    if host not in variables:
        raise HaicapError(f'{ws.slug} has no host "{host}"; {ask.near(host, list(variables))}')
    screen.put_json(variables[host])


def _hosts(ws: Workspace) -> list[InventoryHost]:
    ws.agreed_locks()
    addresses, ssh, province = ws.addresses(), ws.connection(), ws.inventory.province
    hosts = [InventoryHost(name, role, addresses[name], ssh.user, ssh.port) for name, role in province.servers.items()]
    for unit in ws.inventory.units:
        variables = {"haicap_unit": unit.code, "haicap_name": unit.name, "haicap_kind": unit.kind}
        hosts.append(
            InventoryHost(unit.gateway, "gateway", addresses[unit.gateway], ssh.user, ssh.port, unit.wave, variables)
        )
    return hosts
