"""One host: its own files over the base image, its boot, its state, its end."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab import cgroups, guest
from haicap.lab.command import PATH, run
from haicap.lab.network import UPLINK
from haicap.lab.spec import LabHost, State

_NETWORK = """\
# The line's installer wrote this: the address of the dedicated line to this site.
[Match]
Name={uplink}

[Network]
Address={address}
Gateway={router}
DHCP=no
IPv6AcceptRA=no
LinkLocalAddressing=ipv6
"""

# $1: the host's folder, $2: the base image, $3: how many of the following are files to join a control group by, then
# those, then systemd-nspawn and its arguments. It joins before it forks: from then on the host is seen to be starting.
# The mount namespace is the host's own: the overlay goes when it goes.
_BOOT = """\
set -e
cd "$1"; base=$2; count=$3; shift 3
while [ "$count" -gt 0 ]; do echo $$ > "$1"; shift; count=$((count - 1)); done
exec setsid --fork unshare --mount sh -ec '
    base=$1; shift
    mount -t overlay overlay -o "lowerdir=$base,upperdir=upper,workdir=work" root
    exec "$@"' boot "$base" "$@"
"""

_FLAGS = (
    *("--quiet", "--boot", "--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off"),
    *("--console=pipe", "--capability=CAP_NET_ADMIN", "--bind=/dev/net/tun", "--kill-signal=SIGRTMIN+3"),
)
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "WG_QUICK_USERSPACE_IMPLEMENTATION": "wireguard-go",
}
_SSH_LISTENS = (":0016", "0A")  # port 22 and state LISTEN, as /proc/net/tcp writes them


class Host:
    """A host of a lab: `folder` holds its files and its log, `group` names its control group and its machine."""

    def __init__(self, host: LabHost, folder: Path, group: str) -> None:
        self.host, self.folder, self.group = host, folder, group

    @property
    def log(self) -> Path:
        """What the host printed on its console since it was made."""
        return self.folder / "console.log"

    def furnish(self, public_key: str) -> None:
        """Write the files that make it this host and no other, unless it has them."""
        upper = self.folder / "upper"
        if upper.is_dir():
            return
        part = self.folder / "upper.part"
        shutil.rmtree(part, ignore_errors=True)
        name, host = self.host.name, self.host
        _write(part / "etc/hostname", f"{name}\n")
        _write(part / "etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")
        _write(part / "etc/machine-id", f"{uuid.uuid4().hex}\n")
        network = _NETWORK.format(uplink=UPLINK, address=host.address, router=host.router)
        _write(part / "etc/systemd/network/05-uplink.network", network)
        _write(part / "root/.ssh/authorized_keys", public_key)
        for file in (part, *part.rglob("*")):  # whatever the caller's umask is
            private = "root" in file.relative_to(part).parts
            file.chmod((0o700 if private else 0o755) if file.is_dir() else (0o600 if private else 0o644))
        for other in ("work", "root"):
            (self.folder / other).mkdir(exist_ok=True)
        part.rename(upper)

    def boot(self, image: Path, namespace: Path) -> None:
        """Start it, on its own from now on; it is up when `state` says running."""
        joins = [str(file) for file in cgroups.make(self.group)]
        nspawn = [
            *("systemd-nspawn", *_FLAGS, f"--machine={self.group}", f"--hostname={self.host.name}"),
            *("--directory=root", f"--network-namespace-path={namespace}", *self._images()),
        ]
        argv = ["sh", "-c", _BOOT, "boot", str(self.folder), str(image), str(len(joins)), *joins, *nspawn]
        with self.log.open("ab") as log:
            subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,  # a host that did not start is found by its state, and its log says why
                env={"PATH": PATH, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_LOG_LEVEL": "warning"},
            )

    def _images(self) -> list[str]:
        """Let a hypervisor read the guests' images."""
        if self.host.role != "hypervisor":
            return []
        images = [guest.guest_image(name).path for name in guest.NAMES]
        return [f"--bind-ro={image}:{guest.IMAGES / image.name}" for image in images]

    def leader(self) -> int | None:
        """The pid of its init, as this machine numbers it, or None when the host is off."""
        parent = cgroups.supervisor(self.group)
        return cgroups.leader(parent) if parent else None

    def state(self) -> State:
        """Running once sshd listens, starting before that, stopped when it is off."""
        if leader := self.leader():
            return "running" if _listens(leader) else "starting"
        return "starting" if cgroups.pids(self.group) else "stopped"

    def run(self, argv: Sequence[str]) -> int:
        """Run a command in it as root, on the caller's terminal; its exit code. HaicapError when it is off."""
        leader = self.leader()
        if leader is None:
            raise HaicapError(f'host "{self.host.name}" is off: start it with `haicap lab up`')
        nsenter = [
            "nsenter",
            f"--target={leader}",
            *("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wdns=/root"),
        ]
        environment = {**_ENVIRONMENT, "TERM": os.environ.get("TERM", "dumb")}
        program = shutil.which("nsenter", path=PATH) or "nsenter"
        return subprocess.call([program, *nsenter[1:], "--", *(argv or ["bash", "-l"])], env=environment)

    def power_off(self) -> None:
        """Ask it to shut down in order; `cgroups.kill` ends what does not."""
        if pid := cgroups.supervisor(self.group):
            run(["kill", "-TERM", str(pid)])

    def last_words(self) -> list[str]:
        """The end of its console's log."""
        return self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def _listens(leader: int) -> bool:
    """Whether anything listens on port 22 in the network namespace of a process."""
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{leader}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            return False
        for row in rows:
            _, local, _, state, *_ = row.split()
            if local.endswith(_SSH_LISTENS[0]) and state == _SSH_LISTENS[1]:
                return True
    return False
