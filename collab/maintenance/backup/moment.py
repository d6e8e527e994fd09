"""One moment of everything: both databases and the files that belong to them.

For a moment nobody writes: the writer's locks of both databases are held, and a reader of each is
pinned to what is committed. The pipeline waits a little longer, until the archive's files have a
second name. Then everybody goes on, and the pinned state is copied at leisure:

- The databases are of the same moment, so no row of one names what the other does not have.
- A kept file's bytes never change, and none is deleted while a backup runs (`Blobs.held`). Its row
  is committed after the file is kept, so each row of that moment has its file.
- Files of the archive only grow; the store says how long each was. What is rewritten or deleted
  meanwhile is still there under its second name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ...core.models import utcnow
from ...frozen import frozen

#: The prefix of the folders that hold the second names.
LINKED_PREFIX = ".backup-"
#: The store of the pipeline, and the folder of its archive.
STORE_NAME = "ingest.db"
ARCHIVE_NAME = "archive"


@frozen
class Moment:
    """What is copied: pinned readers of both databases, and the archive's second names."""

    at: datetime
    main: sqlite3.Connection
    #: None where no other system ever sent an event.
    store: sqlite3.Connection | None
    archive: Path
    #: For how long nobody could write to the main database.
    held_s: float


@contextlib.contextmanager
def pinned(main: Path, instance: Path, patience_s: float) -> Iterator[Moment]:
    """Pin one moment during this block; raises sqlite3.OperationalError if writers don't finish."""
    with contextlib.ExitStack() as stack:
        linked = Path(tempfile.mkdtemp(prefix=LINKED_PREFIX, dir=instance))
        stack.callback(shutil.rmtree, linked, ignore_errors=True)
        store = instance / STORE_NAME
        paths = [main, *([store] if store.exists() else [])]
        writers = [stack.enter_context(_opened(path, patience_s)) for path in paths]
        readers = [stack.enter_context(_opened(path, patience_s)) for path in paths]
        for writer in writers:  # always in this order, like everybody who writes to both
            writer.execute("BEGIN IMMEDIATE")
        begun, at = time.monotonic(), utcnow()
        for reader in readers:
            reader.execute("BEGIN")
            reader.execute("SELECT 1 FROM sqlite_master").fetchone()  # from here it sees no change
        # Nobody waits any longer: the readers keep their state, however long the copying takes.
        writers[0].execute("ROLLBACK")
        held_s = time.monotonic() - begun
        if store.exists():  # the rest concerns only the store and its archive
            _link(instance / ARCHIVE_NAME, linked)
            writers[1].execute("ROLLBACK")
        yield Moment(at, readers[0], readers[1] if len(readers) > 1 else None, linked, held_s)


@contextlib.contextmanager
def _opened(path: Path, patience_s: float) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=patience_s, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _link(source: Path, target: Path) -> None:
    """Give each file below a folder a second name, or where that can't be, a copy."""
    for folder, _, names in os.walk(source):
        place = target / os.path.relpath(folder, source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            try:
                os.link(f"{folder}/{name}", f"{place}/{name}")
            except OSError:
                shutil.copyfile(f"{folder}/{name}", f"{place}/{name}")


def sweep_links(instance: Path) -> None:
    """Delete the second names that a killed backup left; only while no other one is running."""
    for folder in instance.glob(f"{LINKED_PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
