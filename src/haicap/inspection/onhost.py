"""This text runs on a host, not here: Python's own library only, one process for all probes of one host.

`script.program` sends it to `python3 -IS -`, with `network`, `post` and `web`. It prints one JSON line for each
command, {"id", "status", "out", "error", "seconds"}, as soon as that command is done, and leaves nothing behind: leases
are given back, files removed, however it ends. Kinds of commands:

shell  {"text", "seconds"}                             a shell's exit status and output
lease  {"netns", "seconds"}                            a DHCP lease on eth0, kept until the end: udhcpc's variables
dial   {"netns", "targets": [[protocol, address, port]], "seconds"}   tcp or icmp; a word for each target
ask    {"netns", "server", "recurse", "questions": [[name, type]], "seconds"}   DNS messages, base64, or null
post   {"netns", "server", "passwords", ...}           mail, sent, read and refused: see `post`
fetch  {"netns", "address", "name", "path", ...}       a page over HTTPS: see `web`
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time

from haicap.inspection.network import ask, dial
from haicap.inspection.post import post
from haicap.inspection.web import fetch

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a host need not load
    from collections.abc import Callable
    from typing import Any

    Job = dict[str, Any]

LOCK = "/run/haicap-inspect.lock"
AT_ONCE = 8  # shells at a time; what waits for a network costs nothing and isn't counted

# udhcpc calls this. The address is the client's until the lease is given back.
HOOK = """#!/bin/sh
case $1 in
deconfig) ip -4 address flush dev "$interface" ;;
bound)
  ip -4 address add "$ip/$mask" dev "$interface"
  for address in $router; do ip route add default via "$address" dev "$interface"; break; done
  printf 'ip=%s\\nmask=%s\\nrouter=%s\\ndns=%s\\nbound\\n' "$ip" "$mask" "$router" "$dns"
  ;;
esac
"""

_printing = threading.Lock()


def main(jobs: list[Job], seconds: float) -> None:
    """Do all jobs within `seconds`, leases first: the others may work from the leased addresses."""
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    with open(LOCK, "w") as lock:
        if not _take(lock.fileno(), seconds / 2):
            sys.exit("another inspection is at work on this host")
        leases = Leases()
        try:
            leases.start([job for job in jobs if job["kind"] == "lease"])
            _work([job for job in jobs if job["kind"] != "lease"], leases.addresses)
        finally:
            leases.end()


def _stop(number: int, _frame: object) -> None:
    """Out of time, or the connection is gone: give the leases back and go, whatever the threads still wait for."""
    if number == signal.SIGALRM:
        sys.stderr.write("out of time\n")
    raise SystemExit(124)


def _take(handle: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.1)
    return False


def _say(job: Job, started: float, status: int | None, out: str, error: str | None = None) -> None:
    if job["id"] is None:
        return
    answer = {"id": job["id"], "status": status, "out": out, "error": error}
    answer["seconds"] = round(time.monotonic() - started, 3)
    with _printing:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _work(jobs: list[Job], addresses: dict[str, str]) -> None:
    """All at once, but shells a few at a time: what only waits for the network costs nothing."""
    few = threading.Semaphore(AT_ONCE)
    does: dict[str, Callable[[Job], tuple[int, str]]] = {
        "shell": lambda job: _shell(job, few),
        "dial": lambda job: dial(job, addresses),
        "ask": ask,
        "post": post,
        "fetch": fetch,
    }
    _together([(job, does[job["kind"]]) for job in jobs])


def _together(works: list[tuple[Job, Callable[[Job], tuple[int, str]]]]) -> None:
    threads = [threading.Thread(target=_guard, args=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _guard(job: Job, work: Callable[[Job], tuple[int, str]]) -> None:
    started = time.monotonic()
    try:
        status, out = work(job)
    except Exception as error:  # whatever it is, the reader must learn that this probe did not run
        _say(job, started, None, "", f"{type(error).__name__}: {error}")
    else:
        _say(job, started, status, out)


def _shell(job: Job, few: threading.Semaphore) -> tuple[int, str]:
    with few:
        process = subprocess.Popen(
            ["sh", "-c", job["text"]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=job["seconds"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise TimeoutError(f"no end within {job['seconds']:g} s") from None
    return process.returncode, out.decode(errors="replace")


class Leases:
    """DHCP clients that run until `end`; `addresses` maps each namespace to the address it was given."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self._hook = f"/run/haicap-lease-{os.getpid()}"
        self._clients: list[subprocess.Popen[str]] = []

    def start(self, jobs: list[Job]) -> None:
        """Ask in all namespaces at once; returns when each has a lease or none will come."""
        if jobs:
            with open(os.open(self._hook, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w") as file:
                file.write(HOOK)
            # The main thread starts them: a client ends with the thread that did (PR_SET_PDEATHSIG).
            clients = [(job, self._open(job)) for job in jobs]
            _together([(job, self._taking(client)) for job, client in clients])

    def end(self) -> None:
        """Give every lease back: udhcpc releases it (-R) when it is asked to stop."""
        for client in self._clients:
            client.terminate()
        for client in self._clients:
            try:
                client.wait(2)
            except subprocess.TimeoutExpired:
                client.kill()
        if os.path.exists(self._hook):
            os.remove(self._hook)

    def _taking(self, client: subprocess.Popen[str]) -> Callable[[Job], tuple[int, str]]:
        return lambda job: self._take(job, client)

    def _take(self, job: Job, client: subprocess.Popen[str]) -> tuple[int, str]:
        lines: list[str] = []
        for line in client.stdout or ():
            if line == "bound\n":
                found = dict(entry.strip().split("=", 1) for entry in lines if "=" in entry)
                self.addresses[job["netns"]] = found.get("ip", "")
                return 0, "".join(lines)
            lines.append(line)
        return client.wait(), "".join(lines)

    def _open(self, job: Job) -> subprocess.Popen[str]:
        tries = str(max(2, int(job["seconds"])))
        inside = ["nsenter", f"--net=/run/netns/{job['netns']}"]
        udhcpc = ["udhcpc", "-f", "-R", "-n", "-t", tries, "-T", "1", "-A", "1", "-i", "eth0", "-s", self._hook]
        client = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *inside, *udhcpc],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._clients.append(client)
        return client
