"""What a busy moment takes of memory for its connections is bounded, and given back after it."""

from __future__ import annotations

import logging
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, column, table, text

from collab.core import allocator, database
from collab.core.database.pooling import KEPT_IDLE, LONG_VALUE_LENGTH, RecedingPool
from collab.core.database.sqlite import HEAP_BYTES
from collab.core.storage.housekeeping import HOUSEKEEPER
from collab.extensions import db

from ..support.memory import MIB

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


def resident() -> int:
    """Return what this process has in memory, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


def lent_at_once(stack: ExitStack, count: int) -> list[Connection]:
    return [stack.enter_context(db.engine.connect()) for _ in range(count)]


def test_half_of_the_connections_that_nobody_uses_are_closed_at_each_look(app: Flask) -> None:
    with app.app_context():
        pool = db.engine.pool
        assert isinstance(pool, RecedingPool)
        with ExitStack() as stack:
            lent_at_once(stack, 12)
        assert pool.checkedin() == 12
        closed = [pool.close_idle() for _ in range(5)]
        assert (closed, pool.checkedin()) == ([4, 2, 1, 1, 0], KEPT_IDLE)


def test_those_that_are_in_use_and_the_one_used_last_stay(app: Flask) -> None:
    with app.app_context(), ExitStack() as stack:
        pool = db.engine.pool
        assert isinstance(pool, RecedingPool)
        [used] = lent_at_once(stack, 1)
        with ExitStack() as more:
            lent_at_once(more, 8)
        with db.engine.connect() as last:
            kept = last.connection.dbapi_connection
        while pool.close_idle():
            pass
        assert used.scalar(text("SELECT 1")) == 1
        with db.engine.connect() as again:
            assert again.connection.dbapi_connection is kept


def test_those_that_were_closed_can_be_opened_again(app: Flask) -> None:
    with app.app_context():
        pool = db.engine.pool
        assert isinstance(pool, RecedingPool)
        for _ in range(2):
            with ExitStack() as stack:
                lent_at_once(stack, 8)
            while pool.close_idle():
                pass
            assert pool.overflow() == KEPT_IDLE - pool.size()


def test_the_housekeeper_looks_after_both(app: Flask) -> None:
    chores = {one.name: one.step for one in HOUSEKEEPER.of(app).agenda.chores}
    assert chores["idle connections"] is database.close_idle
    assert chores["freed memory"] is allocator.give_back


@pytest.mark.sqlite("its prepared statements")
@pytest.mark.parametrize(
    ("length", "others", "stays"),
    [
        (LONG_VALUE_LENGTH - 1, KEPT_IDLE, True),
        (LONG_VALUE_LENGTH, KEPT_IDLE, False),
        (LONG_VALUE_LENGTH, KEPT_IDLE - 1, True),
    ],
    ids=["a short value", "a long one", "a long one while there are few"],
)
def test_a_connection_that_keeps_a_long_value_is_opened_anew(
    app: Flask, length: int, others: int, stays: bool
) -> None:
    filling = table("filling", column("content"))
    with app.app_context(), ExitStack() as stack:
        lent_at_once(stack, others)
        with db.engine.begin() as one:
            one.execute(text("CREATE TABLE filling (content TEXT)"))
        with db.engine.begin() as one:
            used = one.connection.dbapi_connection
            one.execute(filling.insert(), {"content": "x" * length})
        with db.engine.connect() as again:
            assert (again.connection.dbapi_connection is used) is stays
            assert again.scalar(text("SELECT length(content) FROM filling")) == length


@needs_proc
@pytest.mark.sqlite("its caches")
def test_the_pages_that_all_connections_keep_in_memory_have_one_bound(app: Flask) -> None:
    """Without it, each of forty may keep 2 MiB of pages, whatever the others have."""
    with app.app_context(), ExitStack() as stack:
        with db.engine.begin() as one:
            one.execute(text("CREATE TABLE filling (content TEXT)"))
            rows = [{"content": "x" * 3000}] * 1500
            one.execute(text("INSERT INTO filling VALUES (:content)"), rows)
        lent = lent_at_once(stack, 40)
        for connection in lent:  # each reads what tables there are, which is some of its memory
            connection.execute(text("SELECT count(*) FROM users"))
        before = resident()
        for connection in lent:
            connection.execute(text("SELECT sum(length(content)) FROM filling"))
        assert resident() - before < HEAP_BYTES / 2


@needs_proc
def test_what_was_freed_between_blocks_that_stay_goes_back_to_the_system() -> None:
    blocks = [b"x" * (40_000 + number % 2) for number in range(2000)]
    kept = blocks[::100]
    full = resident()
    del blocks[:]
    allocator.give_back()
    assert full - resident() > 40 * MIB
    assert len(kept) == 20


def test_what_the_pool_does_is_no_news(app: Flask) -> None:
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    ours = logging.getLogger("collab")
    level = ours.level
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    try:
        with app.app_context():
            db.engine.dispose()
    finally:
        ours.setLevel(level)
        ours.removeHandler(handler)
    assert told == []
