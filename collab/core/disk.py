"""Room on the disk: how much there is, and what a full one is called."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

from flask import current_app

from .errors import ApiError

MIB = 2**20
#: Growth that is let pass while at least half of MIN_FREE_MB is free: a log-in, a mark, a farewell.
SMALL_BYTES = 4096
#: Bytes that are written to find out whether they can be.
PROBE_BYTES = 4096
#: What SQLite says of a full disk, and what it says of one besides other failures.
FULL = sqlite3.SQLITE_FULL
MAYBE_FULL = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class DiskFull(ApiError):
    """The server's disk is full: nothing can be kept until there is room again."""

    status = 507

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "60"})


def is_full(error: BaseException) -> bool:
    """Tell whether an exception, or what it was raised for, says that a disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in NO_SPACE:
            return True
        if isinstance(seen, sqlite3.Error) and _says_full(seen):
            return True
        seen = getattr(seen, "orig", None) or seen.__cause__
    return False


def _says_full(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest is the extended part
    return code == FULL or (code in MAYBE_FULL and free_bytes() < MIB)


def free_bytes() -> int:
    """Return how many bytes can still be written below INSTANCE_PATH."""
    return free_in(current_app.config["INSTANCE_PATH"])


def free_in(folder: Path) -> int:
    """Return how many bytes can still be written in a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def require_free(growth: int) -> None:
    """Refuse what grows while less than MIN_FREE_MB is free; raises DiskFull.

    The rest is for what must not fail: the database's own work, and tidying up.
    """
    least = int(current_app.config["MIN_FREE_MB"]) * MIB
    if growth > 0 and free_bytes() < (least // 2 if growth <= SMALL_BYTES else least):
        raise DiskFull()


def state() -> str:
    """Tell how the disk is, for `/ready`; writes a little, to see whether that can be done."""
    folder, least = current_app.config["INSTANCE_PATH"], current_app.config["MIN_FREE_MB"]
    free = free_in(folder) // MIB
    if free < least:
        return f"full: {free} MiB are free, and {least} must be (MIN_FREE_MB)"
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        return f"can't be written: {error.strerror}"
    return "ok"
