"""Whatever the engine does is in the log; what is refused before it begins is not. The engine is played."""

from __future__ import annotations

from pathlib import Path

import pytest

from haicap.errors import HaicapError
from haicap.inventory.scaffold import scaffold
from haicap.plan.model import Change, Plan
from haicap.stack import engine
from haicap.stack.engine import Applied, StepEvent
from haicap.stack.record import log_of
from haicap.stack.state import read_state
from haicap.stack.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    scaffold(tmp_path, "lam-dong")
    return Workspace.open(tmp_path, "lam-dong", "live")


def _plan(state: str) -> Plan:
    changes = (Change("24958", "gateway", "gw-24958", "create", "sha256:1"),)
    return Plan("lam-dong", "live", "2025-07-01", {}, {"state": state}, changes)


def test_an_apply_has_its_begin_and_its_end(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def play(_ws, _plan, _state, on_event) -> Applied:
        assert [event.kind for event in log_of(ws).events()] == ["apply-begun"], "it is there before anything is done"
        assert (ws.audit / ".reserve").stat().st_size >= 1 << 20
        on_event(StepEvent("gw-24958", "24958", "gateway", "create", "done"))
        return Applied(1, (), 0, stopped=True)

    monkeypatch.setattr(engine, "_do", play)
    seen: list[StepEvent] = []
    engine.apply(ws, _plan(read_state(ws).digest), seen.append, ("an@b.vn",))
    begun, ended = log_of(ws).events()
    assert begun.fields["approved_by"] == ["an@b.vn"]
    assert (ended.fields["begun"], ended.fields["stopped"]) == (begun.seq, True)
    assert ended.fields["units"] == {"24958": {"done": 1, "failed": 0}}
    assert len(seen) == 1 and not (ws.audit / ".reserve").exists()


def test_what_is_refused_was_not_begun(ws: Workspace) -> None:
    with pytest.raises(HaicapError, match="another run has moved the state"):
        engine.apply(ws, _plan("another"), lambda _event: None)
    assert log_of(ws).events() == ()
