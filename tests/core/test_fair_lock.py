"""Whoever waits for the writer's lock gets it, however often another one takes it again."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from collab.core.transactions.fair_lock import STARVING_S, FairLock, _Waiter

from ..support.waiting import eventually


def waiting_for(lock: FairLock, timeout: float = 30) -> tuple[threading.Thread, list[bool]]:
    got: list[bool] = []
    thread = threading.Thread(target=lambda: got.append(lock.acquire(timeout)), daemon=True)
    count = lock.waiting
    thread.start()
    eventually(lambda: lock.waiting > count or got)
    return thread, got


def test_who_has_waited_too_long_is_handed_the_lock_and_nobody_else_gets_it():
    now = [0.0]
    lock = FairLock(lambda: now[0])
    assert lock.acquire(0)
    thread, got = waiting_for(lock)
    now[0] = STARVING_S
    lock.release()
    assert not lock.acquire(0)  # whoever had it does not get it again before them
    thread.join()
    assert got == [True]
    lock.release()
    assert lock.acquire(0)


def test_who_stands_behind_lets_those_go_first_who_come_within_that_time():
    now, order = [0.0], []
    lock = FairLock(lambda: now[0])

    def wait(name: str, came: float, behind_s: float) -> threading.Thread:
        def run() -> None:
            assert lock.acquire(30, behind_s)
            order.append(name)
            lock.release()

        now[0], count, thread = came, lock.waiting, threading.Thread(target=run, daemon=True)
        thread.start()
        eventually(lambda: lock.waiting > count)
        return thread

    assert lock.acquire(0)
    coming = (("behind", 0.0, 0.5), ("first", 0.1, 0.0), ("within", 0.4, 0.0), ("after", 0.6, 0.0))
    threads = [wait(*one) for one in coming]
    lock.release()
    for thread in threads:
        thread.join()
    assert order == ["first", "within", "behind", "after"]


def test_who_gives_up_leaves_no_trace():
    lock = FairLock()
    assert lock.acquire(0)
    assert not lock.acquire(0)
    assert not lock.acquire(0.01)
    assert (lock.waiting, lock.locked()) == (0, True)
    lock.release()
    assert not lock.locked()


def test_who_is_called_and_gives_up_has_the_next_one_called():
    """The call was for one only: without this the next would sleep though the lock is free."""
    lock = FairLock(lambda: 0.0)  # nobody starves
    assert lock.acquire(0)
    (thread, got), late = waiting_for(lock), _Waiter(0.0, -1.0)
    with lock._inside:
        lock._waiting.insert(0, late)
    lock.release()
    assert not lock._gave_up(late)
    thread.join()
    assert got == [True]


def test_who_is_handed_the_lock_in_the_last_moment_has_it():
    lock, waiter = FairLock(), _Waiter(0.0, 0.0)
    waiter.owns = True
    assert lock._gave_up(waiter)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 6), st.integers(1, 40), st.booleans())
def test_one_at_a_time_has_it_and_all_get_it(threads: int, times: int, in_a_hurry: bool):
    lock, counts, inside, most = FairLock(), [0] * threads, [0], [0]

    def work(number: int) -> None:
        while counts[number] < times:
            if lock.acquire(0.0001 if in_a_hurry else 30):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                counts[number] += 1
                inside[0] -= 1
                lock.release()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (counts, most, lock.waiting, lock.locked()) == ([times] * threads, [1], 0, False)
