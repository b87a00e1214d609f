"""A plan of any size, as a province of 124 units has it: for tests of reports, their benchmark and their pictures."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from haicap.inventory import national
from haicap.plan.model import Breach, Change, Difference, Made, Override, Plan, Wait, digest_of, dump

SEGMENTS = ("staff", "counter", "meeting", "servers", "management", "guest")
_LINES = 160  # of a gateway's rules
_KINDS = ("gateway", "dns", "mail", "machine", "machine")


def sample_plan(size: int = 5_000, seed: int = 1) -> Plan:
    """A plan of `size` changes of every action and system; the same seed gives the same plan."""
    rng = random.Random(seed)  # noqa: S311 - a sample, no secret
    names = [(unit.code, unit.name) for unit in national.units(national.province("lam-dong").code)]
    changes = [_change(rng, *names[at % len(names)], at) for at in range(size)]
    return Plan(
        province="lam-dong",
        target="live",
        as_of="2025-07-01",
        selection={},
        basis={name: digest_of(name) for name in ("inventory", "staff", "locks", "mail", "state", "design")},
        changes=tuple(changes),
        unchanged=374,
        waiting=(Wait("hv1", None, "its public key is not enrolled", "haicap enrol lam-dong"),),
        units={code: _facts(code, name, at) for at, (code, name) in enumerate(names)},
        breaches=(
            Breach(
                "deletes", "refuse", "3 % of the resources are deleted, the limit is 2 %.", "Delete in smaller steps."
            ),
            Breach("units-at-once", "refuse", "124 units change at once, the limit is 40.", "Plan one wave at a time."),
            Breach("quiet-hours", "warn", "The apply would begin on a working day.", "Apply it on a Saturday."),
        ),
        overrides=(Override("units-at-once", "All units start on the same day, by decree."),),
        made=Made(
            at="2025-06-30T08:00:00Z",
            by="ky.su@lamdong.gov.vn",
            expires="2025-07-14T08:00:00Z",
            commit="9f2c1d7a4b8e6035f1c2d3e4a5b6c7d8e9f00112",
            authors=("ky.su@lamdong.gov.vn",),
            tools={"haicap": "0.1.0", "pulumi": "3.232.0"},
        ),
    )


def _change(rng: random.Random, code: str, name: str, at: int) -> Change:
    kind = _KINDS[at // 124 % len(_KINDS)]
    resource = {"gateway": "gw", "dns": "dns", "mail": "mail", "machine": "vm"}[kind] + f"-{code}"
    resource += f"-{at // 620}" if at >= 620 or kind == "machine" else ""
    action = rng.choices(("update", "create", "delete", "replace"), (70, 25, 3, 2))[0]
    diff = tuple(_turned(difference, action) for difference in _DIFFS[kind](rng, code))
    gone = (f"mailbox of staff {code}-001, 214 MiB",) if kind == "mail" and action == "delete" else ()
    kept = (f"data disk data of {resource}, 100 GiB",) if kind == "machine" and action == "delete" else ()
    cost = "reboot (max_memory_mib)" if kind == "machine" and action == "update" else ""
    return Change(code, kind, resource, action, digest_of([resource, at]), diff, gone, kept, cost)


def _turned(difference: Difference, action: str) -> Difference:
    """What is created has nothing before it, what is deleted nothing after."""
    if action == "create":
        return Difference(difference.path, None, difference.after)
    return Difference(difference.path, difference.before, None if action == "delete" else difference.after)


def _gateway(rng: random.Random, code: str) -> Iterator[Difference]:
    before = [
        f"add rule inet filter forward ip saddr 10.64.{n}.0/24 tcp dport {{ 80, 443 }} accept" for n in range(_LINES)
    ]
    after = list(before)
    for _ in range(3):
        after[rng.randrange(_LINES)] = f"add rule inet filter forward ip saddr 10.65.{rng.randrange(256)}.0/25 drop"
    after.insert(rng.randrange(_LINES), f"# {code}: the guests' network has its own rules")
    yield Difference(("files", "/etc/nftables.conf"), "\n".join(before) + "\n", "\n".join(after) + "\n")
    yield Difference(("services", "unbound"), "active", "restarted")


def _records(rng: random.Random, code: str) -> Iterator[Difference]:
    name = f"printer-1.u{code}.lamdong.gov.vn."
    before, after = (f"10.64.{rng.randrange(256)}.126" for _ in range(2))
    yield Difference(
        ("zones", "lamdong.gov.vn.", f"{name} A"), {"ttl": 300, "records": [before]}, {"ttl": 300, "records": [after]}
    )


def _people(rng: random.Random, code: str) -> Iterator[Difference]:
    person = {"name": "Nguyễn Thị Hà", "address": f"ha.{code}@lamdong.gov.vn", "stage": "live", "aliases": {}}
    roles = rng.sample(["Văn thư", "Kế toán", "Tư pháp", "Địa chính"], 2)
    before, after = ({**person, "title": role} for role in roles)
    yield Difference(("people", f"68-{code}-{rng.randrange(60):03}"), before, after)


def _machine(rng: random.Random, code: str) -> Iterator[Difference]:
    yield Difference(("memory_mib",), 2048, rng.choice((4096, 8192)))
    yield Difference(("networks",), ["10.126.0.2"], ["10.126.0.2", f"10.126.{rng.randrange(256)}.3"])


_DIFFS: dict[str, Any] = {"gateway": _gateway, "dns": _records, "mail": _people, "machine": _machine}


def _facts(code: str, name: str, at: int) -> dict[str, Any]:
    segments = [
        {"name": segment, "vlan": 10 * (n + 1), "network": f"10.64.{4 * at % 256}.{32 * n}/27"}
        for n, segment in enumerate(SEGMENTS)
    ]
    gateway = {
        "name": f"gw-{code}",
        "uplink": f"100.64.{at // 64}.{4 * at % 256 + 2}/30",
        "loopback": f"10.127.0.{at + 8}",
        "block": f"10.64.{4 * at % 256}.0/22",
        "block6": f"2001:db8:0:{at:x}00::/56",
        "as_number": 4200000007 + at,
    }
    hubs = [{"name": f"hub{n}", "site": f"data centre {n}"} for n in (1, 2)]
    about = {"name": name, "kind": "commune", "wave": "main", "staff": 30 + at % 40, "predecessors": [code]}
    return {**about, "gateway": gateway, "segments": segments, "hubs": hubs}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dump(sample_plan(int(sys.argv[2])).to_json()), encoding="utf-8")
