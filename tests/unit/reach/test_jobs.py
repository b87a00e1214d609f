"""What a host answers to jobs, a line each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from haicap.errors import HaicapError
from haicap.reach.jobs import Answers, Reading


def _read(*lines: Any, error: str = "") -> Answers:
    reading = Reading("hv1", lambda _key, _told: None)
    for line in lines:
        reading.read(line if isinstance(line, str) else json.dumps(line))
    return reading.answers(error)


def test_each_job_has_its_answer() -> None:
    answers = _read({"key": "a", "result": None}, "noise", [], {"key": "b", "error": "no space"})
    assert answers.result("a") is None
    with pytest.raises(HaicapError, match="hv1: no space"):
        answers.result("b")


def test_each_is_told_as_it_comes() -> None:
    told: list[tuple[str, Any]] = []
    reading = Reading("hv1", lambda key, value: told.append((key, value)))
    reading.read('{"key": "a", "result": 1}')
    assert told == [("a", 1)]
    reading.read('{"key": "b", "error": "no space"}')
    assert isinstance(told[1][1], HaicapError)


def test_a_line_without_a_key_is_about_all_that_have_no_answer() -> None:
    answers = _read({"key": "", "error": "libvirt does not answer"}, error="its last words")
    with pytest.raises(HaicapError, match="hv1: libvirt does not answer"):
        answers.result("a")


def test_what_was_not_answered_has_the_reason() -> None:
    answers = _read({"key": "a", "result": 1}, error="hv1: the connection was lost")
    assert answers.result("a") == 1
    with pytest.raises(HaicapError, match="hv1: the connection was lost"):
        answers.result("b")
