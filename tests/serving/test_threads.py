"""Threads for work: no more than there may be, none that is idle for long, none after the stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from collab.serving.threads import Threads

from ..support.waiting import PATIENCE, eventually

MOST = 2


@pytest.fixture
def threads() -> Iterator[Threads]:
    made = Threads("worker", MOST, idle_s=PATIENCE)
    yield made
    made.stop()


@pytest.fixture
def impatient() -> Iterator[Threads]:
    """Return threads that end as soon as there is nothing to do."""
    made = Threads("worker", MOST, idle_s=0.0)
    yield made
    made.stop()


def done(threads: Threads) -> threading.Event:
    """Submit something; the event is set once it is done."""
    over = threading.Event()
    threads.submit(over.set)
    return over


def test_so_many_are_at_work_at_once_and_no_more(threads: Threads) -> None:
    met, over, seen = threading.Barrier(MOST), threading.Semaphore(0), set()

    def turn() -> None:
        seen.add(threading.current_thread())
        met.wait(PATIENCE)
        over.release()

    for _ in range(10):
        threads.submit(turn)
    assert all(over.acquire(timeout=PATIENCE) for _ in range(10))
    assert seen == threads.alive
    assert len(seen) == MOST


def test_an_idle_one_is_used_before_another_is_made(threads: Threads) -> None:
    for _ in range(10):
        assert done(threads).wait(PATIENCE)
        eventually(lambda: len(threads._idle) == 1)
    assert len(threads.alive) == 1


def test_one_that_is_at_work_keeps_nobody_waiting(threads: Threads) -> None:
    gate = threading.Event()
    threads.submit(lambda: gate.wait(PATIENCE) and None)
    assert done(threads).wait(PATIENCE)
    gate.set()


def test_one_that_fails_is_told_and_its_thread_goes_on(
    threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise KeyError("broken")

    for _ in range(4):
        threads.submit(fails)
    assert done(threads).wait(PATIENCE)
    assert "a turn failed" in caplog.text


def test_those_without_work_end(impatient: Threads) -> None:
    assert done(impatient).wait(PATIENCE)
    eventually(lambda: not impatient.alive)


def test_nothing_is_left_behind_by_those_that_end(impatient: Threads) -> None:
    """Each is submitted about when the thread before is at its end."""
    for _ in range(500):
        assert done(impatient).wait(PATIENCE)


def test_what_many_submit_is_all_done(impatient: Threads) -> None:
    count = threading.Semaphore(0)

    def submits() -> None:
        for _ in range(200):
            impatient.submit(count.release)

    submitting = [threading.Thread(target=submits) for _ in range(4)]
    for one in submitting:
        one.start()
    for one in submitting:
        one.join()
    assert all(count.acquire(timeout=PATIENCE) for _ in range(800))


def held(threads: Threads) -> Callable[[], None]:
    """Give all of them work that lasts until what is returned is called."""
    begun, gate = threading.Barrier(MOST + 1), threading.Event()

    def holds() -> None:
        begun.wait(PATIENCE)
        gate.wait(PATIENCE)

    for _ in range(MOST):
        threads.submit(holds)
    begun.wait(PATIENCE)
    return gate.set


def test_after_the_stop_those_that_wait_are_forgotten(threads: Threads) -> None:
    let_go, there = held(threads), threads.alive
    late = done(threads)
    threads.stop()
    later = done(threads)
    let_go()
    for thread in there:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not late.is_set()
    assert not later.is_set()


def test_a_shutdown_leaves_nothing_undone_that_was_submitted(threads: Threads) -> None:
    let_go, there = held(threads), threads.alive
    late = done(threads)
    threads.shutdown()
    let_go()
    for thread in there:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert late.is_set()


def no_more(_: threading.Thread) -> None:
    """Start no thread: the system has no more of them."""
    raise RuntimeError("can't start new thread")


def test_where_the_system_has_no_thread_at_all_that_is_told(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading.Thread, "start", no_more)
    with pytest.raises(RuntimeError):
        threads.submit(lambda: None)
    assert not threads.alive


def test_where_the_system_has_no_more_threads_those_that_are_there_do_the_work(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, met = threading.Event(), threading.Event()

    def waits() -> None:
        met.set()
        gate.wait(PATIENCE)

    threads.submit(waits)
    assert met.wait(PATIENCE)
    monkeypatch.setattr(threading.Thread, "start", no_more)
    over = done(threads)
    gate.set()
    assert over.wait(PATIENCE)
    assert len(threads.alive) == 1
