"""What Procrastinate's worker writes does not wait for the disk, and does what it did."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from procrastinate import App
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

from collab.jobs.procrastinate.lazy_connector import LAZY_QUERIES, LazyConnector

from ..support.postgres import PostgresServer

UNFLUSHED = "SELECT pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()"
#: Entries: the server may flush some commits by itself, but not this often.
ENTRIES = 10


@pytest.fixture
def url(cluster: PostgresServer) -> Iterator[str]:
    made = cluster.fresh("lazy_queue")
    with psycopg.connect(made) as connection:
        connection.execute(SchemaManager.get_schema().encode())
    with cluster.lazy():
        yield made


def test_the_queries_are_there():
    assert len(LAZY_QUERIES) == 2
    assert all("procrastinate_f" in query for query in LAZY_QUERIES)


def test_fetching_and_forgetting_do_not_wait_for_the_disk(
    cluster: PostgresServer, url: str
) -> None:
    """Both are done at once; nothing but the flush comes later, and other statements bring it."""
    flushed: dict[str, list[bool]] = {"registered": [], "fetched": [], "forgotten": []}

    def note(step: str) -> None:
        [(is_late,)] = cluster.ask("lazy_queue", UNFLUSHED)
        flushed[step].append(not is_late)

    async def work() -> None:
        app = App(connector=LazyConnector(url, 1))
        async with app.open_async():
            manager = app.job_manager
            for number in range(ENTRIES):
                worker = await manager.register_worker()
                note("registered")
                await app.configure_task("any", queue="own").defer_async(number=number)
                entry = await manager.fetch_job(queues=["own"], worker_id=worker)
                note("fetched")
                assert entry is not None
                assert (entry.task_kwargs, entry.worker_id) == ({"number": number}, worker)
                await manager.finish_job(entry, Status.SUCCEEDED, delete_job=True)
                note("forgotten")
            assert await manager.fetch_job(queues=["own"], worker_id=worker) is None

    with ThreadPoolExecutor(1) as other:  # this thread may have a loop already: of a browser
        other.submit(asyncio.run, work()).result()
    assert {step: all(found) for step, found in flushed.items()} == {
        "registered": True,
        "fetched": False,
        "forgotten": False,
    }
    assert cluster.ask("lazy_queue", "SELECT count(*) FROM procrastinate_jobs") == [(0,)]
