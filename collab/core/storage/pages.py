"""Returning free pages of the database to the disk.

SQLite reuses freed pages before it makes the file longer. With incremental auto_vacuum the end of
the file can also be cut off, a few pages at a time; a database has it from the beginning, or gets
it by being rewritten, which happens once, at a start, if it is small enough.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...extensions import db
from ..database import engine, take_write_lock

#: What `PRAGMA auto_vacuum` says of incremental.
AUTO_VACUUM_INCREMENTAL = 2
#: Free pages that stay in the file, for reuse.
MIN_FREE_PAGES = 256
#: Pages that one step returns: of 4 KiB each, a megabyte.
PAGES_AT_ONCE = 256
#: Maximum bytes of a database that is rewritten at a start for auto_vacuum: some seconds' work.
REWRITTEN_BYTES = 512 * 2**20


def give_back() -> bool:
    """Cut some free pages off the end of the database; returns whether there are more."""
    if not engine().is_file:
        return False
    driver = _driver()
    if driver.execute("PRAGMA auto_vacuum").fetchone()[0] != AUTO_VACUUM_INCREMENTAL or not _spare(
        driver
    ):
        return False
    take_write_lock()
    for _ in range(PAGES_AT_ONCE):  # if there are more, Python's driver returns the first only
        driver.execute("PRAGMA incremental_vacuum(1)")
    db.session.commit()
    driver = _driver()
    if more := _spare(driver):
        return more
    # Until then the cut is only in the log: a checkpoint is what makes the file itself shorter.
    driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return False


def _spare(driver: Any) -> bool:
    return int(driver.execute("PRAGMA freelist_count").fetchone()[0]) > MIN_FREE_PAGES


def _driver() -> Any:
    return db.session.connection().connection.dbapi_connection


def rewrite_once() -> bool:
    """Give a small database that was made without auto_vacuum that mode; at a start."""
    if not engine().is_file:
        return False
    driver, path = _driver(), Path(db.engine.url.database or "")
    if driver.execute("PRAGMA auto_vacuum").fetchone()[0] == AUTO_VACUUM_INCREMENTAL:
        return False
    size = path.stat().st_size
    # Three times: VACUUM writes a copy, and moves it back through the write-ahead log.
    if size > REWRITTEN_BYTES or shutil.disk_usage(path.parent).free < 3 * size:
        return False
    driver.execute(f"PRAGMA auto_vacuum={AUTO_VACUUM_INCREMENTAL}")
    driver.execute("VACUUM")
    return True
