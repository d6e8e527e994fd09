"""The order of tests: a long one that begins last would leave the other cores idle.

And which of them are `slow`, and left out by `make quick`.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import cache

import pytest

from . import databases

#: Files whose tests take many seconds, the longest first.
LONG = (
    "tests/test_contributing.py",
    "tests/web/test_views.py",
    "tests/growth/",
    "tests/test_memory_under_attack.py",
    "tests/jobs/faults/",
    "tests/files/test_compaction.py",
    "tests/files/test_convergence.py",
    "tests/serving/test_machines.py",
    "tests/serving/test_restarts.py",
    "tests/serving/test_texts_of_two.py",
    "tests/files/test_against_yjs.py",
    "tests/realtime/test_no_loss.py",
    "tests/core/test_unique_tags.py",
    "tests/posts/test_order.py",
    "tests/test_docs.py",
    "tests/jobs/test_procrastinate.py",
    "tests/realtime/test_stock_clients.py",
    "tests/files/test_kills.py",
    "tests/quotas/test_counters.py",
    "tests/test_start.py",
    "tests/serving/test_slow_peers.py",
    "tests/execution/",
    "tests/realtime/test_token_expiry.py",
)

#: Fixtures that start another program: a server, a browser, a worker, a sandbox, a database.
PROGRAMS = frozenset(
    {
        "process",
        "standing",
        "launch",
        "browser",
        "lasting_machines",
        "cluster",
        "_ordinary",
    }
)
#: Files of others that start one, or take a second and more for a test.
ALSO_SLOW = (
    "tests/maintenance/test_backup",
    "tests/core/test_full_disk.py",
    "tests/files/test_hocuspocus.py",
    "tests/files/test_live_clients.py",
    "tests/processing/test_process.py",
    "tests/realtime/socketio/test_clients.py",
    "tests/realtime/test_half_open.py",
    "tests/web/",
)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let each process collect from another place on.

    In a new checkout pytest writes what it makes of each file's assertions beside the file, which
    takes ten seconds of the processor: so each process does a part of it, and reads the others'.
    """
    report = yield
    if collector.path == collector.config.rootpath / "tests":
        at = len(report.result) * _number() // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        report.result = report.result[at:] + report.result[:at]
    return report


def _number() -> int:
    """Return which of the processes this is, from 0 on."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let long tests begin first, in the order above; all others follow by their files.

    What is not run on the database that was chosen goes.
    """
    if gone := databases.left_out(config, items):
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]

    items.sort(key=lambda item: (_rank(_file(item)), _file(item)))
    for item in items:
        if _is_slow(item):
            item.add_marker("slow")


def _file(item: pytest.Item) -> str:
    # Its location says the same, and is looked up in the source.
    return item.nodeid.partition("::")[0]


@cache
def _rank(file: str) -> int:
    return next((at for at, path in enumerate(LONG) if file.startswith(path)), len(LONG))


def _is_slow(item: pytest.Item) -> bool:
    file = _file(item)
    return (
        _rank(file) < len(LONG)
        or file.startswith(ALSO_SLOW)
        or not PROGRAMS.isdisjoint(getattr(item, "fixturenames", ()))
    )
