"""Calls that come together are one run; each caller gets its own answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from haicap.converge import Batcher
from haicap.errors import HaicapError

Answer = Callable[[int, int | Exception], None]


class Work:
    """Doubles numbers; keeps what it was given, and in which thread."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.batches: list[list[int]] = []
        self.threads: set[int] = set()
        self.seconds = seconds

    def __call__(self, keys: Sequence[int], answer: Answer) -> None:
        self.batches.append(sorted(keys))
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        for key in keys:
            if key != 100:
                answer(key, HaicapError(f"{key} is odd") if key % 2 else key * 2)


def test_calls_that_come_together_are_one_run() -> None:
    work = Work()
    batcher = Batcher(work, quiet=0.2)
    with ThreadPoolExecutor(64) as pool:
        assert list(pool.map(batcher.call, range(0, 64, 2))) == list(range(0, 128, 4))
    assert work.batches[0][:2] == [0, 2]
    assert sum(map(len, work.batches)) == 32


def test_each_caller_gets_its_own_answer_or_error() -> None:
    batcher = Batcher(Work(), quiet=0.1)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(batcher.call, key) for key in (2, 3, 100)]
    assert answers[0].result() == 4
    with pytest.raises(HaicapError, match="3 is odd"):
        answers[1].result()
    with pytest.raises(HaicapError, match="without an answer for 100"):
        answers[2].result()


def test_calls_during_a_run_are_the_next_one_in_the_same_thread() -> None:
    work = Work(seconds=0.3)
    batcher = Batcher(work, quiet=0.05)
    with ThreadPoolExecutor(4) as pool:
        pool.submit(batcher.call, 2)
        time.sleep(0.2)
        assert [f.result() for f in [pool.submit(batcher.call, key) for key in (4, 6)]] == [8, 12]
    assert work.batches == [[2], [4, 6]]
    assert len(work.threads) == 1


def test_a_stream_of_calls_does_not_wait_for_ever() -> None:
    work = Work()
    batcher = Batcher(work, quiet=0.2, longest=0.5)
    with ThreadPoolExecutor(32) as pool:
        for key in range(0, 30, 2):
            pool.submit(batcher.call, key)
            time.sleep(0.06)
    assert 1 < len(work.batches) < 5


def test_an_error_of_the_run_reaches_every_caller_and_the_next_run_works() -> None:
    fail = [True]

    def work(keys: Sequence[int], answer: Answer) -> None:
        if fail.pop() if fail else False:
            raise RuntimeError("no ansible")
        for key in keys:
            answer(key, key)

    batcher: Batcher[int, int] = Batcher(work, quiet=0.05)
    with ThreadPoolExecutor(2) as pool:
        for answer in [pool.submit(batcher.call, key) for key in (1, 2)]:
            with pytest.raises(RuntimeError, match="no ansible"):
                answer.result()
    assert batcher.call(3) == 3


def test_who_has_an_answer_goes_on_while_the_others_wait() -> None:
    first_is_known = threading.Event()

    def work(keys: Sequence[int], answer: Answer) -> None:
        answer(1, 10)
        assert first_is_known.wait(10)
        raise RuntimeError(f"{sorted(keys)} were asked for")

    batcher: Batcher[int, int] = Batcher(work, quiet=0.2)
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(batcher.call, 1), pool.submit(batcher.call, 2)
        assert one.result(timeout=5) == 10
        first_is_known.set()
        with pytest.raises(RuntimeError, match=r"\[1, 2\] were asked for"):
            two.result()
