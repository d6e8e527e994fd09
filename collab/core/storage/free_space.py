"""How much room the disk has, and which exceptions say that it is full."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from ..slots import setting

MIB = 2**20
#: SQLite's code for a full disk.
SQLITE_FULL = sqlite3.SQLITE_FULL
#: What PostgreSQL says about the server's disk.
DISK_FULL_STATE = "53100"
# What SQLite also says when there is no room for its log; it says so about other troubles, too, so
# the disk is checked as well.
MAYBE_FULL = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def is_full(error: BaseException) -> bool:
    """Return whether an exception, or its cause, says that a disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in NO_SPACE:
            return True
        if isinstance(seen, sqlite3.Error) and _says_full(seen):
            return True
        if getattr(seen, "sqlstate", None) == DISK_FULL_STATE:
            return True
        # SQLAlchemy keeps what the driver raised as `orig`.
        seen = getattr(seen, "orig", None) or seen.__cause__
    return False


def _says_full(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest is the extended part
    return code == SQLITE_FULL or (code in MAYBE_FULL and free_bytes() < MIB)


def free_bytes() -> int:
    """Return how many bytes can still be written below INSTANCE_PATH."""
    return free_in(setting("INSTANCE_PATH"))


def free_in(folder: Path) -> int:
    """Return how many bytes can still be written in a folder."""
    found = os.statvfs(folder)
    # Not `f_bfree`: the blocks reserved for root are not ours.
    return found.f_bavail * found.f_frsize
