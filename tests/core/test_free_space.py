"""A disk that is full is known by what was raised, however deep that is."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from collab.core.storage.free_space import DISK_FULL_STATE, is_full


class OfPostgres(Exception):
    """What the driver of PostgreSQL raises."""

    sqlstate = DISK_FULL_STATE


def of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "no space"),
        OSError(errno.EDQUOT, "no quota"),
        of_sqlite(sqlite3.SQLITE_FULL),
        OfPostgres(),
    ],
)
def test_a_full_disk_is_known_also_by_what_was_raised_for_it(error: Exception) -> None:
    outer = RuntimeError("outer")
    outer.__cause__ = OperationalError("INSERT", {}, error)
    assert is_full(error)
    assert is_full(outer)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EPIPE, "gone"), of_sqlite(sqlite3.SQLITE_BUSY), ValueError("no disk at all")],
)
def test_another_trouble_is_no_full_disk(error: Exception) -> None:
    assert not is_full(error)
