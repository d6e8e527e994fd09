"""A number that grows when rights have changed: what was remembered about them holds until then.

It is in a file beside the database, which every process that uses it maps into its memory. A change
of rights moves it after the commit and before the answer: from the answer on each process sees
that, in its next request or in the middle of one. Reading it takes no system call (50 ns; the end
of the log, or SQLite's `data_version`, takes 50 times as long).
"""

from __future__ import annotations

import logging
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from ..slots import Slot
from ..storage.file_lock import locked
from .database_file import database_file

log = logging.getLogger(__name__)

NUMBER_BYTES = 8
FILE_SUFFIX = "-rights"


class RightsEpoch:
    """The number: in a file that processes share, or of this process alone."""

    def __init__(self, path: Path | None = None) -> None:
        self._path, self._lock = path, threading.Lock()
        own = memoryview(bytearray(NUMBER_BYTES)).cast("Q")
        # Mapped when it is first looked at: a process that only imports the application makes no
        # file.
        self._view: memoryview[int] | None = None if path else own

    @property
    def is_shared(self) -> bool:
        """Return whether it shows at once what another process has changed.

        Where it does not, since other machines use the database, too, this process learns of it
        from the log, some milliseconds later: then a request must not rely on what an earlier one
        was allowed.
        """
        return self._path is not None

    def now(self) -> int:
        """Return the number; look before you read what you remember, or a change may be missed."""
        view = self._view or self._mapped()
        return view[0]

    def move(self) -> None:
        """Invalidate what anybody remembers; call it once the change is committed.

        Once it is mapped this never fails: a process without a free descriptor goes on unlocked, at
        the risk that two changes of one moment count as one.
        """
        with self._lock:
            view = self._view or self._mapped()
            try:
                with self._alone():
                    view[0] += 1
            except OSError as error:
                log.error("the number of rights is moved without its lock: %s", error)
                view[0] += 1

    def _mapped(self) -> memoryview[int]:
        with self._alone() as descriptor:
            if os.fstat(descriptor).st_size < NUMBER_BYTES:
                # Written, not left as a hole: a page that finds no room on the disk later is fatal.
                os.pwrite(descriptor, bytes(NUMBER_BYTES), 0)
            view = memoryview(mmap.mmap(descriptor, NUMBER_BYTES)).cast("Q")
        self._view = view
        return view

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Keep other processes from moving it; gives the file's descriptor, if there is one."""
        if self._path is None:
            yield -1
            return
        # Opened each time: a lock belongs to an opened file, which a fork would share.
        with locked(self._path) as lock:
            try:
                yield lock.descriptor
            finally:
                lock.release()  # what is mapped keeps the file open


def _of(app: Flask) -> RightsEpoch:
    file = database_file(app.config["SQLALCHEMY_DATABASE_URI"])
    return RightsEpoch(file and file.with_name(file.name + FILE_SUFFIX))


RIGHTS_EPOCH: Slot[RightsEpoch] = Slot("rights epoch", _of)
