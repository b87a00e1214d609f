"""What a person may type wrong: the exact message, the exit code, and no traceback."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from haicap.cli import main
from haicap.cli.ask import find_unit
from haicap.cli.main import VERBS
from haicap.errors import HaicapError
from haicap.inventory.loader import load

_USAGE = "Usage: haicap {verb}"
_NO_PROVINCE = 'There is no inventory "lam-don"; did you mean lam-dong? `haicap init lam-don` writes a new one.\n'
_NO_WAVE = 'lam-dong has no wave "pilto"; did you mean pilot?\n'
_NO_UNIT = 'lam-dong has no unit "Duc Trog"; did you mean 24958 "Đức Trọng"?\n'
_WITH_PROVINCE = ["check", "lock", "enrol", "plan", "apply", "inspect", "drift", "inventory"]
_WITH_UNITS = ["enrol", "plan", "apply", "inspect", "drift", "destroy"]


@pytest.mark.parametrize("verb", _WITH_PROVINCE)
def test_unknown_province(run, verb):
    done = run(verb, "lam-don")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", _NO_PROVINCE)


@pytest.mark.parametrize("verb", ["up", "ps", "down"])
def test_unknown_province_of_a_lab(run, verb):
    done = run("lab", verb, "lam-don")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", _NO_PROVINCE)


@pytest.mark.parametrize("verb", ["enrol", "plan", "apply", "inspect", "drift", "destroy", "show"])
def test_unknown_wave(run, verb):
    done = run(verb, "--wave", "pilto")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", _NO_WAVE)


@pytest.mark.parametrize("verb", _WITH_UNITS)
def test_unknown_unit(run, verb):
    done = run(verb, "--unit", "Duc Trog")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", _NO_UNIT)


@pytest.mark.parametrize("verb", ["show", "render"])
def test_unknown_unit_as_an_argument(run, verb):
    done = run(verb, "Duc Trog")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", _NO_UNIT)


@pytest.mark.parametrize("verb", _WITH_UNITS)
def test_no_lab_to_work_on(run, verb):
    done = run(verb, "--unit", "24958", "--target", "lab")
    message = "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plan", "--as-of", "2025-02-30"], "Invalid value for '--as-of': \"2025-02-30\" is not a day; write it as "),
        (["plan", "--target", "laab"], "Invalid value for '--target': 'laab' is not one of 'lab', 'live'."),
        (["plan", "--unit", "24958", "--wave", "pilot"], "--unit and --wave exclude each other: give one of them."),
        (["plan", "--wat"], "No such option '--wat'."),
        (["plann"], "No such command 'plann'."),
        (["show", "lam-dong", "24958", "more"], "Got unexpected extra argument (more); it takes [PROVINCE] [UNIT]."),
        (["show", "24958", "--wave", "pilot"], "--wave is for a province's units, not for one unit."),
        (["render"], "Which unit or host? Give a unit's code or name, or a host's name."),
        (["render", "24958", "-o", "x", "--file", "/etc/x"], "-o and --file exclude each other: give one of them."),
        (["apply", "none.json"], "There is no plan file none.json; `haicap plan -o none.json` writes one."),
        (["apply", "--json"], "--json asks nothing: give --yes too, or a plan file."),
        (["destroy"], "Which units? Give --unit CODE or --wave NAME."),
        (["inventory", "--list", "--host", "hub1"], "--list and --host exclude each other: give one of them."),
        (["init"], "Missing argument 'PROVINCE'."),
        (["lab", "exec"], "Missing argument 'HOST'."),
        (["completion", "csh"], "Invalid value for '{bash|zsh|fish}': 'csh' is not one of 'bash', 'zsh', 'fish'."),
        (["schema", "unit"], "'unit' is not one of 'province', 'units', 'platforms', 'approvers', 'staff'."),
    ],
)
def test_bad_command_line_is_an_error_not_a_pending_change(run, words, message):
    done = run(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.startswith(_USAGE.format(verb=words[0] if words[0] in VERBS else ""))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["init", "lam-dog"], 'There is no province "lam-dog"; did you mean lam-dong or hai-phong?\n'),
        (
            ["init", "lam-dong"],
            "inventories/lam-dong/province.yml is there already; nothing was written. Move it away to start anew.\n",
        ),
        (["enrol", "--renew", "gw-2495"], 'lam-dong has no host "gw-2495" to renew; did you mean gw-24985?\n'),
        (["inventory", "--host", "hub3"], 'lam-dong has no host "hub3"; did you mean hub2?\n'),
        (["render", "hub1", "--file", "/etc/nftable.conf"], "hub1 has no file /etc/nftable.conf; did you mean "),
        (["render", "24958", "--as-of", "2024-01-01"], "gw-24958 has no file on 2024-01-01: none of its systems "),
        (["inspect"], "Nothing stands there to inspect on "),
        (["destroy", "--unit", "24958"], "Nothing is recorded of 24958: there is nothing to take away.\n"),
        (["lab", "exec", "hub1", "--", "true"], "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"),
        (["lab", "cut", "24958"], "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"),
        (["lab", "heal", "24958"], "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"),
        (["lab", "stop", "24958"], "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"),
        (["lab", "start", "24958"], "There is no lab of lam-dong: `haicap lab up lam-dong` starts one.\n"),
        (["lab", "up", "--wave", "pilto"], _NO_WAVE),
        (["plan", "-o", "/proc/none/plan.json"], "/proc/none/plan.json: No such file or directory.\n"),
        (["schema", "--write", "/proc/none"], "/proc/none: No such file or directory.\n"),
    ],
)
def test_mistakes(run, words, message):
    done = run(*words)
    assert (done.exit_code, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_no_inventory_at_all(tmp_path: Path):
    done = CliRunner().invoke(main, ["-C", str(tmp_path), "check"])
    assert done.exit_code == 1
    assert done.stderr == (
        f"{tmp_path}/inventories holds no province. `haicap init PROVINCE` writes one; -C names another folder.\n"
    )


def test_which_of_several(run):
    run("init", "nghe-an")
    done = run("plan")
    assert (done.exit_code, done.stderr) == (1, "Which province? There is lam-dong, nghe-an.\n")


def test_not_a_folder(tmp_path: Path):
    done = CliRunner().invoke(main, ["-C", str(tmp_path / "none"), "check"])
    assert done.exit_code == 1
    assert "Directory" in done.stderr


@pytest.mark.parametrize("verb", ["enrol", "show", "render", "plan", "apply", "inspect", "inventory", "lab up"])
def test_not_locked(run, folder, verb):
    (folder / "inventories/lam-dong/addresses.lock.yml").unlink()
    unit = ["24958"] if verb == "render" else []
    done = run(*verb.split(), *unit)
    assert done.exit_code == 1
    assert done.stderr.endswith("Run `haicap lock lam-dong`, and review what it changes.\n")


@pytest.mark.parametrize("verb", ["lock", "enrol", "show", "plan", "apply", "inspect", "inventory"])
def test_findings_stop_every_verb(run, folder, verb):
    units = folder / "inventories/lam-dong/units.yml"
    units.write_text(units.read_text("utf-8").replace("staff: 33\n", "staff: 33000\n", 1), "utf-8")
    done = run(verb)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith('inventories/lam-dong/units.yml:14  unit 22918 "Mũi Né"\n')
    assert done.stderr.endswith("Fix these and run `haicap check lam-dong`.\n")


def test_check_counts_the_findings(run, folder):
    units = folder / "inventories/lam-dong/units.yml"
    units.write_text(units.read_text("utf-8").replace("staff: 33\n", "staff: 33000\n", 1), "utf-8")
    done = run("check")
    assert (done.exit_code, done.stdout) == (1, "lam-dong: 1 finding\n")
    told = json.loads(run("check", "--json").stdout)
    assert [finding["rule"] for finding in told["provinces"][0]["findings"]] == ["out-of-range"]


def test_a_file_that_may_not_be_written_is_one_line(run, monkeypatch):
    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "units.yml")

    monkeypatch.setattr("haicap.cli.init.scaffold", refuse)
    done = run("init", "nghe-an")
    assert (done.exit_code, done.stderr) == (1, "units.yml: Permission denied.\n")


def test_a_bug_keeps_its_traceback(run, monkeypatch):
    def fail(*_args: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("haicap.cli.init.scaffold", fail)
    assert isinstance(run("init", "nghe-an").exception, KeyError)


def test_stopped_by_hand(run, monkeypatch):
    def stop(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("haicap.cli.init.scaffold", stop)
    done = run("init", "nghe-an")
    assert (done.exit_code, done.stderr.strip()) == (130, "Stopped.")


def test_a_name_that_two_units_have(folder):
    inventory = load(folder, "lam-dong")
    twins = [unit.model_copy(update={"name": "Mũi Né"}) for unit in inventory.units[:2]]
    with pytest.raises(HaicapError) as error:
        find_unit(inventory.model_copy(update={"units": tuple(twins)}), "mui ne")
    assert str(error.value) == (
        '"mui ne" is the name of 2 units; give the code:\n  22918  Mũi Né  ward\n  22924  Mũi Né  ward'
    )
