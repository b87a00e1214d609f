"""The program that hosts are sent, run here: what it says, and that it always says something."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from haicap.inspection.check import Ask, Check, Dial, Output, Result, Shell, Target
from haicap.inspection.script import COMMAND, outputs_of, program
from haicap.inspection.wire import read_answer
from haicap.reach.context import Outcome


def _check(*commands: object) -> Check:
    return Check(None, "here", "lan", "any", "", commands, lambda _outputs: Result(True, ""))


def _run(*commands: object, seconds: float = 20.0, lock: str | None = None) -> list[Output]:
    check = _check(*commands)
    text = program([check], [], seconds).replace("/run/haicap-inspect.lock", lock or "/tmp/haicap-inspect-test.lock")
    done = subprocess.run(
        COMMAND.replace("python3", sys.executable).split(),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return list(outputs_of([check], Outcome(done.returncode, done.stdout, done.stderr))[0])


def test_shells_answer_each_for_itself() -> None:
    found = _run(Shell("echo one; echo two >&2"), Shell("exit 3"), Shell("nothing-of-that-name"), Shell("sleep 9", 0.2))
    assert [(output.status, output.text) for output in found[:2]] == [(0, "one\ntwo\n"), (3, "")]
    assert found[2].status == 127
    assert (found[3].status, found[3].error) == (None, "TimeoutError: no end within 0.2 s")


def test_a_dial_tells_open_from_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_port, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        targets = [Target("tcp", "127.0.0.1", each.getsockname()[1]) for each in (open_port, closed)]
        found = _run(Dial(None, (*targets, Target("tcp", "@client-none", 9)), 1.0))
    assert json.loads(found[0].text) == ["open", "refused", "no address"]


def test_a_namespace_that_is_not_there_is_an_error() -> None:
    found = _run(Dial("client-none", (Target("tcp", "127.0.0.1", 9),)))
    assert found[0].error is not None
    assert "client-none" in found[0].error


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A DNS server that answers every second question, the others only when they are asked again."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind(("127.0.0.1", 0))
    seen: set[bytes] = set()

    def serve() -> None:
        while True:
            data, peer = link.recvfrom(512)
            if data == b"stop":
                return
            if data[1] % 2 and data not in seen:
                seen.add(data)
                continue
            answer = data[:2] + b"\x84\x00" + data[4:6] + b"\x00\x01\x00\x00\x00\x00" + data[12:]
            link.sendto(answer + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x00\x00\x01", peer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield link.getsockname()[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"stop", link.getsockname())
    thread.join()
    link.close()


def test_questions_are_asked_again_until_they_are_answered(server: int) -> None:
    check = _check(Ask("127.0.0.1", tuple((f"n{at}.example.", 1) for at in range(300))))
    text = program([check], [], 20.0).replace('job["server"], 53', f'job["server"], {server}')
    text = text.replace("/run/haicap-inspect.lock", "/tmp/haicap-inspect-test.lock")
    done = subprocess.run([sys.executable, "-IS", "-"], input=text, capture_output=True, text=True, check=True)
    output = outputs_of([check], Outcome(0, done.stdout))[0][0]
    answers = [read_answer(text) for text in json.loads(output.text)]
    assert [answer.records[0] for answer in answers] == [(f"n{at}.example.", "A", 60, "10.0.0.1") for at in range(300)]


def test_what_a_host_did_not_say_is_an_error() -> None:
    checks = [_check(Shell("a")), _check(Shell("b"), Shell("c"))]
    line = json.dumps({"id": 1, "status": 0, "out": "b", "error": None, "seconds": 0.5})
    found = outputs_of(checks, Outcome(None, f"motd\n{line}\n", error="gw: the connection was lost"))
    assert found[0] == (Output(None, "", 0.0, "gw: the connection was lost"),)
    assert found[1] == (Output(0, "b", 0.5), Output(None, "", 0.0, "gw: the connection was lost"))
    silent = outputs_of(checks[:1], Outcome(1, "", "sh: 1: python3: not found\n"))
    assert silent[0][0].error == "the host did not answer this probe: sh: 1: python3: not found"


def test_one_inspection_at_a_time(tmp_path: object) -> None:
    lock = f"{tmp_path}/lock"
    hold = f"import fcntl; f = open({lock!r}, 'w'); fcntl.flock(f, 2); print(1, flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    found = _run(Shell("true"), seconds=1.0, lock=lock)
    holder.communicate("\n")
    assert found[0].error == "the host did not answer this probe: another inspection is at work on this host"
