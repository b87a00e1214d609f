"""The private folder of one run: inventory, known hosts, playbook; and an environment that knows nothing of the user's.

Everything is 0600 in a 0700 folder that goes away after the run.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ansible_mitogen  # type: ignore[import-untyped]
import yaml

from haicap import assets
from haicap.converge.model import HostJob, Mode
from haicap.errors import HaicapError
from haicap.reach.context import Connection

FORKS = 32
_PREFIX = "haicap-run-"
_BOOT_SECONDS = 20  # on top of the connection's own limit, for starting Python over there


class _Unsafe(str):
    """A text in which Ansible must not look for templates."""


class _Dumper(yaml.CSafeDumper):
    pass


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


@dataclass(frozen=True)
class Workspace:
    """Where one run finds its things, and the environment it runs in."""

    folder: Path
    inventory: Path
    playbook: Path
    environment: Mapping[str, str]


@contextmanager
def workspace(jobs: Sequence[HostJob], context: Connection, mode: Mode) -> Iterator[Workspace]:
    """Make the folder for one run and remove it afterwards. HaicapError for a role that does not exist."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
        folder = Path(name)
        known_hosts = _write(folder / "known_hosts", _known_hosts(jobs, context))
        inventory = _write(
            folder / "inventory.yml", yaml.dump(_inventory(jobs, context, mode, known_hosts), Dumper=_Dumper)
        )
        playbook = _write(folder / "haicap.yml", yaml.safe_dump(_playbook(context), sort_keys=False))
        yield Workspace(folder, inventory, playbook, _environment(folder, known_hosts, context, jobs))


def _sweep() -> None:
    """Remove the folders of runs whose process was killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if folder.stat().st_uid == os.geteuid() and owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, text: str) -> Path:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path


def _known_hosts(jobs: Sequence[HostJob], context: Connection) -> str:
    lines: dict[str, None] = {}
    for job in jobs:
        jump = context.jumps.get(job.name)
        places = [
            (job.name, job.address, context.port if jump is None else 22),
            *([(*jump, context.port)] if jump else []),
        ]
        for name, address, port in places:
            key = context.known_hosts.get(name)
            if key:
                place = address if port == 22 else f"[{address}]:{port}"
                lines[f"{place} {' '.join(key.split()[:2])}\n"] = None
    return "".join(lines)


def _inventory(jobs: Sequence[HostJob], context: Connection, mode: Mode, known_hosts: Path) -> dict[str, Any]:
    """All hosts in a group a role; the role's rules are the group's variables, so that one task serves every role."""
    groups: dict[str, Any] = {}
    for job in jobs:
        group = groups.setdefault(job.role, {"hosts": {}, "vars": _defaults(job.role)})
        group["hosts"][job.name] = _host_variables(job, context, mode) | _through(job, context, known_hosts)
    return {"all": {"children": groups}}


def _host_variables(job: HostJob, context: Connection, mode: Mode) -> dict[str, Any]:
    return {
        "ansible_host": job.address,
        "ansible_port": context.port,
        "ansible_user": context.user,
        "ansible_python_interpreter": "/usr/bin/python3",
        "haicap_files": {path: _Unsafe(text) for path, text in job.files.items()},
        "haicap_services": dict(job.services),
        "haicap_packages": list(job.packages),
        "haicap_absent": mode == "absent",
        "haicap_observe": mode == "observe",
        "haicap_product_rules": _unsafe(job.product.get("rules", [])),
        "haicap_product_initial": _unsafe(job.product.get("initial", [])),
    }


def _unsafe(value: Any) -> Any:
    """The same with no text that Ansible could take for a template. Other texts stay plain: what is marked and looks
    like a number, as a file's mode does, becomes one."""
    if isinstance(value, Mapping):
        return {key: _unsafe(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unsafe(inner) for inner in value]
    return _Unsafe(value) if isinstance(value, str) and "{" in value else value


def _through(job: HostJob, context: Connection, known_hosts: Path) -> dict[str, Any]:
    """How a machine is reached through its hypervisor; the line's other end is a machine as haicap made it."""
    if job.name not in context.jumps:
        return {}
    _, address = context.jumps[job.name]
    key = ["-i", str(context.key_file)] if context.key_file is not None else []
    options = _ssh_options(known_hosts, context, context.connect_timeout)
    command = shlex.join(["ssh", *options, *key, "-p", str(context.port), "-l", context.user, "-W", "[%h]:%p", address])
    return {
        "ansible_ssh_common_args": f"-o {shlex.quote(f'ProxyCommand={command}')}",
        "ansible_port": 22,
        "ansible_user": "root",
    }


@cache
def _defaults(role: str) -> dict[str, Any]:
    """The defaults of a role and of those it builds on: its rules. HaicapError if there is no such role."""
    path = assets.path("roles") / role / "defaults" / "main.yml"
    if not path.is_file():
        raise HaicapError(f'there is no role "{role}": {path} is missing')
    meta = yaml.safe_load((path.parents[1] / "meta" / "main.yml").read_text(encoding="utf-8"))
    inherited = [_defaults(other["role"]) for other in meta["dependencies"]]
    own: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: value for table in (*inherited, own) for name, value in table.items()}


def _playbook(context: Connection) -> list[dict[str, Any]]:
    """One play and one task for hosts of all roles: a task more costs each host a round, a play more waits for all."""
    tasks = assets.path("roles") / "plugins" / "tasks" / "host.yml"
    return [
        {
            "hosts": "all",
            "gather_facts": False,
            "become": context.user != "root",
            "tasks": [{"ansible.builtin.import_tasks": str(tasks)}],
        }
    ]


def _environment(folder: Path, known_hosts: Path, context: Connection, jobs: Sequence[HostJob]) -> dict[str, str]:
    limit = max(context.limit(job.name) for job in jobs)
    roles = assets.path("roles")
    settings = {
        "CONFIG": str(_write(folder / "ansible.cfg", "")),
        "HOME": str(folder / "home"),
        "LOCAL_TEMP": str(folder / "tmp"),
        "REMOTE_TMP": "/tmp",  # noqa: S108 - on the host; nothing is left there
        "ROLES_PATH": str(roles),
        "LIBRARY": str(roles / "plugins" / "modules"),
        "MODULE_UTILS": str(roles / "plugins" / "module_utils"),
        "GATHERING": "explicit",
        "FORKS": str(max(1, min(FORKS, len(jobs)))),
        "HOST_KEY_CHECKING": "True",
        "PIPELINING": "True",
        "TIMEOUT": str(limit + _BOOT_SECONDS),
        "SSH_ARGS": shlex.join(_ssh_options(known_hosts, context, limit)),
        "RETRY_FILES_ENABLED": "False",
        "DEPRECATION_WARNINGS": "False",
        "INVENTORY_ENABLED": "yaml",
        "VARS_ENABLED": "host_group_vars",
        "NOCOLOR": "True",
        **_strategy(),
    }
    if context.key_file is not None:
        settings["PRIVATE_KEY_FILE"] = str(context.key_file)
    return {f"ANSIBLE_{name}": value for name, value in settings.items()}


def _ssh_options(known_hosts: Path, context: Connection, limit: int) -> list[str]:
    options = [
        f"UserKnownHostsFile={known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        "BatchMode=yes",
        "ControlMaster=no",
        "ControlPath=none",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        f"ConnectTimeout={limit}",
    ]
    if context.key_file is not None:
        options += ["IdentitiesOnly=yes", "IdentityAgent=none"]
    return ["-F", "none", *(word for option in options for word in ("-o", option))]


def _strategy() -> dict[str, str]:
    """Mitogen's (docs/decisions/0003). HAICAP_ANSIBLE_STRATEGY=linear is Ansible's own."""
    strategy = os.environ.get("HAICAP_ANSIBLE_STRATEGY", "mitogen_linear")
    plugins = Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"
    return {"STRATEGY": strategy, "STRATEGY_PLUGINS": str(plugins)}
