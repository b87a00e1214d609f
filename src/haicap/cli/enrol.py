"""`haicap enrol`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from haicap.addressing.lockfile import write_keys
from haicap.audit import Event
from haicap.cli import ask, options, screen
from haicap.cli.progress import Counter
from haicap.cli.remember import remember
from haicap.errors import HaicapError
from haicap.plan.selection import Selection
from haicap.reach.enrol import Enrolment, enrol
from haicap.stack.certificates import Standing, keep_certificate
from haicap.stack.record import record
from haicap.stack.state import read_state
from haicap.stack.workspace import Target, Workspace


@click.command("enrol")
@options.province
@options.selection
@click.option("--renew", metavar="HOST", multiple=True, help="Take the new key of a host that was installed anew.")
@options.target
@options.ssh_key
@options.as_json
@click.pass_obj
def command(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    renew: tuple[str, ...],
    target: Target | None,
    ssh_key: Path | None,
    as_json: bool,
) -> int:
    """Collect what hosts make themselves: public WireGuard and DKIM keys, the SSH host key, a certificate request.

    Hubs, name servers and the mail server always, the gateways of the selected units, and hypervisors with the machines
    that stand on them. Compare the fingerprints with the hosts' consoles.

    \b
    Example:
      haicap enrol lam-dong --wave pilot
      haicap enrol lam-dong --renew gw-24958
    """
    ws = ask.workspace(directory, province, target, ssh_key)
    known = ws.agreed_locks().keys
    targets = _targets(ws, ask.selected(ws.inventory, units, wave, platforms), renew)
    connection = ws.connection()
    makes = ws.makes()
    ws.enter()
    with Counter("enrol", len(targets), show=not as_json) as counter:
        found = enrol(targets, connection, known, lambda name, _: counter.step(name), renew=renew, makes=makes)
    good = {name: enrolment.keys for name, enrolment in found.items() if enrolment.keys is not None}
    write_keys(ws.keys_file, {**known, **good})
    remember(lambda: _record(ws, found, known))
    standings = [
        keep_certificate(ws, name, makes[name].names, enrolment.request, datetime.now(UTC))
        for name, enrolment in found.items()
        if enrolment.request is not None
    ]
    if as_json:
        told = {"province": ws.slug, "target": ws.target, "hosts": found, "certificates": standings}
        screen.put_json({"format": "haicap.enrol/1", **told})
    else:
        _show(ws, found, known)
        _show_certificates(ws, standings)
    return int(len(good) < len(found) or any(standing.faults for standing in standings))


def _targets(ws: Workspace, chosen: Selection, renew: Collection[str]) -> dict[str, str]:
    """The addresses of the hosts that are meant, by name."""
    hosts, addresses, codes = _chosen_hosts(ws, chosen), ws.addresses(), chosen.units
    for name in renew:
        if name not in hosts:
            raise HaicapError(f'{ws.slug} has no host "{name}" to renew; {ask.near(name, list(hosts))}')
    if renew and codes is None:
        return {name: addresses[name] for name in hosts if name in renew}
    wanted = [name for name, unit in hosts.items() if unit is None or codes is None or unit in codes]
    if ws.target == "live":
        return {name: addresses[name] for name in wanted}
    held = {status.name for status in ws.lab.ps()} | ws.locks.machines.keys()
    absent = [name for name in wanted if name not in held]
    if absent and codes is not None:
        told = f"The lab does not hold {', '.join(screen.few(absent))}: `haicap lab up {ws.slug}` adds what is missing."
        if not any(hosts[name] for name in wanted if name in held):
            raise HaicapError(told)
        screen.say(told)
    return {name: addresses[name] for name in wanted if name in held}


def _chosen_hosts(ws: Workspace, chosen: Selection) -> dict[str, str | None]:
    """Hosts with their units' codes: of machines those that were made, and hypervisors where platforms are meant."""
    roles = ws.inventory.province.servers
    platforms = {machine: one.name for one in ws.inventory.platforms for machine in one.machine_names}
    made = {recorded.inputs.get("machine") for recorded in read_state(ws).resources.values()}
    return {
        name: unit
        for name, unit in ask.hosts_of(ws.inventory).items()
        if (name not in platforms or name in made)
        and (unit is not None or chosen.holds(None, {"role": roles.get(name), "platform": platforms.get(name)}))
    }


def _show(ws: Workspace, found: Mapping[str, Enrolment], known: Mapping[str, object]) -> None:
    units, names = ask.hosts_of(ws.inventory), ask.names_of(ws.inventory)
    good = {name: enrolment for name, enrolment in found.items() if enrolment.keys is not None}
    rows = [
        (name, names.get(units[name] or "", ""), one.fingerprint, _novelty(name, one, known))
        for name, one in good.items()
    ]
    if rows:
        screen.table(("host", "unit", "SSH host key", ""), rows)
    for enrolment in found.values():
        if enrolment.error:
            screen.say(f"  {enrolment.error}")
    changed = sum(enrolment.changed for enrolment in good.values())
    screen.put(
        f"{screen.count(len(good), 'host')} enrolled, {changed} of them new or renewed, {len(found) - len(good)} failed"
    )
    if len(good) < len(found):
        screen.say(f"Run `haicap enrol {ws.slug}` again for those that failed: it keeps what it has.")


def _show_certificates(ws: Workspace, standings: Sequence[Standing]) -> None:
    for standing in standings:
        for path in standing.written:
            screen.put(f"{path} is new")
        for fault in standing.faults:
            screen.say(f"  {fault}")
        if standing.faults:
            screen.say(f"Mend this, and run `haicap enrol {ws.slug}` again.")
        if standing.next_step:
            screen.say(f"{standing.host} has no certificate yet. {standing.next_step}")


def _record(ws: Workspace, found: Mapping[str, Enrolment], known: Mapping[str, object]) -> Event:
    """Which keys were taken up: a host's fingerprint where it is new or another."""
    units = ask.hosts_of(ws.inventory)
    return record(
        ws,
        "enrol",
        hosts={name: one.fingerprint for name, one in found.items() if one.keys is not None and one.changed},
        renewed=[name for name, one in found.items() if one.keys is not None and one.changed and name in known],
        failed=[name for name, one in found.items() if one.keys is None],
        units=sorted(unit for name in found if (unit := units.get(name)) is not None),
    )


def _novelty(name: str, enrolment: Enrolment, known: Mapping[str, object]) -> str:
    if not enrolment.changed:
        return ""
    return "renewed" if name in known else "new"
