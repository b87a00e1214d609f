"""This text runs on a host, not here: Python's own library only, one process for all probes of one host.

`script.program` sends it to `python3 -IS -` with a call of `main` at its end. It prints one JSON line for each command,
{"id", "status", "out", "error", "seconds"}, as soon as that command is done, and leaves nothing behind: leases are
given back, files removed, however it ends. Kinds of commands:

shell  {"text", "seconds"}                             a shell's exit status and output
lease  {"netns", "seconds"}                            a DHCP lease on eth0, kept until the end: udhcpc's variables
dial   {"netns", "targets": [[protocol, address, port]], "seconds"}   tcp or icmp; a word for each target
ask    {"netns", "server", "recurse", "questions": [[name, type]], "seconds"}   DNS messages, base64, or null
"""

from __future__ import annotations

import binascii
import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a host need not load
    from collections.abc import Callable
    from typing import Any

    Job = dict[str, Any]

LOCK = "/run/haicap-inspect.lock"
AT_ONCE = 8  # shells at a time; what waits for a network costs nothing and isn't counted
RESEND = 0.7  # seconds until a datagram that got no answer is sent again
WINDOW = 64  # DNS questions under way at a time
CLONE_NEWNET = 0x40000000

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
        "dial": lambda job: _dial(job, addresses),
        "ask": _ask,
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
            _together([(job, lambda job, client=client: self._take(job, client)) for job, client in clients])

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


def _inside(netns: str | None, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - as `work` has it
    """The result of `work` in a network namespace; a socket made there stays there. None: the host's own."""
    if netns is None:
        return work()
    box: list[Any] = []

    def enter() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            with open(f"/run/netns/{netns}") as file:
                if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"cannot enter {netns}")
            box.append(work())
        except OSError as error:
            box.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(box[0], OSError):
        raise box[0]
    return box[0]


class Call:
    """One attempt to reach an address. `word`: open, refused, reply, silence, or what the network said."""

    def __init__(self, protocol: str, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.protocol, self.word, self.six = protocol, "silence", ":" in address
        self._request = _echo(self.six)
        if protocol == "tcp":
            self.socket = socket.socket(family, socket.SOCK_STREAM)
        else:
            kind = socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP
            self.socket = socket.socket(family, socket.SOCK_RAW, kind)
        self.socket.setblocking(False)
        try:
            self.socket.connect((address, port))
            self.send()
        except BlockingIOError:
            pass
        except OSError as error:
            self.word = _word(error)

    @property
    def done(self) -> bool:
        """Whether an answer came."""
        return self.word != "silence"

    def send(self) -> None:
        """Ask once more, where the kernel does not do that by itself."""
        if self.protocol != "tcp":
            try:
                self.socket.send(self._request)
            except OSError as error:
                self.word = _word(error)

    def look(self) -> None:
        """Take what came."""
        if self.protocol == "tcp":
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.word = _word(OSError(code, os.strerror(code))) if code else "open"
            return
        try:
            data = self.socket.recv(2048)
        except OSError as error:
            self.word = _word(error)
            return
        body = data if self.six else data[(data[0] & 15) * 4 :]
        if body[:1] == (b"\x81" if self.six else b"\x00") and body[4:8] == self._request[4:8]:
            self.word = "reply"


def _echo(six: bool) -> bytes:
    """An ICMP echo request of a number of its own (RFC 792, RFC 4443; the kernel sums the latter's)."""
    number = os.urandom(4)
    if six:
        return b"\x80\x00\x00\x00" + number
    total = 0x0800 + sum(struct.unpack("!HH", number))
    total = (total & 0xFFFF) + (total >> 16)
    return b"\x08\x00" + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + number


def _word(error: OSError) -> str:
    return "refused" if isinstance(error, ConnectionRefusedError) else (error.strerror or str(error)).lower()


def _dial(job: Job, addresses: dict[str, str]) -> tuple[int, str]:
    """Reach every target at once. `@client-guest` is the address leased there."""
    targets = [(kind, addresses.get(to[1:], "") if to[0] == "@" else to, port) for kind, to, port in job["targets"]]
    calls: list[Call | None] = _inside(
        job["netns"], lambda: [Call(*target) if target[1] else None for target in targets]
    )
    waiting = [call for call in calls if call and not call.done]
    deadline, again = time.monotonic() + job["seconds"], time.monotonic() + RESEND
    with selectors.DefaultSelector() as selector:
        for call in waiting:
            what = selectors.EVENT_WRITE if call.protocol == "tcp" else selectors.EVENT_READ
            selector.register(call.socket, what, call)
        while (now := time.monotonic()) < deadline and selector.get_map():
            for key, _ in selector.select(min(deadline, again) - now):
                key.data.look()
            if time.monotonic() >= again:
                again += RESEND
                for call in waiting:
                    if not call.done:
                        call.send()
            for call in [key.data for key in selector.get_map().values() if key.data.done]:
                selector.unregister(call.socket)
    for call in calls:
        if call:
            call.socket.close()
    return 0, json.dumps([call.word if call else "no address" for call in calls])


def _ask(job: Job) -> tuple[int, str]:
    """Put all questions to one server over UDP, a window of them at a time; each up to three times."""
    family = socket.AF_INET6 if ":" in job["server"] else socket.AF_INET
    link: socket.socket = _inside(job["netns"], lambda: socket.socket(family, socket.SOCK_DGRAM))
    messages = [_question(at, name, kind, job["recurse"]) for at, (name, kind) in enumerate(job["questions"])]
    answers: list[str | None] = [None] * len(messages)
    fresh, sent, tries = list(range(len(messages)))[::-1], dict[int, float](), [0] * len(messages)
    deadline = time.monotonic() + job["seconds"]
    with link:
        link.settimeout(0.1)
        link.connect((job["server"], 53))
        while (fresh or sent) and time.monotonic() < deadline:
            now = time.monotonic()
            late = [at for at, since in sent.items() if now - since > RESEND]
            for at in late:
                del sent[at]
                fresh += [at] if tries[at] < 3 else []
            while fresh and len(sent) < WINDOW:
                at = fresh.pop()
                sent[at], tries[at] = now, tries[at] + 1
                with suppress(ConnectionRefusedError):  # about an earlier one; this one is asked again
                    link.send(messages[at])
            try:
                data = link.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                continue
            at = int.from_bytes(data[:2], "big")
            if sent.pop(at, None) is not None and data[12 : len(messages[at])] == messages[at][12:]:
                answers[at] = binascii.b2a_base64(data, newline=False).decode()
    return 0, json.dumps(answers)


def _question(number: int, name: str, kind: int, recurse: bool) -> bytes:
    """A DNS query of one question (RFC 1035, 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label)
    return struct.pack("!6H", number, 0x0100 if recurse else 0, 1, 0, 0, 0) + labels + struct.pack("!xHH", kind, 1)
