"""Rules in Rego: `opa eval` is asked for `data.haicap.deny`, with plan and design as its input."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic_core import to_json

from haicap.design import ProvinceDesign
from haicap.plan.model import Breach, Json, Plan
from haicap.plan.wording import one_line, overriding

QUERY = "data.haicap.deny"
_LIMIT = "policy.rego"
_SECONDS = 120
_COMMAND = ("opa", "eval", "--format", "json", "--stdin-input")


def rego_breaches(folder: Path, plan: Plan, design: ProvinceDesign) -> Iterator[Breach]:
    """What the `.rego` files of a folder deny. Whatever keeps them from being evaluated is a refusal, never silence.

    An entry of `deny` is a text, or an object with `message`, and if it likes `id`, `severity` and `next_step`.
    """
    command = [*_COMMAND, "--data", str(folder), QUERY]
    text = to_json({"plan": plan.to_json(), "design": design}).decode()
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except FileNotFoundError:
        yield _failed(f"{folder.name}/*.rego can't be evaluated: there is no opa on PATH", "Install opa")
        return
    except subprocess.TimeoutExpired:
        yield _failed(f"opa did not answer in {_SECONDS} s", "Make the policies simpler")
        return
    if done.returncode != 0:
        said = (done.stderr or done.stdout)[:500]
        yield _failed(f"opa ended with code {done.returncode}: {said}", "Mend the policies")
        return
    yield from _denied(done.stdout)


def _denied(text: str) -> Iterator[Breach]:
    try:
        results = json.loads(text).get("result", [])
        entries = [entry for result in results for one in result["expressions"] for entry in one["value"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        yield _failed(f"opa gives what is no list of messages: {text.strip()[:200]}", f"Make {QUERY} a set")
        return
    if not results:
        yield _failed(f"the policies define no {QUERY}", "Put `package haicap` and `deny contains message if { ... }`")
    for entry in entries:
        yield _breach(entry)


def _breach(entry: Json) -> Breach:
    fields: dict[str, Any] = {"message": entry} if isinstance(entry, str) else entry
    if not isinstance(fields, dict) or not isinstance(fields.get("message"), str):
        return _failed(f"an entry of {QUERY} has no message: {json.dumps(entry)[:200]}", "Mend the policies")
    limit = f"policy.{one_line(str(fields['id']))}" if fields.get("id") else _LIMIT
    way_on = one_line(str(fields.get("next_step") or "See the province's policies/")).rstrip(".")
    severity: Literal["refuse", "warn"] = "warn" if fields.get("severity") == "warn" else "refuse"
    return Breach(limit, severity, one_line(fields["message"]), overriding(way_on, limit))


def _failed(message: str, way_on: str) -> Breach:
    return Breach(_LIMIT, "refuse", f"{one_line(message)}.", overriding(way_on, _LIMIT))
