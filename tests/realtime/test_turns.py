"""The threads that carry out sockets' turns: as many as there may be, and none after the stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from collab.realtime.transport.reactor import Turns


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns(2)
    yield made
    made.stop()


def test_two_are_carried_out_at_once_and_no_third(turns: Turns) -> None:
    met, over, names = threading.Barrier(2), threading.Semaphore(0), set()

    def turn() -> None:
        names.add(threading.current_thread().name)
        met.wait(30)
        over.release()

    for _ in range(10):
        turns.submit(turn)
    assert all(over.acquire(timeout=30) for _ in range(10))
    assert names == {"turn_0", "turn_1"}


def test_one_that_fails_is_told_and_its_thread_goes_on(
    turns: Turns, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise KeyError("broken")

    over = threading.Event()
    for _ in range(4):
        turns.submit(fails)
    turns.submit(over.set)
    assert over.wait(30)
    assert "a turn failed" in caplog.text


def test_after_the_stop_those_that_wait_are_forgotten(turns: Turns) -> None:
    begun, gate, late = threading.Barrier(3), threading.Event(), threading.Event()

    def holds() -> None:
        begun.wait(30)
        gate.wait(30)

    turns.submit(holds)
    turns.submit(holds)
    begun.wait(30)
    turns.submit(late.set)
    turns.stop()
    turns.submit(late.set)
    gate.set()
    for thread in turns._threads:
        thread.join(30)
        assert not thread.is_alive()
    assert not late.is_set()
