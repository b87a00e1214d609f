"""Start many hosts: a few at a time, so that each boots fast, until sshd answers in all of them."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from haicap.errors import HaicapError
from haicap.lab import cgroups
from haicap.lab.host import Host
from haicap.lab.network import Network

_DEADLINE = 90.0  # seconds a host has from its start until its sshd answers
_POLL = 0.05
_AT_ONCE = 4 * (os.cpu_count() or 1)


def boot_all(hosts: Sequence[Host], image: Path, network: Network, report: Callable[[str], None]) -> None:
    """Boot those of `hosts` that are off, on their namespaces, and wait until sshd answers in all of them.

    A host whose line is cut is up when its sshd listens. HaicapError names every host that does not come up; those are
    switched off again.
    """
    waiting, booting, failed = list(hosts), list[tuple[Host, float]](), list[Host]()
    cuts = network.cuts()
    with ThreadPoolExecutor(1, initializer=network.enter, initargs=("controller",)) as controller:
        while waiting or booting:
            while waiting and len(booting) < _AT_ONCE:
                booting.append((_boot(waiting.pop(0), image, network), time.monotonic()))
            for host, since in list(booting):
                state = host.state()
                if state == "running" and (host.host.name in cuts or controller.submit(_answers, host).result()):
                    report(f"{host.host.name} is up")
                elif state == "stopped" or time.monotonic() - since > _DEADLINE:
                    failed.append(host)
                else:
                    continue
                booting.remove((host, since))
            time.sleep(_POLL)
    if failed:
        cgroups.kill(host.group for host in failed)
        raise HaicapError("\n".join(_complaint(failed)))


def _boot(host: Host, image: Path, network: Network) -> Host:
    if host.state() == "stopped":
        host.boot(image, network.path(host.host.name))
    return host


def _answers(host: Host) -> bool:
    """Whether sshd greets the calling thread, which is in the controller's namespace."""
    try:
        with socket.create_connection((host.host.address.partition("/")[0], 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _complaint(failed: Sequence[Host]) -> list[str]:
    lines = [f"{len(failed)} of the lab's hosts did not start"]
    for host in failed:
        lines += [f"  {host.host.name}: no sshd within {_DEADLINE:.0f} s; {host.log} ends with"]
        lines += [f"    {words}" for words in host.last_words()]
    return [*lines, "Correct it and run `haicap lab up` again: it starts only what is missing."]
