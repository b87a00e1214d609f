"""Write what real hosts answer to probes, for the unit tests to read: `python -m tests.lab.capture` as root.

Run it after a change of a probe's command or of the lab's small province.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from haicap.inspection.choose import checks_of
from haicap.inspection.script import COMMAND, outputs_of, program
from haicap.lab import Lab
from haicap.reach.context import Outcome
from haicap.reach.fanout import run
from tests.lab import province as twin

TARGET = Path(__file__).parents[1] / "unit" / "inspection" / "captured" / "outputs.json"
HOSTS = ("gw-23053", "hub1", "dns2")


def main() -> None:
    """One file: the hosts' public keys, and each check's outputs by `host unit probe`."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder) / "lab")
        try:
            province = twin.build(lab)
            assert province.inspect().ok
            captured = _capture(province)
            province.pool.shutdown()
        finally:
            lab.down()
    TARGET.write_text(json.dumps(captured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _capture(province: twin.Province) -> dict[str, object]:
    addresses = {host.name: host.address for host in province.design.hosts}
    outputs = {}
    for host in HOSTS:
        checks = [check for check in checks_of(province.design) if check.host == host]
        outcome: Outcome = province.call(
            run, host, addresses[host], province.connection, COMMAND, program(checks, [], 60.0)
        )
        for check, found in zip(checks, outputs_of(checks, outcome), strict=True):
            outputs[f"{host} {check.unit} {check.probe}"] = [output.text for output in found]
    keys = {name: {"wireguard": one.wireguard, "ssh": one.ssh} for name, one in province.locks.keys.items()}
    return {"keys": keys, "outputs": outputs}


if __name__ == "__main__":
    main()
