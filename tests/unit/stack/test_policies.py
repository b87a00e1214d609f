"""A province's own rules: read, held, and never silently left out."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from haicap.design import ProvinceDesign
from haicap.errors import FindingsError, HaicapError
from haicap.plan.model import Breach, Difference
from haicap.stack.policies import load_policies, policies_digest
from tests.unit.plan.plans import change, plan_of

PLAN = plan_of([change("gw-24958", "delete")])
ROOT = Path(__file__).parents[3]
HEAD = "from haicap.policy import policy\n"
Write = Callable[[str, str], None]


@dataclass(frozen=True)
class _Design:
    """As much of a design as these rules look at."""

    slug: str
    day: date


DESIGN = cast(ProvinceDesign, _Design("lam-dong", date(2026, 9, 10)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A province's folder."""
    (tmp_path / "inventories/x/policies").mkdir(parents=True)
    return tmp_path / "inventories/x"


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a file of policies."""
    return lambda name, text: (folder / "policies" / name).write_text(text, "utf-8") and None


def held(folder: Path, design: Any = DESIGN) -> tuple[Breach, ...]:
    return load_policies(folder, folder.parents[1]).breaches(PLAN, design)


def findings(folder: Path) -> str:
    with pytest.raises(FindingsError) as caught:
        load_policies(folder, folder.parents[1])
    return str(caught.value)


def test_a_rule_says_what_it_finds(folder: Path, write: Write) -> None:
    write(
        "own.py",
        HEAD
        + '@policy("no-deletes", severity="warn", next_step="Ask the owner.")\n'
        + "def no_deletes(plan, design):\n"
        + "    for change in plan.changes:\n"
        + "        if change.action == 'delete':\n"
        + "            yield f'{change.resource} of {design.slug}\\n    goes'\n",
    )
    assert load_policies(folder, folder.parents[1]).names == ("policy.no-deletes",)
    assert held(folder) == (
        Breach(
            "policy.no-deletes",
            "warn",
            "gw-24958 of lam-dong goes",
            "Ask the owner; if it is meant, say `--override policy.no-deletes --reason TEXT`.",
        ),
    )


def test_no_folder_is_no_rule(tmp_path: Path) -> None:
    assert load_policies(tmp_path / "inventories/x", tmp_path).names == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("yield 1 / 0", "policies/own.py:4: it ended with ZeroDivisionError: division by zero"),
        ("raise SystemExit(0)", "policies/own.py:4: it ended with SystemExit: 0"),
        ("return 'one text'", "policies/own.py:0: it ended with TypeError: it gives 'one text', and not messages"),
        ("yield 7", "policies/own.py:0: it ended with TypeError: it gives 7, which is no text"),
    ],
)
def test_a_rule_that_fails_refuses(folder: Path, write: Write, body: str, said: str) -> None:
    write("own.py", f'{HEAD}@policy("own", severity="warn")\ndef own(plan, design):\n    {body}\n')
    [breach] = held(folder)
    assert (breach.limit, breach.severity) == ("policy.own", "refuse")
    assert breach.message.startswith(said)


def test_a_rule_may_not_alter_the_plan(folder: Path, write: Write) -> None:
    write("own.py", f'{HEAD}@policy("own")\ndef own(plan, design):\n    plan.basis["state"] = "mine"\n    return []\n')
    with pytest.raises(HaicapError, match="a policy altered the plan"):
        held(folder)
    PLAN.basis.pop("state")  # type: ignore[attr-defined]


def test_what_is_wrong_with_files_is_said_at_once(folder: Path, write: Write) -> None:
    write("a.py", f'{HEAD}@policy("own")\ndef own(plan, design):\n    return []\n')
    write("b.py", f'{HEAD}@policy("own")\ndef own(plan, design):\n    return []\n')
    write("c.py", HEAD)
    write("d.py", f"{HEAD}def own(plan design):\n")
    write("e.py", f"{HEAD}import no_such_module\n")
    write("f.py", f'{HEAD}\n@policy("Not An Id")\ndef own(plan, design):\n    return []\n')
    write("g.py", f'{HEAD}@policy("own-2", severity="fatal")\ndef own(plan, design):\n    return []\n')
    assert findings(folder) == (
        "inventories/x/policies/b.py\n"
        "  policy own is in a.py already; rename one  [policy-unique]\n"
        "inventories/x/policies/c.py\n"
        "  it holds no policy; put @policy above its function, or remove it  [policy-empty]\n"
        "inventories/x/policies/d.py:2\n"
        "  it can't be loaded: SyntaxError: invalid syntax  [policy-broken]\n"
        "inventories/x/policies/e.py:2\n"
        "  it can't be loaded: ModuleNotFoundError: No module named 'no_such_module'  [policy-broken]\n"
        "inventories/x/policies/f.py:3\n"
        '  it can\'t be loaded: ValueError: policy "Not An Id": an id is of a-z, 0-9 and hyphens, '
        "such as no-guest-network  [policy-broken]\n"
        "inventories/x/policies/g.py:2\n"
        '  it can\'t be loaded: ValueError: policy "own-2": severity is "refuse" or "warn", not "fatal"  '
        "[policy-broken]\n"
        "Fix these and run `haicap check x`."
    )


def test_loading_leaves_nothing_behind(folder: Path, write: Write) -> None:
    write("own.py", f'{HEAD}@policy("own")\ndef own(plan, design):\n    return []\n')
    before = policies_digest(folder)
    held(folder)
    assert sorted(path.name for path in (folder / "policies").iterdir()) == ["own.py"]
    assert policies_digest(folder) == before


def test_every_byte_of_every_file_counts(folder: Path, write: Write) -> None:
    digests = {policies_digest(folder)}
    for name, text in (("own.py", "a"), ("own.py", "b"), ("data.json", "{}"), ("own.rego", "b")):
        write(name, text)
        digests.add(policies_digest(folder))
    assert len(digests) == 5


@pytest.fixture
def opa(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], Path]:
    """A program named opa that gives an answer, and keeps what it was asked. The real one is not on every machine."""
    write("own.rego", "package haicap\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def install(answer: str, code: int) -> Path:
        (folder / "answer").write_text(answer)
        program = folder / "opa"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {folder}/words\ncat > {folder}/input\ncat {folder}/answer\n'
            f"echo why it failed >&2\nexit {code}\n"
        )
        program.chmod(0o755)
        return folder

    return install


def _answer(value: object) -> str:
    return json.dumps({"result": [{"expressions": [{"value": value, "text": "data.haicap.deny"}]}]})


def test_opa_is_asked_with_plan_and_design(folder: Path, opa: Callable[[str, int], Path]) -> None:
    kept = opa(_answer(["no", {"id": "own", "severity": "warn", "message": "hm", "next_step": "Ask."}]), 0)
    found = [(one.limit, one.severity, one.message) for one in held(folder)]
    assert found == [("policy.rego", "refuse", "no"), ("policy.own", "warn", "hm")]
    words = f"eval --format json --stdin-input --data {folder}/policies data.haicap.deny\n"
    assert (kept / "words").read_text() == words
    asked = json.loads((kept / "input").read_text())
    assert (asked["plan"]["changes"][0]["resource"], asked["design"]) == (
        "gw-24958",
        {"slug": "lam-dong", "day": "2026-09-10"},
    )


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ("{}", 0, "the policies define no data.haicap.deny."),
        (_answer(True), 0, "opa gives what is no list of messages: "),
        ("nonsense", 0, "opa gives what is no list of messages: nonsense."),
        (_answer([{"msg": "no"}]), 0, 'an entry of data.haicap.deny has no message: {"msg": "no"}.'),
        ("", 2, "opa ended with code 2: why it failed."),
    ],
)
def test_what_opa_can_not_answer_is_refused(
    folder: Path, opa: Callable[[str, int], Path], answer: str, code: int, said: str
) -> None:
    opa(answer, code)
    [breach] = held(folder)
    assert (breach.limit, breach.severity) == ("policy.rego", "refuse")
    assert breach.message.startswith(said)


def test_rego_without_opa_is_refused(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("own.rego", "package haicap\n")
    monkeypatch.setenv("PATH", "/nowhere")
    [breach] = held(folder)
    assert breach.message == "policies/*.rego can't be evaluated: there is no opa on PATH."
    assert breach.next_step.startswith("Install opa; ")
    assert load_policies(folder, folder.parents[1]).names == ("policy.*",)


def test_rules_in_folders_hold_too(folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "policies/more").mkdir()
    write("more/own.py", f'{HEAD}@policy("own")\ndef own(plan, design):\n    yield 1 / 0\n')
    write("more/own.rego", "package haicap\n")
    monkeypatch.setenv("PATH", "/nowhere")
    assert [one.limit for one in held(folder)] == ["policy.own", "policy.rego"]
    assert held(folder)[0].message.startswith("policies/more/own.py:4: ")


def test_rego_that_denies_nothing_is_kept(folder: Path, opa: Callable[[str, int], Path]) -> None:
    opa(_answer([]), 0)
    assert held(folder) == ()


def test_the_rule_in_the_documents_is_one(folder: Path, write: Write) -> None:
    [text] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/safety.md").read_text("utf-8"), re.DOTALL)
    write("own.py", text)
    before, after = "chain guest {}\n", "chain staff {}\n"
    lost = Difference(("files", "/etc/nftables.conf"), before, after)
    plan = plan_of([replace(change("gw-24958"), diff=(lost,)), replace(change("gw-24959"), diff=())])
    [breach] = load_policies(folder, folder.parents[1]).breaches(plan, DESIGN)
    assert (breach.limit, breach.severity) == ("policy.guest-network-stays", "refuse")
    assert breach.message == "gw-24958 has no guest network any more."
