"""Fixtures: both users, and a look around after every test for what it left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

import pytest

from ..support.waiting import eventually
from . import support

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="module", autouse=True)
def parent_of_orphans() -> Iterator[None]:
    """Become the parent of whatever loses its own, so that nothing gets out of sight."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    support.end_ordinary()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture(autouse=True)
def no_process_remains() -> Iterator[None]:
    """Check that every process that began in a test has ended with it."""
    before = support.remaining()
    yield
    eventually(lambda: not support.remaining(before))
    for orphan in set(support.children(os.getpid())) - before:
        with contextlib.suppress(ChildProcessError):  # it was somebody's child, who has asked
            os.waitpid(orphan, os.WNOHANG)


@pytest.fixture(params=["root", "ordinary"])
def execute(request: pytest.FixtureRequest) -> support.Execute:
    """Return what runs code in the sandbox, as root and as an ordinary user."""
    if request.param == "ordinary":
        return support.execute_as_ordinary
    if os.geteuid() != 0:
        pytest.skip("needs root: run the tests as root too (in a container, or with sudo)")
    return support.execute


@pytest.fixture(scope="module")
def healthy() -> Iterator[None]:
    """Check that the sandbox still works after all that was done to it.

    Not after each test: whatever broke it is found by the next one, which runs code, too.
    """
    yield
    ways = [support.execute_as_ordinary, *([support.execute] if os.geteuid() == 0 else [])]
    assert [execute("print('well')").stdout for execute in ways] == ["well\n"] * len(ways)
