"""`haicap rebalance`, and what `haicap lock` and `haicap check` say of platforms."""

from __future__ import annotations

import json

import pytest

from haicap.addressing.lockfile import read_locks

FOLDER = "inventories/lam-dong"


@pytest.fixture
def change(folder):
    """`change("units.yml", old, new)`: edit a file of the inventory."""

    def edit(file, old, new):
        path = folder / FOLDER / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    return edit


@pytest.fixture
def narrow(folder, change):
    """A third hypervisor, and little on the second."""
    third = (
        '  - {name: hv3, site: "data centre 3", failure_domain: dc3, vcpus: 64, memory_mib: 262144, disk_gib: 8192}\n'
    )
    change("province.yml", "\nimages:\n", f"{third}\nimages:\n")


def where(folder):
    return {name: one.hypervisor for name, one in read_locks(folder / FOLDER).machines.items()}


def test_nothing_to_move(run):
    done = run("rebalance", "lam-dong")
    assert (done.exit_code, done.stdout) == (0, "Nothing to move: every machine is where it should be.\n")


def test_a_hypervisor_is_emptied_when_it_is_written(run, folder, narrow):
    run("lock")
    before = where(folder)
    leaving = sorted(name for name, hypervisor in before.items() if hypervisor == "hv1")
    shown = run("rebalance", "--without", "hv1")
    assert shown.exit_code == 2
    lines = shown.stdout.splitlines()
    assert lines[0].split() == ["machine", "from", "to", "disks", "why"]
    assert sorted(line.split()[0] for line in lines[1:-1]) == leaving
    assert all(line.endswith("hv1 shall be empty") for line in lines[1:-1])
    assert lines[-1].startswith(f"{len(leaving)} moves, ")
    assert lines[-1].endswith(" GiB to copy. Each machine is off while its disks are copied.")
    assert shown.stderr == (
        "Nothing is changed yet. `haicap rebalance lam-dong --without hv1 --write` locks these moves.\n"
    )
    assert where(folder) == before
    done = run("rebalance", "--without", "hv1", "--write")
    assert done.exit_code == 0
    assert done.stderr == (
        f"wrote {FOLDER}/machines.lock.yml\n"
        "Next: `haicap plan lam-dong` shows what an apply does; then the moves are made.\n"
    )
    after = where(folder)
    assert "hv1" not in after.values()
    assert {name for name in after if after[name] != before[name]} == set(leaving)
    assert run("rebalance", "--without", "hv1").stdout.startswith("Nothing to move")
    assert run("lock", "--check").exit_code == 0


def test_moves_for_programs(run, folder, narrow):
    run("lock")
    told = json.loads(run("rebalance", "--without", "hv1", "--json").stdout)
    assert (told["format"], told["province"], told["written"], told["findings"]) == (
        *("haicap.rebalance/1", "lam-dong"),
        *([], []),
    )
    assert told["disk_gib"] == sum(move["disk_gib"] for move in told["moves"])
    assert {move["source"] for move in told["moves"]} == {"hv1"}
    written = json.loads(run("rebalance", "--without", "hv1", "--write", "--json").stdout)
    assert written["written"] == [f"{FOLDER}/machines.lock.yml"]


def test_a_hypervisor_that_is_gone(run, folder, change, narrow):
    run("lock")
    before = where(folder)
    line = (
        '  - {name: hv2, site: "data centre 2", failure_domain: dc2, vcpus: 64, memory_mib: 262144, disk_gib: 8192}\n'
    )
    change("province.yml", line, "")
    first = run("rebalance")
    assert first.exit_code == 1
    assert first.stderr.endswith("Run `haicap lock lam-dong` first.\n")
    locked = run("lock")
    assert locked.exit_code == 1
    assert '  hypervisor "hv2"\n  it is not in the inventory, and ' in locked.stderr
    assert " are on it; put it back into hypervisors, or `haicap rebalance lam-dong` proposes moves" in locked.stderr
    done = run("rebalance", "--write")
    assert done.exit_code == 0
    assert done.stderr.startswith(
        "hv2 is not in the inventory, so nothing is copied from it; if it still runs, put it back first.\n"
    )
    after = where(folder)
    assert {name for name in after if after[name] != before[name]} == {n for n in before if before[n] == "hv2"}
    assert run("lock", "--check").exit_code == 0


def test_nowhere_to_go(run, folder):
    before = where(folder)
    done = run("rebalance", "--without", "hv1", "--without", "hv2", "--write")
    assert done.exit_code == 1
    assert "it needs 1 vCPU, 512 MiB of memory and 4 GiB of disk, and there is no hypervisor for it" in done.stderr
    assert done.stderr.endswith("Nothing was written: not every machine has a place to go to.\n")
    assert where(folder) == before


def test_a_hypervisor_that_nothing_can_relieve(run, folder, change):
    for name in ("1", "2"):
        old = f"failure_domain: dc{name}, vcpus: 64"
        change("province.yml", old, f"failure_domain: dc{name}, vcpus: 8")
    assert run("lock").exit_code == 1
    done = run("rebalance")
    assert done.exit_code == 1
    assert (
        "vCPUs more than it has, and the others have no room for them; give it more, or add a hypervisor" in done.stderr
    )
    assert done.stderr.endswith("No move helps here.\n")


@pytest.mark.parametrize(("name", "hint"), [("hv9", "did you mean hv"), ("x", "there is hv1, hv2.")])
def test_an_unknown_hypervisor(run, name, hint):
    done = run("rebalance", "--without", name)
    assert done.exit_code == 1
    assert f'lam-dong has no hypervisor "{name}"; {hint}' in done.stderr


def test_lock_places_what_is_new_and_refuses_what_has_no_room(run, folder, change):
    change("platforms.yml", "{profile: app, image: debian-12, count: 2}", "{profile: app, image: debian-12, count: 3}")
    asked = run("lock", "--check")
    assert asked.exit_code == 2
    assert 'new: 1\n  machine "sharing-3": on hv' in asked.stdout
    change("platforms.yml", "count: 3}", "count: 40}")
    before = where(folder)
    done = run("lock")
    assert done.exit_code == 1
    assert "[no-room]" in done.stderr
    assert done.stderr.endswith("Nothing was written. Mend this and run `haicap lock lam-dong` again.\n")
    assert where(folder) == before


def test_a_plan_asks_for_the_lock_of_machines(run, folder, change):
    change("platforms.yml", "disks: {data: 500}}", "disks: {data: 600}}")
    done = run("plan", "--as-of", "2025-07-01")
    assert done.exit_code == 1
    assert (
        f'{FOLDER}/machines.lock.yml  machine "documents-1"\n'
        '  disk "data" 500 -> 600 GiB: the locked one is too small; run `haicap lock lam-dong`  [disk-size]\n'
    ) in done.stderr


def test_check_reads_the_platforms(run, change):
    assert json.loads(run("check", "--json").stdout)["provinces"][0]["platforms"] == 12
    change("platforms.yml", "replaces: procedures-old", "replaces: procedures-odl")
    done = run("check")
    assert (done.exit_code, done.stdout) == (1, "lam-dong: 1 finding\n")
    assert f"{FOLDER}/platforms.yml:" in done.stderr
