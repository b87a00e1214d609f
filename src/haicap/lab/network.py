"""The lab's network namespaces: the operator's backbone, one dedicated line a host, and the controller.

    controller --- backbone --- host (wan0)
                      |---------- host (wan0)

Each line is a veth pair made inside its two namespaces, so that nothing appears in the machine's own. The backbone
holds the router's address of every line and forwards between them; it has no route to anywhere else.
"""

import ctypes
import os
import re
from collections.abc import Iterable
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab.command import run
from haicap.lab.spec import LabHost, LabSpec

UPLINK = "wan0"
MTU = 1500
_NAMED = Path("/run/netns")  # where `ip netns` keeps names
_CLONE_NEWNET = 0x40000000

# Before routing and after it, so that a cut line is dead for the backbone's own addresses too.
_FAULTS = """\
table inet faults {
    set cut { type ifname; }
    chain from_line { type filter hook prerouting priority raw; iifname @cut drop; }
    chain to_line { type filter hook postrouting priority raw; oifname @cut drop; }
}
"""


class Network:
    """The namespaces of one lab; all their names begin with `prefix` ("haicap-1a2b3c-")."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def path(self, name: str) -> Path:
        """The file that names a namespace: "backbone", "controller" or a host's."""
        return _NAMED / f"{self.prefix}{name}"

    def build(self, spec: LabSpec) -> None:
        """Make the backbone and the controller, unless they are there and complete."""
        if not self._works("backbone", "nft", "list", "set", "inet", "faults", "cut"):
            self._renew(["backbone", "controller"])
            run(self._inside("backbone", "ip", "link", "set", "lo", "up"))
            run(self._inside("backbone", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"))
            run(self._inside("backbone", "nft", "-f", "-"), stdin=_FAULTS)
        if not self._works("controller", "ip", "route", "show", "default"):
            self._connect({"controller": (spec.controller, spec.controller_router)})
            self._batch(
                "controller",
                [
                    *("link set lo up", f"addr add {spec.controller} dev {UPLINK}", f"link set {UPLINK} up"),
                    f"route add default via {spec.controller_router}",
                ],
            )

    def connect(self, hosts: Iterable[LabHost]) -> None:
        """Give each host a new, empty namespace and a new line. What was configured in an old one is gone."""
        self._connect({host.name: (host.address, host.router) for host in hosts})

    def cut(self, name: str) -> None:
        """Drop every packet on a host's line, both ways, in silence; its link stays up."""
        self._require("backbone")
        run(self._inside("backbone", "nft", "add", "element", "inet", "faults", "cut", f'{{ "{_port(name)}" }}'))

    def heal(self, name: str) -> None:
        """Let packets pass on a host's line again."""
        if name in self.cuts():
            run(self._inside("backbone", "nft", "delete", "element", "inet", "faults", "cut", f'{{ "{_port(name)}" }}'))

    def cuts(self) -> set[str]:
        """The names of the hosts whose lines are cut."""
        if not _is_live(self.path("backbone")):
            return set()
        listed = run(self._inside("backbone", "nft", "list", "set", "inet", "faults", "cut"))
        return set(re.findall(r'"to-([a-z0-9-]+)"', listed))

    def enter(self, name: str) -> None:
        """Move the calling thread into a namespace (setns(2)). HaicapError when it is not there."""
        self._require(name)
        libc = ctypes.CDLL(None, use_errno=True)
        with self.path(name).open() as namespace:
            if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise HaicapError(f"the lab's {name} cannot be entered: {os.strerror(ctypes.get_errno())}")

    def remove(self) -> None:
        """Remove all namespaces of this lab, also those that a crash or a restart of the machine left by half."""
        self._delete(self.names())

    def names(self) -> list[str]:
        """What there are namespaces for: "backbone", "controller" and hosts."""
        return [file.name.removeprefix(self.prefix) for file in _NAMED.glob(f"{self.prefix}*")]

    def _require(self, name: str) -> None:
        if not _is_live(self.path(name)):
            raise HaicapError("the lab is not running: start it with `haicap lab up`")

    def _works(self, name: str, *argv: str) -> bool:
        """Whether a namespace is there and a command in it succeeds."""
        try:
            return _is_live(self.path(name)) and bool(run(self._inside(name, *argv)))
        except HaicapError:
            return False

    def _connect(self, lines: dict[str, tuple[str, str]]) -> None:
        """Make the namespaces and lines of `lines`: name -> (address with prefix, router)."""
        ports = self._ports()
        self._batch("backbone", [f"link del {_port(name)}" for name in lines if _port(name) in ports])
        self._renew(list(lines))
        commands: list[str] = []
        for name, (address, router) in lines.items():
            prefix = address.partition("/")[2]
            peer = f"peer name {UPLINK} mtu {MTU} netns {self.path(name).name}"
            commands += [
                f"link add {_port(name)} mtu {MTU} type veth {peer}",
                f"addr add {router}/{prefix} dev {_port(name)}",
                f"link set {_port(name)} up",
            ]
        self._batch("backbone", commands)

    def _ports(self) -> list[str]:
        listed = run(self._inside("backbone", "ip", "-o", "link", "show", "type", "veth"))
        return re.findall(r"^\d+: ([^@:]+)", listed, re.MULTILINE)

    def _renew(self, names: list[str]) -> None:
        """Make new, empty namespaces in place of what has these names."""
        self._delete(names)
        run(["ip", "-batch", "-"], stdin="".join(f"netns add {self.path(name).name}\n" for name in names))

    def _delete(self, names: list[str]) -> None:
        live = [name for name in names if _is_live(self.path(name))]
        run(["ip", "-batch", "-"], stdin="".join(f"netns del {self.path(name).name}\n" for name in live))
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def _batch(self, name: str, commands: list[str]) -> None:
        if commands:
            run(["ip", "-n", self.path(name).name, "-batch", "-"], stdin="\n".join(commands) + "\n")

    def _inside(self, name: str, *argv: str) -> list[str]:
        return ["nsenter", f"--net={self.path(name)}", *argv]


def _port(name: str) -> str:
    """The backbone's end of a host's line; at most 15 characters, as the kernel wants it."""
    return f"to-{name}"


def _is_live(file: Path) -> bool:
    """Whether a name still holds a namespace: after a restart of the machine it may be an empty file."""
    try:
        return file.stat().st_dev == Path("/proc/self/ns/net").stat().st_dev
    except OSError:
        return False
