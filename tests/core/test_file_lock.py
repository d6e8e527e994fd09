"""Locks of files, between threads, processes, and what is started from here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collab.core.storage.file_lock import FileLock, alone_among_processes, locked, try_hold

from ..support.forks import forked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


def in_a_child(path: Path, inherited: FileLock | None = None) -> bool:
    """Return whether a forked process gets the lock, in a file of its own or the one it has."""

    def take() -> None:
        lock = inherited or FileLock(path)
        os._exit(0 if lock.try_take() else 1)

    child = forked(take)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_one_holds_it_and_who_comes_next_gets_it(path: Path) -> None:
    held = try_hold(path)
    assert held is not None
    assert try_hold(path) is None
    assert not in_a_child(path)
    held.close()
    with locked(path):
        assert not in_a_child(path)
    assert in_a_child(path)


def test_it_can_be_released_and_taken_again(path: Path) -> None:
    with FileLock(path) as lock, FileLock(path) as other:
        lock.take()
        assert not other.try_take()
        lock.release()
        assert other.try_take()
        assert not lock.try_take()


def test_those_who_share_it_keep_out_only_who_wants_it_alone(path: Path) -> None:
    with FileLock(path) as one, FileLock(path) as two, FileLock(path) as alone:
        assert one.try_take(shared=True)
        assert two.try_take(shared=True)
        assert not alone.try_take()


def test_a_fork_has_its_parents_lock(path: Path) -> None:
    with locked(path) as lock:
        assert in_a_child(path, inherited=lock)


def test_a_program_that_is_started_does_not_keep_it(path: Path) -> None:
    with locked(path):
        program = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        held = try_hold(path)
        assert held is not None
        held.close()
    finally:
        program.communicate(b"\n")


def test_a_file_that_is_to_be_there_is_not_made(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(path, os.O_RDWR)
    assert not path.exists()


def test_only_its_owner_reads_the_file(path: Path) -> None:
    with locked(path):
        assert path.stat().st_mode & 0o077 == 0


def test_processes_that_inherited_one_open_file_take_turns(path: Path) -> None:
    """What `FileLock` can't do: a fork has its parent's."""
    turn, told = os.pipe()
    with FileLock(path) as lock, alone_among_processes(lock.descriptor):

        def tell() -> None:
            with alone_among_processes(lock.descriptor):
                os.write(told, b"child")

        child = forked(tell)
        os.write(told, b"parent ")
    os.waitpid(child, 0)
    assert os.read(turn, 100) == b"parent child"
    os.close(turn)
    os.close(told)
