"""What is acknowledged is on the disk, which those who write at the same time wait for together.

A disk is faked where it is told to sync: what it holds is what there was when that began.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.core.caller import Caller
from collab.core.database import commit_lazily, harden, take_write_lock
from collab.core.models import utcnow
from collab.core.storage import blob_store
from collab.core.transactions.disk import (
    DISK,
    LOG_SUFFIX,
    Disk,
    LogFile,
    once_settled,
    settled_later,
)
from collab.extensions import db
from collab.projects import service
from collab.projects.models import Project

from ..support.people import Person
from ..support.waiting import eventually

pytestmark = pytest.mark.sqlite("file")


class FakeDisk:
    """Keeps what was written when a sync began; the first sync waits until it is told to go on."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.kept: set[int] = set()
        self.syncs = 0
        self.going_on, self.begun = threading.Event(), threading.Event()

    def sync(self) -> None:
        there = set(self.written)
        self.syncs += 1
        self.begun.set()
        self.going_on.wait(30)
        self.kept |= there


def opened(log: LogFile) -> int:
    assert log._descriptor is not None
    return log._descriptor


def committing(disk: Disk, fake: FakeDisk, number: int) -> bool:
    """Commit a number; returns whether it was on the disk when that was acknowledged."""
    disk.commit(lambda: fake.written.append(number))
    return number in fake.kept


def test_who_writes_while_the_disk_is_busy_shares_the_next_sync() -> None:
    fake = FakeDisk()
    disk = Disk(fake.sync)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(committing, disk, fake, 0)
        assert fake.begun.wait(30)
        others = [pool.submit(committing, disk, fake, number) for number in range(1, 9)]
        eventually(lambda: len(fake.written) == 9)
        assert not any(one.done() for one in (first, *others))
        fake.going_on.set()
        assert all(one.result() for one in (first, *others))
    assert fake.syncs <= 3  # some may have come to the second while the last was about to


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 8), st.integers(1, 25), st.integers(2, 5))
def test_nothing_is_acknowledged_before_it_is_on_the_disk(
    threads: int, times: int, every: int
) -> None:
    fake = FakeDisk()
    fake.going_on.set()
    disk = Disk(fake.sync)

    def fail() -> None:
        raise ValueError

    def work(thread: int) -> bool:
        good = True
        for number in range(thread * times, (thread + 1) * times):
            if number % every:
                good = good and committing(disk, fake, number)
            else:  # a failed one harms no other
                with pytest.raises(ValueError):
                    disk.commit(fail)
        return good

    with ThreadPoolExecutor(threads) as pool:
        assert all(pool.map(work, range(threads)))
    syncs = fake.syncs
    disk.harden()
    assert fake.syncs == syncs  # there is nothing to be hardened


def test_a_disk_that_fails_is_told_to_all_who_wait_and_tried_again() -> None:
    troubles = [OSError(5, "Input/output error")]
    calls: list[bool] = []

    def sync() -> None:
        calls.append(bool(troubles))
        if troubles:
            raise troubles.pop()

    disk = Disk(sync)
    with pytest.raises(OSError, match="Input/output"):
        disk.commit(lambda: None)
    disk.harden()
    disk.commit(lambda: None)
    assert calls == [True, False, False]


def test_what_nobody_waits_for_is_on_the_disk_before_it_is_told() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    disk = Disk(fake.sync)
    disk.commit(lambda: fake.written.append(1), wait=False)
    assert fake.kept == set()
    disk.harden()
    disk.harden()
    assert (fake.kept, fake.syncs) == ({1}, 1)


def test_who_hardens_while_another_does_waits_for_the_disk_too() -> None:
    fake = FakeDisk()
    disk = Disk(fake.sync)
    disk.commit(lambda: fake.written.append(1), wait=False)

    def told() -> bool:
        disk.harden()
        return 1 in fake.kept

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(told)
        assert fake.begun.wait(30)
        second = pool.submit(told)
        fake.going_on.set()
        assert all(one.result() for one in (first, second))


def test_commits_that_are_settled_later_share_a_sync() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    disk = Disk(fake.sync)
    with settled_later() as left:
        for number in range(3):
            disk.commit(lambda number=number: fake.written.append(number))
    assert fake.syncs == 0
    left.settle()
    left.settle()
    assert (fake.kept, fake.syncs) == ({0, 1, 2}, 1)


def test_one_sync_settles_what_several_have_left_whoever_else_writes() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    disk, lefts = Disk(fake.sync, shared=True), []
    for number in range(3):
        with settled_later() as left:
            disk.commit(lambda number=number: fake.written.append(number))
            lefts.append(left)
    for left in lefts:
        left.settle()
    assert (fake.kept, fake.syncs) == ({0, 1, 2}, 1)


def test_a_block_that_fails_settles_what_it_has_made() -> None:
    fake = FakeDisk()
    fake.going_on.set()

    def fails() -> None:
        with settled_later():
            Disk(fake.sync).commit(lambda: fake.written.append(1))
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert fake.kept == {1}


def test_what_comes_after_the_disk_is_done_at_once_where_nothing_is_left() -> None:
    done: list[str] = []
    once_settled(lambda: done.append("outside"))
    with settled_later():
        once_settled(lambda: done.append("nothing written"))
    assert done == ["outside", "nothing written"]


def test_what_comes_after_the_disk_is_done_once_all_is_there() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    done: list[set[int]] = []
    with settled_later() as left:
        Disk(fake.sync).commit(lambda: fake.written.append(1))
        once_settled(lambda: done.append(set(fake.kept)))
        assert done == []
    left.settle()
    left.settle()
    assert done == [{1}]


def test_other_threads_wait_for_their_own_commits_within_such_a_block() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    disk = Disk(fake.sync)
    with settled_later(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(committing, disk, fake, 1).result()


def test_a_log_that_was_put_away_needs_no_sync(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = LogFile(path)
    log.sync()
    assert log._descriptor is None
    path.write_bytes(b"x")
    log.sync()
    assert os.path.samestat(os.fstat(opened(log)), path.stat())


def test_a_log_that_replaced_another_is_the_one_that_is_synced(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"old")
    log = LogFile(path)
    log.sync()
    old = os.fstat(opened(log))
    path.rename(tmp_path / "away")
    path.write_bytes(b"new")
    log.sync()
    assert not os.path.samestat(os.fstat(opened(log)), old)
    assert os.path.samestat(os.fstat(opened(log)), path.stat())


def test_who_has_no_descriptor_left_can_sync_the_log_that_is_open(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x")
    log = LogFile(path)
    log.sync()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            LogFile(path).sync()
        log.sync()
        assert opened(log)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# -- with SQLite ----------------------------------------------------------------------------------


@pytest.fixture
def crashed(app: Flask, instance: Path, tmp_path: Path) -> Callable[[], set[str]]:
    """Return what tells the names of projects that a power cut would leave at this moment."""
    database, disk = instance / "collab.db", tmp_path / "disk"
    disk.mkdir()
    shutil.copy(database, disk)

    def sync() -> None:
        # Beside the disk, so that whoever copies the disk at this moment finds no half of it.
        written = shutil.copy(f"{database}{LOG_SUFFIX}", tmp_path / "written")
        Path(written).replace(disk / f"collab.db{LOG_SUFFIX}")

    def look() -> set[str]:
        copy = Path(shutil.copytree(disk, tmp_path / f"copy-{threading.get_ident()}"))
        connection = sqlite3.connect(copy / "collab.db")
        names = {name for (name,) in connection.execute("SELECT name FROM projects")}
        connection.close()
        shutil.rmtree(copy)
        return names

    with app.app_context():
        db.engine.dispose()
    DISK.put(app, Disk(sync))
    return look


def caller(alice: Person) -> Caller:
    return Caller(alice.id, 1, alice.name, "alice@example.com", False, utcnow())


def test_no_project_is_acknowledged_that_a_power_cut_would_take_and_no_failure_harms_another(
    app: Flask, alice: Person, crashed: Callable[[], set[str]]
) -> None:
    class Changed(Exception):
        """Somebody changed their mind in the middle of a transaction."""

    def create(number: int) -> bool:
        with app.app_context():
            if number % 3 == 0:
                take_write_lock()
                db.session.add(Project(name=f"never {number}"))
                db.session.flush()
                raise Changed
            service.create(f"made {number}", "", caller(alice))
            return f"made {number}" in crashed()

    with ThreadPoolExecutor(6) as pool:
        made = [pool.submit(create, number) for number in range(24)]
    for number, one in enumerate(made):
        if number % 3 == 0:
            assert isinstance(one.exception(), Changed)
        else:
            assert one.result()
    assert crashed() == {f"made {number}" for number in range(24) if number % 3}


def test_a_lazy_commit_is_seen_at_once_and_kept_when_it_is_told(
    app: Flask, crashed: Callable[[], set[str]]
) -> None:
    with app.app_context():
        take_write_lock()
        commit_lazily()
        db.session.add(Project(name="later"))
        db.session.commit()
        assert db.session.query(Project.name).all() == [("later",)]
        assert crashed() == set()
        harden()
        assert crashed() == {"later"}
        commit_lazily()
        db.session.commit()  # nothing was written
        db.session.add(Project(name="at once"))  # being lazy ends with the transaction
        db.session.commit()
        assert crashed() == {"later", "at once"}


def test_who_waits_for_the_disk_keeps_nobody_from_writing(app: Flask, alice: Person) -> None:
    fake = FakeDisk()
    with app.app_context():
        db.engine.dispose()
    DISK.put(app, Disk(fake.sync))

    def create(name: str) -> None:
        with app.app_context():
            service.create(name, "", caller(alice))

    def names() -> set[str]:
        with app.app_context():
            return set(db.session.scalars(db.select(Project.name)))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(create, "first")
        assert fake.begun.wait(30)
        second = pool.submit(create, "second")
        eventually(lambda: names() == {"first", "second"})
        assert not any(one.done() for one in (first, second))
        fake.going_on.set()
        first.result()
        second.result()


def test_what_other_processes_wrote_is_on_the_disk_before_it_is_told() -> None:
    fake = FakeDisk()
    fake.going_on.set()
    Disk(fake.sync).harden()
    assert fake.syncs == 0  # nobody wrote
    Disk(fake.sync, shared=True).harden()
    assert fake.syncs == 1


def test_bytes_stay_while_a_power_cut_could_bring_back_who_had_them(app: Flask) -> None:
    def fails() -> None:
        raise OSError(errno.EIO, "the disk is gone")

    with app.app_context():
        kept = blob_store.blobs().path("a" * 64)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(b"x")
        DISK.put(app, Disk(fails))
        DISK.of(app).commit(lambda: None, wait=False)
        with pytest.raises(OSError, match="the disk is gone"):
            blob_store.sweep("a" * 64)
        db.session.rollback()
        assert kept.exists()
        DISK.put(app, Disk(lambda: None))
        blob_store.sweep("a" * 64)
        assert not kept.exists()
