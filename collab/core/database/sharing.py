"""A connection to SQLite whose commits wait for the disk together with others."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ..transactions.disk import Disk


class SharingConnection(sqlite3.Connection):
    """A connection whose commits wait for the disk together with others.

    In WAL mode a commit is complete once the log is written, and survives a power cut once the log
    is synced (SQLite's `synchronous=FULL` does that within the commit, while nobody else may
    write). Others can read it as soon as it is written; code that passes it on calls `harden`
    first.
    """

    #: What commits wait for, and what happens before that; set for each connection.
    disk: Disk
    written: Callable[[], None]
    #: Whether the open transaction's commit may return before it is on disk.
    lazy = False

    def commit(self) -> None:
        """Commit, and return once it is on disk, unless that is deferred (`settled_later`)."""
        wait, self.lazy = not self.lazy, False
        if self.in_transaction:
            try:
                self.disk.commit(self._write, wait=wait)
            except OSError as error:
                raise sqlite3.OperationalError(f"It may not be on the disk: {error}") from error

    def _write(self) -> None:
        super().commit()
        self.written()

    def rollback(self) -> None:
        """Roll back."""
        self.lazy = False
        super().rollback()
