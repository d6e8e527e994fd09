"""The lock that several processes take turns at: one at a time, and none starves."""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collab.core.transactions.shared_lock import SharedLock

from ..support.forks import forked

PATIENCE_S = 60.0


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[SharedLock]:
    made = SharedLock(tmp_path / "collab.db")
    yield made
    made.close()


@contextmanager
def child(work: Callable[[], None]) -> Iterator[int]:
    """Run something in a forked process, which is killed in the end if it goes on."""
    pid = forked(work)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_one_process_at_a_time_is_inside(lock: SharedLock) -> None:
    shared = mmap.mmap(-1, 8)

    def count() -> None:
        for _ in range(200):
            assert lock.acquire(PATIENCE_S)
            seen = int.from_bytes(shared[:8], "big")
            os.sched_yield()
            shared[:8] = (seen + 1).to_bytes(8, "big")
            lock.release()

    children = [forked(count) for _ in range(2)]
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0, 0]
    assert int.from_bytes(shared[:8], "big") == 400


def test_a_busy_process_does_not_starve_another(lock: SharedLock) -> None:
    shared = mmap.mmap(-1, 8)

    def work_without_a_pause() -> None:
        while True:
            lock.acquire(PATIENCE_S)
            shared[:8] = (int.from_bytes(shared[:8], "big") + 1).to_bytes(8, "big")
            for _ in range(1000):
                pass
            lock.release()

    with child(work_without_a_pause):
        waited = []
        for _ in range(30):
            while not shared[:8].strip(b"\0"):
                os.sched_yield()
            before = int.from_bytes(shared[:8], "big")
            assert lock.acquire(PATIENCE_S)
            waited.append(int.from_bytes(shared[:8], "big") - before)
            lock.release()
    # It is inside when we come, and at the most passes the door once more before we are there.
    assert sorted(waited)[len(waited) // 2] <= 3


def test_a_killed_process_leaves_the_lock(lock: SharedLock) -> None:
    shared = mmap.mmap(-1, 1)

    def take_it() -> None:
        lock.acquire(PATIENCE_S)
        shared[0] = 1
        signal.pause()

    with child(take_it):
        while not shared[0]:
            os.sched_yield()
        assert not lock.acquire(0.01)
    assert lock.acquire(PATIENCE_S)
    lock.release()


def test_who_waits_too_long_in_this_process_goes_without(lock: SharedLock) -> None:
    assert lock.acquire(0)
    assert not lock.acquire(0)
    lock.release()
    assert lock.acquire(0)


@pytest.mark.parametrize("which", [0, 1], ids=["door", "turn"])
def test_who_waits_too_long_for_another_process_goes_without(
    lock: SharedLock, tmp_path: Path, which: int
) -> None:
    other = SharedLock(tmp_path / "collab.db")
    held = other._opened()[which]
    assert held.try_take()
    assert not lock.acquire(0)
    assert not lock.locked()
    held.release()
    assert lock.acquire(0)
    other.close()


def test_a_file_that_can_not_be_opened_leaves_the_lock_free(tmp_path: Path) -> None:
    nowhere = SharedLock(tmp_path / "nowhere" / "collab.db")
    with pytest.raises(OSError, match="nowhere"):
        nowhere.acquire(0)
    assert not nowhere.locked()
