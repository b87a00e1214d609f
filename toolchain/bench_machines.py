"""Measure machines on a lab's hypervisor: from nothing to a machine that answers SSH, against virsh and cloud-init by
hand on the same host in the same run, with the same image and sizes.

Needs a lab with an enrolled and applied hypervisor: `make demo` leaves one.

    .venv/bin/python toolchain/bench_machines.py build/demo lam-dong hv1
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from haicap.design.machines import MachineDesign
from haicap.machines.call import HypervisorHost, call
from haicap.plan.model import Json
from haicap.reach.context import Connection, Outcome
from haicap.reach.fanout import run
from haicap.render import cloud_init
from haicap.stack.resources import resources_of
from haicap.stack.state import read_state
from haicap.stack.workspace import Workspace

RUNS = 3
_SECONDS = 900.0

_BY_HAND = """\
set -eu
cd /var/lib/haicap/machines
rm -rf /run/by-hand; mkdir /run/by-hand; cd /run/by-hand
{seed}
xorriso -as genisoimage -quiet -o seed.iso -V CIDATA -J -r meta-data user-data network-config 2>/dev/null
qemu-img create -q -f qcow2 -F qcow2 -b "$(ls /var/lib/haicap/machines/image-*.qcow2 | head -n 1)" root.qcow2 {root}G
cat > domain.xml <<'END'
<domain type='qemu'><name>by-hand</name><memory unit='MiB'>{memory}</memory><vcpu>{vcpus}</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os>
<features><acpi/><apic/><tcg><tb-cache unit='MiB'>128</tb-cache></tcg></features>
<cpu mode='custom' match='exact'><model fallback='forbid'>qemu64</model></cpu>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='unsafe'/>
<source file='/run/by-hand/root.qcow2'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='/run/by-hand/seed.iso'/><target dev='vdb' bus='virtio'/><readonly/></disk>
<interface type='bridge'><source bridge='br-machines'/><mac address='{mac}'/><model type='virtio'/></interface>
<serial type='null'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>
END
virsh -q define domain.xml
virsh -q start by-hand
until timeout 2 nc {address} 22 </dev/null | grep -q SSH; do sleep 0.2; done
"""
_AWAY = """\
virsh -q destroy by-hand
virsh -q undefine by-hand
rm -rf /run/by-hand
"""


def main(directory: str, slug: str, hypervisor: str) -> None:
    """Print both medians and their ratio."""
    workspace = Workspace.open(Path(directory), slug, "lab")
    design = workspace.design(date.today())
    made = {recorded.inputs.get("machine") for recorded in read_state(workspace).resources.values()}
    placed = [m for platform in design.platforms for m in platform.machines if m.hypervisor == hypervisor]
    machine = next(m for m in placed if m.name not in made)  # its address is one that the hypervisor lets through
    host = HypervisorHost(hypervisor, workspace.addresses()[hypervisor])
    pattern = next(one.inputs for one in resources_of(design) if one.name == f"vm-{machine.name}")
    connection = workspace.connection()
    workspace.enter()
    bench = replace(machine, name="bench-1", disks={})
    inputs = {
        **pattern,
        "machine": bench.name,
        "disks": {},
        "cloud_init": cloud_init(bench),
    }
    ours, by_hand = [], []
    for number in range(RUNS):
        wanted = [_job("write", wanted=inputs)]
        ours.append(_timed(partial(_call, host, connection, wanted)))
        call(host, connection, [_job("delete", gone=inputs, destroy=True)]).result("one")
        by_hand.append(_timed(partial(_run_script, host, connection, _by_hand(bench))))
        _run_script(host, connection, _AWAY)
        print(f"run {number + 1}: haicap {ours[-1]:.1f} s, by hand {by_hand[-1]:.1f} s", flush=True)
    one, other = statistics.median(ours), statistics.median(by_hand)
    print(f"median: haicap {one:.1f} s, by hand {other:.1f} s, {one / other:.2f} times")


def _call(host: HypervisorHost, connection: Connection, jobs: Sequence[Mapping[str, Json]]) -> None:
    call(host, connection, jobs, seconds=_SECONDS).result("one")


def _run_script(host: HypervisorHost, connection: Connection, script: str) -> None:
    _ok(run(host.name, host.address, connection, "bash -s", script, timeout=_SECONDS))


def _job(op: str, **values: Json) -> dict[str, Json]:
    return {"key": "one", "op": op, **values}


def _by_hand(machine: MachineDesign) -> str:
    seed = "\n".join(f"cat > {name} <<'END'\n{text}END" for name, text in cloud_init(machine).items())
    return _BY_HAND.format(
        seed=seed,
        root=machine.root_gib,
        memory=machine.memory_mib,
        vcpus=machine.vcpus,
        address=machine.address,
        mac=machine.mac,
    )


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _ok(outcome: Outcome) -> None:
    if not outcome.ok:
        sys.exit(f"on the hypervisor: {outcome.error or outcome.stderr}")


if __name__ == "__main__":
    main(*sys.argv[1:])
