"""Debian's packages: installing what is missing, and knowing which files are still as a package brought them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Callable

from ansible.module_utils.haicap_host.command import Host, HostError
from ansible.module_utils.haicap_host.text import tail

INSTALL_SECONDS = 900


def missing_packages(host: Host, packages: Sequence[str]) -> list[str]:
    """Those that dpkg does not hold as installed; asks nobody outside the host."""
    if not packages:
        return []
    ran = host.run(["dpkg-query", "-W", "-f=${Package} ${Status}\n", *packages])
    there = {line.split(" ")[0] for line in ran.out.splitlines() if line.endswith(" ok installed")}
    return [package for package in packages if package not in there]


def install_packages(host: Host, packages: Sequence[str]) -> None:
    """Install with apt-get, without recommended packages; the lists are fetched anew only when the first try fails."""
    if not packages:
        return
    install = ["apt-get", "-q", "-y", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120"]
    install += ["install", "--no-install-recommends", *packages]
    ran = host.run(install, timeout=INSTALL_SECONDS)
    if ran.rc != 0:
        host.run(["apt-get", "-q", "update"], timeout=INSTALL_SECONDS)
        ran = host.run(install, timeout=INSTALL_SECONDS)
    if ran.rc != 0:
        raise HostError(f"could not install {', '.join(packages)}:\n{tail(ran.out)}")


def pristine_test(host: Host) -> Callable[[str, bytes], bool]:
    """A test (path, bytes) -> whether the file is just as its package brought it. Asks dpkg once, when first used."""
    return partial(_is_pristine, host, {})


def _is_pristine(host: Host, known: dict[str, set[str]], path: str, data: bytes) -> bool:
    if not known:
        _collect(host, known)
    return hashlib.md5(data, usedforsecurity=False).hexdigest() in known.get(path, set())


def _collect(host: Host, known: dict[str, set[str]]) -> None:
    """Fill `known` (path -> MD5s) from dpkg's conffiles, and from ucf, which scripts like chrony's use instead."""
    for line in host.run(["dpkg-query", "-W", "-f=${Conffiles}\n"]).out.splitlines():
        words = line.split()
        if len(words) >= 2:
            known.setdefault(words[0], set()).add(words[1])
    hashes = host.at("/var/lib/ucf/hashfile")
    for line in hashes.read_text().splitlines() if hashes.is_file() else ():
        words = line.split()
        if len(words) == 2:
            known.setdefault(words[1], set()).add(words[0])
    known.setdefault("", set())
