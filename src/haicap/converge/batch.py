"""Gathers calls from many threads for a quiet moment, does them in one go, and answers each as its result comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Generic, TypeVar

from haicap.errors import HaicapError

K = TypeVar("K")
V = TypeVar("V")


class Batcher(Generic[K, V]):
    """Runs `work` over all calls that arrived together; `call` blocks until its own answer is there.

    `work(keys, answer)` gets the keys in the order of their arrival, and calls `answer(key, value)` as soon as a result
    (or exception to raise) is known: that caller goes on while the others still wait. A key that it leaves without an
    answer gets the error that it ended with.
    A batch closes when no call came for `quiet` seconds, at the latest `longest` seconds after its first. Calls that
    arrive while `work` runs form the next batch. All batches run one after another in one thread that lives as long as
    the process: a child that dies with its parent is bound to the thread that started it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[K], Callable[[K, V | Exception], None]], None],
        quiet: float = 0.4,
        longest: float = 3.0,
    ) -> None:
        self._work = work
        self._quiet = quiet
        self._longest = longest
        self._waiting: list[tuple[K, Future[V]]] = []
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None

    def call(self, key: K) -> V:
        """The answer of `work` for this key, or its error. Equal keys of one batch share one answer."""
        answer: Future[V] = Future()
        with self._arrived:
            self._waiting.append((key, answer))
            self._arrived.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="haicap-batch", daemon=True)
                self._thread.start()
        return answer.result()

    def _serve(self) -> None:
        while True:
            batch = self._gather()
            waiting: dict[K, list[Future[V]]] = {}
            for key, future in batch:
                waiting.setdefault(key, []).append(future)
            left: Exception | None = None
            try:
                self._work(list(waiting), partial(_settle, waiting))
            except Exception as error:
                left = error
            for key in list(waiting):
                _settle(waiting, key, left or HaicapError(f"the run ended without an answer for {key}"))

    def _gather(self) -> list[tuple[K, Future[V]]]:
        with self._arrived:
            while not self._waiting:
                self._arrived.wait()
            deadline = time.monotonic() + self._longest
            while (left := deadline - time.monotonic()) > 0:
                if not self._arrived.wait(min(self._quiet, left)):
                    break
            batch, self._waiting = self._waiting, []
            return batch


def _settle(waiting: dict[K, list[Future[V]]], key: K, value: V | Exception) -> None:
    for future in waiting.pop(key, ()):
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)
