"""`haicap lab`: a province's hosts on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import click
from rich.text import Text

from haicap.cli import ask, options, screen
from haicap.cli.labspec import lab_spec
from haicap.cli.progress import Counter
from haicap.errors import HaicapError
from haicap.inventory.loader import find_provinces
from haicap.lab import HostStatus, build_image, missing
from haicap.stack.workspace import Workspace

_STATES = {"running": "green", "starting": "yellow", "stopped": "red"}
_of = click.option("--province", metavar="PROVINCE", help="Whose lab; the one that is up, if not said.")


@click.group("lab", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """A province's hosts on this machine: each gateway, hub and name server is a real Debian host.

    \b
    Example:
      haicap lab up lam-dong --wave pilot
      haicap lab exec gw-24958 -- wg show
      haicap lab down
    """


@command.command("check")
@options.as_json
def check(as_json: bool) -> int:
    """What this machine lacks to run a lab, each with its way out.

    \b
    Example:
      haicap lab check
    """
    lacks = missing()
    if as_json:
        screen.put_json({"missing": lacks})
    elif lacks:
        for line in lacks:
            screen.put(line)
    else:
        screen.put("This machine can run a lab.")
    return int(bool(lacks))


@command.command("image")
@options.as_json
def image(as_json: bool) -> None:
    """Build the hosts' base image, once; `lab up` needs it.

    \b
    Example:
      haicap lab image
    """
    path = build_image(screen.say)
    if as_json:
        screen.put_json({"image": path})
    else:
        screen.put(str(path))


@command.command("up")
@options.province
@options.selection
@options.as_json
@click.pass_obj
def up(
    directory: Path,
    province: str | None,
    units: tuple[str, ...],
    wave: str | None,
    platforms: tuple[str, ...],
    as_json: bool,
) -> None:
    """Start hubs, name servers, the mail server, the gateways of the selected units, and hypervisors where
    platforms are meant; again, it adds what is missing.

    \b
    Example:
      haicap lab up lam-dong --wave pilot
    """
    ws = Workspace.open(directory, ask.province_of(directory, province), "lab")
    spec = lab_spec(ws.inventory, ws.agreed_locks(), ask.selected(ws.inventory, units, wave, platforms))
    _keep_out_of_git(ws.folder / ".lab")
    with Counter("lab", len(spec.hosts), show=not as_json) as counter:
        statuses = ws.lab.up(spec, lambda line: _progress(counter, line))
    _show(ws, statuses, as_json)


def _progress(counter: Counter, line: str) -> None:
    counter.step(line) if line.endswith(" is up") else counter.line(line)


def _keep_out_of_git(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")


@command.command("ps")
@options.province
@options.as_json
@click.pass_obj
def ps(directory: Path, province: str | None, as_json: bool) -> None:
    """Every host of the lab, as it is now.

    \b
    Example:
      haicap lab ps
    """
    ws = _open(directory, province)
    _show(ws, ws.lab.ps(), as_json)


def _show(ws: Workspace, statuses: Sequence[HostStatus], as_json: bool) -> None:
    if as_json:
        screen.put_json({"format": "haicap.lab/1", "province": ws.slug, "hosts": statuses})
        return
    if not statuses:
        screen.put(f"There is no lab of {ws.slug}: `haicap lab up {ws.slug}` starts one.")
        return
    names = _names(ws)
    rows = [
        (host.name, host.role, names.get(host.unit or "", ""), host.address, _state(host), f"{host.memory_mib:.0f} MiB")
        for host in statuses
    ]
    screen.table(("host", "role", "unit", "address", "state", "memory"), rows)
    running = sum(host.state == "running" for host in statuses)
    screen.put(f"\n{screen.count(len(statuses), 'host')}, {running} running")


def _state(host: HostStatus) -> Text:
    if host.cut:
        return Text(f"{host.state}, line cut", style="red")
    return Text(host.state, style=_STATES[host.state])


def _names(ws: Workspace) -> dict[str, str]:
    """The units' names; none while the inventory has findings, which is nothing to a lab that is up."""
    try:
        return ask.names_of(ws.inventory)
    except HaicapError:
        return {}


@command.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_of
@click.argument("host")
@click.argument("argv", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND...]")
@click.pass_obj
def execute(directory: Path, province: str | None, host: str, argv: tuple[str, ...]) -> int:
    """Run a command in a host as root, or a shell; ends with the command's exit code.

    \b
    Example:
      haicap lab exec gw-24958 -- wg show
    """
    ws = _open(directory, province)
    words = argv[1:] if argv[:1] == ("--",) else argv
    return ws.lab.run(_host(ws, host), list(words))


@command.command("cut")
@_of
@click.argument("host", metavar="UNIT|HOST")
@options.as_json
@click.pass_obj
def cut(directory: Path, province: str | None, host: str, as_json: bool) -> None:
    """Drop everything on a host's line, both ways, in silence: a fault at the carrier.

    \b
    Example:
      haicap lab cut hub1
    """
    ws = _open(directory, province)
    name = _host(ws, host)
    ws.lab.cut(name)
    _told(name, "cut", as_json, f"{name}: its line is cut. `haicap lab heal {name}` undoes it.")


@command.command("heal")
@_of
@click.argument("host", metavar="UNIT|HOST")
@options.as_json
@click.pass_obj
def heal(directory: Path, province: str | None, host: str, as_json: bool) -> None:
    """Undo `cut`.

    \b
    Example:
      haicap lab heal hub1
    """
    ws = _open(directory, province)
    name = _host(ws, host)
    ws.lab.heal(name)
    _told(name, "healed", as_json, f"{name}: its line is whole.")


@command.command("stop")
@_of
@click.argument("host", metavar="UNIT|HOST")
@options.as_json
@click.pass_obj
def stop(directory: Path, province: str | None, host: str, as_json: bool) -> None:
    """Power a host off; its files stay.

    \b
    Example:
      haicap lab stop gw-24958
    """
    ws = _open(directory, province)
    name = _host(ws, host)
    ws.lab.stop_host(name)
    _told(name, "stopped", as_json, f"{name} is off. `haicap lab start {name}` starts it.")


@command.command("start")
@_of
@click.argument("host", metavar="UNIT|HOST")
@options.as_json
@click.pass_obj
def start(directory: Path, province: str | None, host: str, as_json: bool) -> None:
    """Power a host on, and wait until it answers.

    \b
    Example:
      haicap lab start gw-24958
    """
    ws = _open(directory, province)
    name = _host(ws, host)
    ws.lab.start_host(name)
    _told(name, "started", as_json, f"{name} is up.")


@command.command("down")
@options.province
@options.as_json
@click.pass_obj
def down(directory: Path, province: str | None, as_json: bool) -> None:
    """Stop all hosts and remove the lab: its files, its network, its keys and its recorded state.

    \b
    Example:
      haicap lab down
    """
    ws = _open(directory, province)
    there = (ws.folder / ".lab").exists()
    ws.lab.down()
    shutil.rmtree(ws.folder / ".lab", ignore_errors=True)
    text = f"The lab of {ws.slug} is gone." if there else f"There was no lab of {ws.slug}."
    _told(ws.slug, "down", as_json, text)


def _told(name: str, state: str, as_json: bool, text: str) -> None:
    if as_json:
        screen.put_json({"name": name, "state": state})
    else:
        screen.put(text)


def _open(directory: Path, province: str | None) -> Workspace:
    """The lab that is meant: of the named province, else the only one that is up."""
    if province is None:
        labs = [slug for slug in find_provinces(directory) if Workspace.open(directory, slug, "lab").lab.exists]
        if len(labs) > 1:
            raise HaicapError(f"Which lab? There is one of {' and of '.join(labs)}: give --province.")
        province = labs[0] if labs else None
    return Workspace.open(directory, ask.province_of(directory, province), "lab")


def _host(ws: Workspace, text: str) -> str:
    """The lab's host of that name, or a unit's gateway."""
    held = {status.name for status in ws.lab.ps()}
    if not held:
        raise HaicapError(f"There is no lab of {ws.slug}: `haicap lab up {ws.slug}` starts one.")
    if text in held:
        return text
    name = text if text in ask.hosts_of(ws.inventory) else ask.find_unit(ws.inventory, text).gateway
    if name in held:
        return name
    raise HaicapError(f"The lab of {ws.slug} does not hold {name}; it holds {', '.join(screen.few(sorted(held)))}.")
