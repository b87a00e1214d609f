"""A run from job to answer, without a host: inventory, folder, environment, and what Ansible's words mean."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import yaml

from haicap.converge import HostJob, HostResult, InventoryHost, ansible_inventory, outcome, run_hosts
from haicap.converge.workspace import workspace
from haicap.errors import HaicapError
from haicap.reach.context import Connection

JOB = HostJob(
    "gw1", "gateway", "192.0.2.1", {"/etc/radvd.conf": "{{ 1 + 1 }} {# no #}\n"}, {"radvd": "active"}, ["radvd"]
)
CONTEXT = Connection(key_file=Path("/keys/id"), known_hosts={"gw1": "ssh-ed25519 AAAA comment"})


def test_the_folder_is_private_and_goes_away() -> None:
    with workspace([JOB], CONTEXT, "apply") as place:
        files = [path for path in place.folder.rglob("*") if path.is_file()]
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert place.folder.stat().st_mode & 0o777 == 0o700
        assert (place.folder / "known_hosts").read_text() == "192.0.2.1 ssh-ed25519 AAAA\n"
    assert not place.folder.exists()


def test_the_folder_of_a_killed_run_goes_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "haicap-run-4194305-x").mkdir()
    (tmp_path / f"haicap-run-{os.getpid()}-x").mkdir()
    with workspace([JOB], CONTEXT, "apply"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [f"haicap-run-{os.getpid()}-x"]


def test_files_are_not_templates_and_rules_are_the_role_s() -> None:
    with workspace([JOB], CONTEXT, "observe") as place:
        text = place.inventory.read_text()
    assert '!unsafe "{{ 1 + 1 }} {# no #}\\n"' in text
    group = yaml.safe_load(text.replace("!unsafe ", ""))["all"]["children"]["gateway"]
    assert group["hosts"]["gw1"]["haicap_files"] == dict(JOB.files)
    assert (group["hosts"]["gw1"]["haicap_observe"], group["hosts"]["gw1"]["haicap_absent"]) == (True, False)
    assert any(rule["path"] == "/etc/radvd.conf" for rule in group["vars"]["haicap_gateway_rules"])


def test_the_environment_trusts_only_known_hosts_and_the_key() -> None:
    with workspace([JOB], CONTEXT, "apply") as place:
        arguments = place.environment["ANSIBLE_SSH_ARGS"]
    assert "StrictHostKeyChecking=yes" in arguments
    assert "-F none" in arguments
    assert "IdentityAgent=none" in arguments
    assert place.environment["ANSIBLE_STRATEGY"] == "mitogen_linear"
    with workspace([JOB], Connection(), "apply") as place:
        assert "IdentityAgent" not in place.environment["ANSIBLE_SSH_ARGS"]


def test_a_role_that_does_not_exist_is_named() -> None:
    job = HostJob("x", "nosuch", "192.0.2.1")
    with pytest.raises(HaicapError, match='there is no role "nosuch"'):
        run_hosts([job], CONTEXT, "apply")


def test_two_jobs_of_one_name_are_refused_and_none_is_nothing() -> None:
    with pytest.raises(HaicapError, match="one job for each host"):
        run_hosts([JOB, JOB], CONTEXT, "apply")
    assert run_hosts([], CONTEXT, "apply") == {}


def test_a_host_that_refuses_is_a_result_and_is_told_at_once() -> None:
    """Nothing listens on port 1 of loopback: the whole way through Ansible, without a host."""
    told: dict[str, HostResult] = {}
    job = HostJob("gw1", "gateway", "127.0.0.1")
    result = run_hosts([job], Connection(port=1, known_hosts={"gw1": "ssh-ed25519 AAAA"}), "apply", told.__setitem__)
    assert (result["gw1"].ok, result["gw1"].unreachable) == (False, True)
    assert result["gw1"].error == "cannot reach gw1 at 127.0.0.1: nothing listens on port 1: is sshd running?"
    assert told == result


def test_a_cancelled_run_answers_for_every_host() -> None:
    cancel = threading.Event()
    cancel.set()
    result = run_hosts([JOB], CONTEXT, "apply", cancel=cancel)
    assert result["gw1"].error == "gw1: the run was cancelled"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Host key verification failed.", "its host key is not the one on record"),
        (
            "EOF on stream; last 100 lines received:\nssh: connect to host x: Connection timed out",
            "no answer within 10 s",
        ),
        ("root@x: Permission denied (publickey).", "it does not accept the ssh key of user root"),
        ("ssh: connect to host x port 22: No route to host", "there is no route to it"),
        ("EOF on stream; last 100 lines received:\nsomething else", ": something else"),
    ],
)
def test_what_ssh_says_is_told_in_words(said: str, reason: str) -> None:
    result = outcome.unreachable(JOB, {"msg": said}, CONTEXT)
    assert result.unreachable
    assert result.error is not None
    assert result.error.startswith("cannot reach gw1 at 192.0.2.1: ")
    assert reason in result.error


def test_a_host_without_a_key_on_record_says_so() -> None:
    result = outcome.unreachable(JOB, {"msg": "Host key verification failed."}, Connection())
    assert result.error is not None
    assert "not on record: run `haicap enrol`" in result.error


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"msg": "web is not valid"}, "gw1: web is not valid"),
        ({"msg": "Task failed: web is not valid"}, "gw1: web is not valid"),
        ({"msg": "MODULE FAILURE", "module_stderr": "Traceback\n  File\nKeyError: 'x'\n"}, "gw1: KeyError: 'x'"),
        ({"msg": "password = canary"}, "gw1: password = [secret]"),
        ({}, "gw1: the task failed without a word"),
    ],
)
def test_a_failed_task_has_a_cause_and_no_traceback(answer: dict[str, str], error: str) -> None:
    assert outcome.failed(JOB, answer, "t").error == error


def test_the_dynamic_inventory_has_groups_for_roles_and_waves() -> None:
    hosts = [
        InventoryHost("hub1", "hub", "192.0.2.2", port=2222),
        InventoryHost("gw1", "gateway", "192.0.2.1", wave="2025-07", variables={"haicap_unit": "24958"}),
    ]
    listed = ansible_inventory(hosts)
    assert listed["gateway"] == {"hosts": ["gw1"]}
    assert listed["wave_2025_07"] == {"hosts": ["gw1"]}
    assert listed["all"] == {"children": ["gateway", "hub", "wave_2025_07", "ungrouped"]}
    assert listed["_meta"]["hostvars"]["gw1"] == {
        "haicap_unit": "24958",
        "ansible_host": "192.0.2.1",
        "ansible_user": "root",
        "ansible_port": 22,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
