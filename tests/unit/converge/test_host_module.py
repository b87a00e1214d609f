"""The one task's promises: all or nothing, only what is ours, every crash is mended, nothing secret leaves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.converge.machine import Host, Machine, Ran  # isort: skip - it lets Ansible find the module's code

from ansible.module_utils.haicap_host import converge, disk
from ansible.module_utils.haicap_host.command import HostError
from ansible.module_utils.haicap_host.rules import parse_rules
from ansible.module_utils.haicap_host.services import Unit

RULES = parse_rules(
    [
        {"path": "/etc/web.d/*.conf", "validate": "checkweb %s", "on_change": {"service": "web", "action": "reload"}},
        {"path": "/etc/mail/main.cf", "mode": "0600", "on_change": {"service": "mail"}},
        {
            "path": "/etc/tun/*.conf",
            "on_change": {"service": "tun@{stem}", "sections": ["Peer"], "command": "sync {stem}"},
        },
        {"path": "/etc/sysctl.d/x.conf", "on_change": {"command": "sysctl -p {path}"}},
    ]
)
WEB, MAIL, TUN = "/etc/web.d/a.conf", "/etc/mail/main.cf", "/etc/tun/t0.conf"
FILES = {WEB: "one\n", MAIL: "two\n"}


def wanted(files: Mapping[str, str] | None = None, services: tuple[str, ...] = ("web", "mail")) -> converge.Wanted:
    return converge.Wanted(FILES if files is None else files, services, rules=RULES)


def actions(outcome: converge.Outcome) -> dict[str, str]:
    return {action["path"]: action["action"] for action in outcome.actions}


def text(host: Host, path: str) -> str | None:
    target = host.at(path)
    return target.read_text() if target.exists() else None


def put(host: Host, path: str, content: str) -> None:
    host.at(path).parent.mkdir(parents=True, exist_ok=True)
    host.at(path).write_text(content)


def test_first_run_creates_enables_and_starts_in_the_order_of_the_rules(host: Host, machine: Machine) -> None:
    outcome = converge.apply(host, wanted())
    assert actions(outcome) == {WEB: "created", MAIL: "created"}
    assert outcome.services == {"web": "started", "mail": "started"}
    assert machine.verbs() == ["enable web mail", "start web", "start mail"]
    assert (text(host, WEB), host.at(MAIL).stat().st_mode & 0o777) == ("one\n", 0o600)


def test_second_run_changes_nothing_and_touches_no_service(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted())
    machine.calls.clear()
    outcome = converge.apply(host, wanted())
    assert not outcome.changed
    assert machine.verbs() == []
    assert [call[0] for call in machine.calls] == ["systemctl"]


def test_only_the_service_whose_file_changed_is_reloaded(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted())
    machine.calls.clear()
    outcome = converge.apply(host, wanted({**FILES, WEB: "new\n"}))
    assert outcome.services == {"web": "reloaded"}
    assert machine.verbs() == ["reload web"]


def test_failed_validation_leaves_all_files_and_services(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted())
    machine.calls.clear()
    machine.programs["checkweb"] = lambda argv: Ran(1, f"{argv[1]}:3: unknown word\nsecret: canary\n")
    with pytest.raises(HostError) as error:
        converge.apply(host, wanted({WEB: "bad\n", MAIL: "new\n"}))
    assert f"{WEB} is not valid:\n  {WEB}:3: unknown word" in str(error.value)
    assert "Nothing was changed on this host." in str(error.value)
    assert "canary" not in str(error.value)
    assert (text(host, WEB), text(host, MAIL)) == ("one\n", "two\n")
    assert machine.verbs() == []
    assert not list(host.root.glob("**/.haicap"))


def test_a_service_that_fails_brings_back_files_and_services(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted())
    machine.broken.add(("restart", "mail"))
    machine.programs["journalctl"] = lambda _argv: Ran(0, "")
    with pytest.raises(HostError) as error:
        converge.apply(host, wanted({WEB: "new\n", MAIL: "bad\n"}))
    assert str(error.value).startswith("service mail: restart failed\n")
    assert "last words" in str(error.value)
    assert "canary" not in str(error.value)
    assert (text(host, WEB), text(host, MAIL)) == ("one\n", "two\n")
    assert "mail is failed" in str(error.value)  # this fake does not come back with the old file either


def test_a_new_service_that_dies_is_stopped_and_leaves_no_files(host: Host, machine: Machine) -> None:
    machine.dies_after["mail"] = "failed"
    with pytest.raises(HostError, match=r"service mail is failed[\s\S]*The old configuration is back."):
        converge.apply(host, wanted())
    assert (text(host, WEB), text(host, MAIL)) == (None, None)
    assert machine.units == {"web": "inactive", "mail": "inactive"}
    assert machine.enabled == set()


def test_a_service_that_restarts_again_and_again_is_not_up(host: Host, machine: Machine) -> None:
    def pid(unit: str) -> str:
        shown = f"Id={unit}\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
        return f"{shown}Type=simple\nMainPID={machine.time}"

    machine._show = pid  # type: ignore[method-assign]
    with pytest.raises(HostError, match="service web is restarting again and again"):
        machine.units["web"] = "active"
        converge.apply(host, wanted({WEB: "one\n"}, ("web",)))


def test_a_foreign_file_is_refused_and_nothing_changes(host: Host, machine: Machine) -> None:
    put(host, WEB, "theirs\n")
    host.at(MAIL).parent.mkdir(parents=True)
    host.at(MAIL).symlink_to("/etc/passwd")
    with pytest.raises(HostError) as error:
        converge.apply(host, wanted())
    assert f"{WEB} exists and was not written by haicap: move it away" in str(error.value)
    assert "is a symbolic link" in str(error.value)
    assert text(host, WEB) == "theirs\n"
    assert machine.verbs() == []


@pytest.mark.parametrize("keeper", ["dpkg", "ucf"])
def test_a_package_s_own_file_is_taken_over_and_comes_back(host: Host, machine: Machine, keeper: str) -> None:
    put(host, MAIL, "packaged\n")
    md5 = hashlib.md5(b"packaged\n", usedforsecurity=False).hexdigest()
    if keeper == "dpkg":
        machine.programs["dpkg-query"] = lambda _argv: Ran(0, f"\n {MAIL} {md5}\n /etc/other 00 obsolete\n")
    else:
        put(host, "/var/lib/ucf/hashfile", f"{md5}  {MAIL}\n")
    assert actions(converge.apply(host, wanted()))[MAIL] == "updated"
    outcome = converge.absent(host, RULES)
    assert actions(outcome) == {WEB: "removed", MAIL: "removed"}
    assert (text(host, MAIL), text(host, WEB)) == ("packaged\n", None)
    assert outcome.services == {"mail": "stopped", "web": "stopped"}
    assert (machine.units, machine.enabled) == ({"web": "inactive", "mail": "inactive"}, set())
    assert not host.state.exists()
    assert not converge.absent(host, RULES).changed


def test_what_others_keep_in_the_state_folder_outlives_us(host: Host) -> None:
    put(host, "/var/lib/haicap/machines/procedures-1-data.qcow2", "a disk\n")
    converge.apply(host, wanted())
    assert converge.absent(host, RULES).changed
    assert [path.name for path in host.state.iterdir()] == ["machines"]
    assert text(host, "/var/lib/haicap/machines/procedures-1-data.qcow2") == "a disk\n"


def test_an_adopted_file_needs_no_package(host: Host) -> None:
    put(host, WEB, "made by a script\n")
    rules = (replace(RULES[0], adopt=True), *RULES[1:])
    assert actions(converge.apply(host, replace(wanted(), rules=rules)))[WEB] == "updated"
    assert disk.original(host, WEB).read_text() == "made by a script\n"


def test_a_file_that_is_not_wanted_any_more_goes_and_its_service_reloads(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted({**FILES, "/etc/web.d/b.conf": "b\n"}))
    machine.calls.clear()
    outcome = converge.apply(host, wanted())
    assert actions(outcome)["/etc/web.d/b.conf"] == "removed"
    assert machine.verbs() == ["reload web"]


def test_a_service_that_is_not_wanted_any_more_stops_before_its_file_goes(host: Host, machine: Machine) -> None:
    machine.units["tun@t0"] = "inactive"
    converge.apply(host, wanted({**FILES, TUN: "[Interface]\n"}, ("web", "mail", "tun@t0")))
    seen: list[str | None] = []
    run = machine.run

    def spy(argv: list[str], timeout: float = 60.0) -> Ran:
        if "stop" in argv:
            seen.append(text(host, TUN))
        return run(argv, timeout)

    outcome = converge.apply(replace(host, run=spy), wanted())
    assert (seen, text(host, TUN)) == (["[Interface]\n"], None)
    assert outcome.services == {"tun@t0": "stopped"}
    assert machine.enabled == {"web", "mail"}


@pytest.mark.parametrize(
    ("after", "step"), [("[Interface]\nA = 1\n[Peer]\nB = 2\n", "reloaded"), ("[Interface]\nA = 2\n", "restarted")]
)
def test_a_change_within_its_sections_reloads_any_other_restarts(
    host: Host, machine: Machine, after: str, step: str
) -> None:
    machine.units["tun@t0"] = "inactive"
    converge.apply(host, wanted({TUN: "[Interface]\nA = 1\n"}, ("tun@t0",)))
    outcome = converge.apply(host, wanted({TUN: after}, ("tun@t0",)))
    assert outcome.services == {"tun@t0": step}
    assert (["sync", "t0"] in machine.calls) == (step == "reloaded")


def test_what_was_changed_by_hand_is_drift(host: Host, machine: Machine) -> None:
    converge.apply(host, wanted())
    host.at(WEB).write_text("by hand\n")
    host.at(MAIL).chmod(0o644)
    machine.units["mail"] = "inactive"
    outcome = converge.apply(host, wanted())
    assert [(a["path"], a["action"], a["drifted"]) for a in outcome.actions] == [
        (WEB, "updated", True),
        (MAIL, "updated", True),
    ]
    assert outcome.services == {"web": "reloaded", "mail": "started"}
    assert not converge.apply(host, wanted()).changed


def _states(host: Host) -> tuple[object, ...]:
    return (
        text(host, WEB),
        text(host, MAIL),
        (host.state / "journal.json").exists(),
        (host.state / "rollback").exists(),
    )


def test_killed_at_any_step_the_next_run_finishes(
    tmp_path: Path, host: Host, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rename, removal and command of a run is a place to be killed at; all are tried, one after another."""
    target = {WEB: "new\n", MAIL: "newer\n"}
    for place in range(200):
        converge.apply(host, wanted())
        assert _states(host) == ("one\n", "two\n", False, False)
        if not _killed(host, machine, monkeypatch, place, wanted(target)):
            break
        outcome = converge.apply(host, wanted(target))
        assert _states(host) == ("new\n", "newer\n", False, False)
        assert not any(action["drifted"] for action in outcome.actions)
        assert not converge.apply(host, wanted(target)).changed
    assert 15 < place < 199
    assert not list(tmp_path.glob("**/.haicap"))


def _killed(host: Host, machine: Machine, monkeypatch: pytest.MonkeyPatch, place: int, what: converge.Wanted) -> bool:
    left = [place]

    def count(work):  # type: ignore[no-untyped-def]
        def counted(*arguments, **options):  # type: ignore[no-untyped-def]
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return work(*arguments, **options)

        return counted

    with monkeypatch.context() as patch:
        for name in ("write", "replace", "remove"):
            patch.setattr(disk, name, count(getattr(disk, name)))
        try:
            converge.apply(replace(host, run=count(machine.run)), what)
        except KeyboardInterrupt:
            return True
    return False


def test_check_says_what_apply_would_do_and_does_nothing(host: Host, machine: Machine) -> None:
    outcome = converge.check(host, wanted())
    assert (actions(outcome), outcome.services) == (
        {WEB: "created", MAIL: "created"},
        {"web": "started", "mail": "started"},
    )
    assert machine.verbs() == []
    assert not list(host.root.iterdir())


def test_observe_finds_what_was_asked_for_and_hides_secrets(host: Host, machine: Machine) -> None:
    converge.apply(
        host, wanted({WEB: "path to password /x\nneighbor 1 password in-the-plan\nPrivateKey = canary\n"}, ("web",))
    )
    put(host, MAIL, 'PresharedKey = canary\npassword: "canary"\napi-key=canary\nneighbor 1 password canary\nx 25\n')
    found = converge.observe(host, [WEB, MAIL, "/etc/none"], ["web", "mail", "gone"])
    assert found["files"] == {
        WEB: "path to password /x\nneighbor 1 password in-the-plan\nPrivateKey = [secret]\n",
        MAIL: 'PresharedKey = [secret]\npassword: "[secret]"\napi-key=[secret]\nneighbor 1 password [secret]\nx 25\n',
        "/etc/none": None,
    }
    assert found["services"] == {"web": "active", "mail": "inactive", "gone": "not-found"}
    machine.enabled.clear()
    assert converge.observe(host, [], ["web"])["services"] == {"web": "active, not enabled"}


def test_packages_are_installed_only_when_missing(host: Host, machine: Machine) -> None:
    machine.programs["dpkg-query"] = lambda _argv: Ran(1, "a install ok installed\nb deinstall ok config-files\n")
    outcome = converge.apply(host, replace(wanted(), packages=["a", "b"]))
    assert outcome.packages == ["b"]
    assert [call[-1] for call in machine.calls if call[0] == "apt-get"] == ["b"]


def test_initial_commands_run_once_and_must_create_their_file(host: Host, machine: Machine) -> None:
    machine.programs["sh"] = lambda argv: (put(host, "/etc/key", "k"), Ran(0, ""))[1]
    once = replace(wanted(), initial=[{"creates": "/etc/key", "command": "make"}])
    assert converge.apply(host, once).initialised == ["/etc/key"]
    assert converge.apply(host, once).initialised == []
    with pytest.raises(HostError, match="could not make /etc/other"):
        converge.apply(host, replace(wanted(), initial=[{"creates": "/etc/other", "command": "true"}]))


def test_one_run_at_a_time(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converge, "LOCK_SECONDS", 0.1)
    with converge.lock(host), pytest.raises(HostError, match=r"another run of haicap \(process \d+\)"):
        converge.apply(host, wanted())


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"/etc/unknown": ""}, "/etc/unknown: no rule of this role covers it"),
        ({"/etc/web.d/../x.conf": ""}, "is not an absolute path"),
        ({"/etc/web.d/$(id).conf": ""}, "is not an absolute path"),
    ],
)
def test_paths_that_no_rule_covers_are_refused(host: Host, files: dict[str, str], reason: str) -> None:
    with pytest.raises(HostError) as error:
        converge.apply(host, wanted(files))
    assert reason in str(error.value)


def test_a_service_without_its_package_is_named(host: Host) -> None:
    with pytest.raises(HostError, match="service gone is not-found on this host"):
        converge.apply(host, wanted(services=("gone",)))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"path": "/a/b", "mod": "0644"}, "unknown mod; known are"),
        ({"path": "/a/b", "mode": "rw"}, 'mode rw is not octal text like "0640"'),
        ({"path": "/a/b", "on_change": {"action": "kick"}}, 'action is "reload" or "restart", not "kick"'),
        ({"path": "/a/b", "on_change": {"services": "x"}}, "unknown services"),
    ],
)
def test_a_rule_s_mistake_is_named(row: dict[str, object], reason: str) -> None:
    with pytest.raises(HostError) as error:
        parse_rules([row])
    assert reason in str(error.value)


def test_a_damaged_manifest_stops_the_run(host: Host) -> None:
    put(host, "/var/lib/haicap/manifest.json", "{")
    with pytest.raises(HostError, match=r"manifest\.json is damaged"):
        converge.apply(host, wanted())


def test_the_manifest_holds_hashes_and_no_text(host: Host) -> None:
    converge.apply(host, wanted())
    manifest = json.loads((host.state / "manifest.json").read_text())
    assert manifest["files"][WEB] == hashlib.sha256(b"one\n").hexdigest()
    assert manifest["units"]["web"] == {"active": False, "enabled": False}


def test_a_unit_out_of_an_old_init_script_is_not_enabled_yet() -> None:
    assert not Unit(file_state="generated").enabled
    assert Unit(file_state="static").enabled
