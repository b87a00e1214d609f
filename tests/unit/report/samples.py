"""Documents that reports are made of, small ones, and names that nobody should be called."""

from __future__ import annotations

import base64
import json
from typing import Any

from haicap.plan.model import Breach, Change, Difference, Made, Override, Plan, Wait

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "</style><!-- ]]> &lt;b&gt; {{ 7*7 }} {% raw %}",
    "Đức \u202etxt.exe\u2066 \u200b\ufeff",
    '=HYPERLINK("http://evil.example","x")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "a | b || c",
    "`code` ```` fence ````",
    "[link](http://evil.example) ![image](http://evil.example/x.png) http://evil.example",
    "@everyone #1 !2 %3 user@evil.example",
    "</summary></details>\n\n# heading\n\n| a | b |\n|---|---|\n",
    "' onmouseover='alert(3)' \" autofocus",
    "line\u2028end\u2029 \x00\x07\x1b[31m \r\n",
    "__proto__",
    "constructor",
    "\\` \\| \\<b>",
)


def plan(*changes: Change, **more: Any) -> Plan:
    """A plan of these changes."""
    about: dict[str, Any] = {
        "province": "lam-dong",
        "target": "live",
        "as_of": "2025-07-01",
        "selection": {},
        "basis": {"inventory": "sha256:1"},
        "changes": changes,
        "made": Made(
            "2025-06-30T08:00:00Z", "a@b.vn", "2025-07-14T08:00:00Z", "9f2c", ("a@b.vn",), {"haicap": "0.1.0"}
        ),
    }
    return Plan(**(about | more))


def file_change(unit: str = "24958", action: Any = "update") -> Change:
    """A gateway's file, of which one line changes."""
    diff = Difference(("files", "/etc/nftables.conf"), "one\ntwo\nthree\n", "one\n2\nthree\n")
    return Change(unit, "gateway", f"gw-{unit}", action, "sha256:0", (diff,))


def hostile_plan() -> Plan:
    """A plan whose every text, that somebody could write, is hostile."""
    changes = tuple(
        Change(
            f"2{at:04}",
            "gateway",
            name,
            "delete" if at % 2 else "update",
            "sha256:0",
            (
                Difference(("files", name), f"old\n{name}\n", f"new\n{name}\n" + "x" * 200_000),
                Difference(("people", name), {"name": name, "title": name}, {"name": name, "title": f"{name}."}),
                Difference(("description",), name, None),
            ),
            (name,),
            (name,),
            name,
        )
        for at, name in enumerate(HOSTILE)
    )
    network = {
        "gateway": {name: HOSTILE[0] for name in ("name", "uplink", "loopback", "block", "block6")},
        "segments": [{"name": name, "vlan": 10, "network": name} for name in HOSTILE],
        "hubs": [{"name": name, "site": name} for name in HOSTILE],
    }
    facts = {"kind": HOSTILE[1], "wave": HOSTILE[2], "staff": 3, "predecessors": [HOSTILE[0]], **network}
    return plan(
        *changes,
        units={f"2{at:04}": {"name": name, **facts} for at, name in enumerate(HOSTILE)},
        breaches=tuple(Breach(name, "refuse", name, name) for name in HOSTILE),
        overrides=(Override(HOSTILE[0], HOSTILE[1]), Override(HOSTILE[8], HOSTILE[9])),
        waiting=tuple(Wait(name, None, name, name) for name in HOSTILE),
        made=Made("2025-06-30T08:00:00Z", HOSTILE[0], HOSTILE[1], HOSTILE[3], HOSTILE, {HOSTILE[2]: HOSTILE[4]}),
    )


def inspection(*rows: dict[str, Any]) -> dict[str, Any]:
    """An inspection's document."""
    return {"format": "haicap.inspection/1", "summary": {}, "probes": list(rows)}


def probe(status: str = "failed", **more: Any) -> dict[str, Any]:
    """A row of it."""
    row = {"unit": "24958", "host": "gw-24958", "system": "lan", "probe": "lease", "status": status}
    return {**row, "expected": "a lease", "observed": "none", "seconds": 0.5, **more}


def certificate(predicate: dict[str, Any]) -> dict[str, Any]:
    """A signed statement, with a signature that nobody looks at here."""
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "lam-dong", "digest": {"sha256": "0" * 64}}],
        "predicateType": "urn:haicap:deployment:v1",
        "predicate": predicate,
    }
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    signatures = [{"keyid": "SHA256:abc", "sig": "AAAA"}]
    return {"payload": payload, "payloadType": "application/vnd.in-toto+json", "signatures": signatures}
