"""PowerDNS' API: a moment's fault of the server is waited out, a refusal is said in its own words."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from haicap.errors import HaicapError
from haicap.provider import powerdns


def _api(answers: Iterator[httpx.Response], monkeypatch: pytest.MonkeyPatch) -> powerdns.Api:
    monkeypatch.setattr(powerdns.time, "sleep", lambda _seconds: None)
    return powerdns.Api(httpx.Client(base_url="http://dns1", transport=httpx.MockTransport(lambda _: next(answers))))


def test_a_locked_database_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.Response(500, text="Internal Server Error"), httpx.Response(204), httpx.Response(418)])
    _api(answers, monkeypatch).patch("a.vn.", [])
    assert next(answers).status_code == 418


def test_a_server_that_stays_at_fault_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.Response(500, text="Internal Server Error")] * 9)
    with pytest.raises(HaicapError, match="PowerDNS answered 500: Internal Server Error"):
        _api(answers, monkeypatch).patch("a.vn.", [])


def test_a_refusal_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([httpx.Response(422, json={"error": "Not in expected format"}), httpx.Response(204)])
    with pytest.raises(HaicapError, match="422: Not in expected format"):
        _api(answers, monkeypatch).patch("a.vn.", [])
