"""This text runs on a host too: what only waits for the network, without a process for each try."""

from __future__ import annotations

import binascii
import ctypes
import json
import os
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:  # what a host need not load
    from collections.abc import Callable
    from typing import Any

    Job = dict[str, Any]

RESEND = 0.7  # seconds until a datagram that got no answer is sent again
WINDOW = 64  # DNS questions under way at a time
CLONE_NEWNET = 0x40000000


def inside(netns: str | None, work: Callable[[], Any]) -> Any:
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
        except Exception as error:  # it is raised where the result is waited for
            box.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(box[0], Exception):
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


def dial(job: Job, addresses: dict[str, str]) -> tuple[int, str]:
    """Reach every target at once. `@client-guest` is the address leased there."""
    targets = [(kind, addresses.get(to[1:], "") if to[0] == "@" else to, port) for kind, to, port in job["targets"]]
    calls: list[Call | None] = inside(
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
    for called in filter(None, calls):
        called.socket.close()
    return 0, json.dumps([call.word if call else "no address" for call in calls])


def ask(job: Job) -> tuple[int, str]:
    """Put all questions to one server over UDP, a window of them at a time; each up to three times."""
    family = socket.AF_INET6 if ":" in job["server"] else socket.AF_INET
    link: socket.socket = inside(job["netns"], lambda: socket.socket(family, socket.SOCK_DGRAM))
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
