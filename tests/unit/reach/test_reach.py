"""Against an SSH server in this process: host keys, keys, timeouts, forwards, enrolment; failures in plain words."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest

from haicap.addressing.model import Keys
from haicap.errors import HaicapError
from haicap.reach.context import Connection, Outcome
from haicap.reach.enrol import enrol, judge
from haicap.reach.fanout import as_root, run, run_everywhere
from haicap.reach.forward import forward
from haicap.reach.makes import Makes
from haicap.reach.session import public_text

WIREGUARD = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="


@dataclass(frozen=True)
class Server:
    """An SSH server on 127.0.0.1, its host key, and how to reach it."""

    connection: Connection
    key: str
    commands: list[str]


class _Auth(asyncssh.SSHServer):
    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return dest_host == "127.0.0.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ssh")
    client, host = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    client.write_private_key(str(folder / "key"))
    client.write_public_key(str(folder / "authorized"))
    commands: list[str] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def handle(process: asyncssh.SSHServerProcess[str]) -> None:
        command = process.command or ""
        commands.append(command)
        if command == "hang":
            await asyncio.sleep(30)
        elif command == "die":
            process.channel.get_connection().abort()
        elif command.startswith("sh -c") and "wg genkey" in command:
            process.stdout.write(f"{WIREGUARD}\n")
        else:
            process.stdout.write(f"{command}|{await process.stdin.read()}")
            process.stderr.write("words")
        process.exit(0 if command != "fail" else 3)

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=_Auth, server_host_keys=[host], process_factory=handle,
            authorized_client_keys=str(folder / "authorized"),
        )  # fmt: skip

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result()
    connection = Connection(port=acceptor.get_port(), key_file=folder / "key", known_hosts={"a": public_text(host)})
    yield Server(connection, public_text(host), commands)
    asyncio.run_coroutine_threadsafe(_stop(acceptor), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


async def _stop(acceptor: asyncssh.SSHAcceptor) -> None:
    acceptor.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def test_a_command_s_answer(server: Server) -> None:
    outcome = run("a", "127.0.0.1", server.connection, "echo", "input")
    assert (outcome.status, outcome.stdout, outcome.stderr, outcome.error, outcome.ok) == (
        0,
        "echo|input",
        "words",
        None,
        True,
    )
    failed = run("a", "127.0.0.1", server.connection, "fail")
    assert (failed.status, failed.error, failed.ok) == (3, None, False)


def test_everywhere_each_host_for_itself(server: Server) -> None:
    targets = {"a": "127.0.0.1", "b": "127.0.0.1", "c": "127.0.0.1"}
    known = {"a": server.key, "c": server.key + " a comment"}
    told: dict[str, Outcome] = {}
    found = run_everywhere(
        targets,
        {name: name.upper() for name in targets},
        replace(server.connection, known_hosts=known),
        stdin={"a": "1", "b": "2", "c": "3"},
        on_done=told.__setitem__,
    )
    assert list(found) == ["a", "b", "c"]
    assert [found[name].stdout for name in "abc"] == ["A|1", "", "C|3"]
    assert found["b"].error == "cannot reach b at 127.0.0.1: its host key is not on record: run `haicap enrol`"
    assert told == found


def test_another_host_key_is_refused_with_both_fingerprints(server: Server) -> None:
    other = public_text(asyncssh.generate_private_key("ssh-ed25519"))
    server.commands.clear()
    outcome = run("a", "127.0.0.1", replace(server.connection, known_hosts={"a": other}), "echo")
    assert outcome.status is None
    assert outcome.error is not None
    for key in (other, server.key):
        assert asyncssh.import_public_key(key).get_fingerprint() in outcome.error
    assert server.commands == []


def test_limits_of_time(server: Server) -> None:
    slow = run("a", "127.0.0.1", server.connection, "hang", timeout=0.3)
    assert slow.error == "a: the command did not end within 0.3 s"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = replace(server.connection, port=silent.getsockname()[1], connect_timeout=1)
        late = run("a", "127.0.0.1", connection, "echo")
    assert late.error == "cannot reach a at 127.0.0.1: no answer within 1 s: is it on, and is its line up?"


def test_nothing_listens(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    outcome = run("a", "127.0.0.1", replace(server.connection, port=port), "echo")
    assert outcome.error == f"cannot reach a at 127.0.0.1: nothing listens on port {port}: is sshd running?"


def test_a_connection_that_dies(server: Server) -> None:
    outcome = run("a", "127.0.0.1", server.connection, "die")
    assert outcome.status is None
    assert outcome.error is not None
    assert outcome.error.startswith("a: the connection was lost while the command ran")


def test_a_key_that_is_not_accepted(server: Server, tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "other"))
    outcome = run("a", "127.0.0.1", replace(server.connection, key_file=tmp_path / "other"), "echo")
    assert outcome.error == "cannot reach a at 127.0.0.1: it does not accept the ssh key of user root"


def test_no_key_at_all(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(HaicapError, match="no ssh key: name one"):
        run("a", "127.0.0.1", replace(server.connection, key_file=None), "echo")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    with pytest.raises(HaicapError, match=r"the ssh agent at .* does not answer"):
        run("a", "127.0.0.1", replace(server.connection, key_file=None), "echo")
    with pytest.raises(HaicapError, match="cannot be read: No such file"):
        run("a", "127.0.0.1", replace(server.connection, key_file=tmp_path / "none"), "echo")
    (tmp_path / "rubbish").write_text("rubbish")
    with pytest.raises(HaicapError, match="is not a private key"):
        run("a", "127.0.0.1", replace(server.connection, key_file=tmp_path / "rubbish"), "echo")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "words", "-f", tmp_path / "locked"], check=True)
    with pytest.raises(HaicapError, match="has a passphrase: add it to your ssh agent"):
        run("a", "127.0.0.1", replace(server.connection, key_file=tmp_path / "locked"), "echo")


def test_an_error_of_the_listener_is_its_own(server: Server) -> None:
    def broken(_name: str, _outcome: Outcome) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_everywhere({"a": "127.0.0.1"}, "echo", server.connection, on_done=broken)


def test_a_port_is_forwarded_and_gone_afterwards(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as remote:
        with (
            forward("127.0.0.1", "a", server.connection, remote.getsockname()[1]) as port,
            socket.create_connection(("127.0.0.1", port), timeout=5) as near,
        ):
            far, _ = remote.accept()
            with far:
                near.sendall(b"there")
                assert far.recv(10) == b"there"
                far.sendall(b"back")
                assert near.recv(10) == b"back"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("haicap-forward")]


def test_a_forward_to_nowhere_is_an_error(server: Server) -> None:
    with (
        pytest.raises(HaicapError, match="its host key is not on record"),
        forward("127.0.0.1", "x", server.connection, 1),
    ):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("haicap-forward")]


def test_enrolment_records_and_then_compares(server: Server) -> None:
    targets = {"a": "127.0.0.1"}
    first = enrol(targets, server.connection, {})["a"]
    keys = Keys(WIREGUARD, server.key)
    assert (first.keys, first.error, first.changed) == (keys, None, True)
    assert first.fingerprint == asyncssh.import_public_key(server.key).get_fingerprint()
    assert enrol(targets, server.connection, {"a": keys})["a"].changed is False
    other = Keys(WIREGUARD, public_text(asyncssh.generate_private_key("ssh-ed25519")))
    server.commands.clear()
    refused = enrol(targets, server.connection, {"a": other})["a"]
    assert (refused.keys, refused.changed, server.commands) == (None, False, [])
    assert refused.error is not None
    assert refused.error.endswith("verify the new fingerprint on its console, then `haicap enrol --renew a`")
    renewed = enrol(targets, server.connection, {"a": other}, renew={"a"})["a"]
    assert (renewed.keys, renewed.changed) == (keys, True)


def test_only_a_mail_server_is_asked_for_mail_keys(server: Server) -> None:
    server.commands.clear()
    mail = {"b": Makes(("mail1.lamdong.gov.vn",), ("h1",))}
    found = enrol({"a": "127.0.0.1", "b": "127.0.0.1"}, server.connection, {}, makes=mail)
    assert found["a"].keys == Keys(WIREGUARD, server.key)
    assert found["b"].error == "b: it did not answer with the public DKIM key h1; no key was collected"
    assert sorted("dkimkeys/h1.private" in command for command in server.commands) == [False, True]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(0, "not a key\n"), "a: it did not answer with a public key; no key was collected"),
        (Outcome(75, "", "x\nanother run of haicap is at work on this host\n"), "a: another run of haicap is at work"),
        (Outcome(None, error="a: the connection was lost"), "a: the connection was lost; no key was collected"),
        (Outcome(0, "A" * 43 + "=\n" + "B" * 43 + "\n"), "a: it did not answer with a public key"),
    ],
)
def test_what_is_no_key_is_not_taken(outcome: Outcome, said: str) -> None:
    found = judge("a", "ssh-ed25519 AAAA", outcome, None)
    assert found.keys is None
    assert found.error is not None
    assert found.error.startswith(said)


def test_root_by_sudo_for_others() -> None:
    assert as_root("id -u", Connection()) == "id -u"
    assert as_root("echo 'a b'", Connection(user="ops")) == """sudo -n -- sh -c 'echo '"'"'a b'"'"''"""
