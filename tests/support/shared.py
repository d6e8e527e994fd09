"""The application that tests share: as if just built for each, on a database of its own.

To copy the database, and to open and close it, takes 10 ms a test and more, since each connection
parses the schema. So where the last test and the next know the application alone, its connections
stay open, and the next one's database is written over the last one's. Whoever asks for the folder
(`instance`) may open the file, so it is made anew before that test, and after it.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from flask import Flask
from sqlalchemy import Connection

from collab.core import slots
from collab.core.compiled import READERS, Readers
from collab.core.database.commits import COMMITS, FileCommits
from collab.core.parts import PARTS
from collab.extensions import db

from . import databases

#: Where an instance folder has what people uploaded.
BESIDE = "blobs"

at_end = contextlib.ExitStack()


def close(app: Flask) -> None:
    """End an application, with its threads and connections; it can be used no more."""
    PARTS.of(app).stop()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
        # Flask-SQLAlchemy keeps an application's engines while it lives, and engines know their
        # application: a thousand of them would take 2 GB, through which the collector looks.
        db.engines.clear()


class KeptFile:
    """A database that another one is written over while connections are open."""

    #: The database, its log, and the index of that.
    NAMES = ("collab.db", "collab.db-wal", "collab.db-shm")

    def __init__(self, folder: Path, source: Path) -> None:
        """Know the file that was just put into a folder, as a copy of a source."""
        self._path = folder / self.NAMES[0]
        self._inode = self._path.stat().st_ino
        self._writer = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        # The application writes back what is in the log, once that is long.
        self._writer.execute("PRAGMA wal_autocheckpoint=0")
        #: What it was last made of, and the number that moves with each commit of anybody else's.
        self._holds = (source, self._number_of_commits())

    def can_become(self, source: Path) -> bool:
        """Return whether it is still that file, which nobody writes to, with a source's schema.

        Connections know a schema by its number, and a schema of the test's may have another's.
        """
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            number = _schema(self._writer)
            self._writer.execute("ROLLBACK")
            is_there = self._path.stat().st_ino == self._inode
        except (sqlite3.Error, OSError):
            return False
        return is_there and number == _schema(_opened(source))

    def become(self, source: Path) -> None:
        """Take over all that is in a source, unless it has just that: many tests change nothing."""
        if self._holds == (source, self._number_of_commits()):
            return
        _opened(source).backup(self._writer)
        # A backup moves the number, and all connections would parse the schema again.
        self._writer.execute(f"PRAGMA schema_version={_schema(_opened(source))}")
        self._holds = (source, self._number_of_commits())

    def _number_of_commits(self) -> int:
        number: int = self._writer.execute("PRAGMA data_version").fetchone()[0]
        return number

    def move(self, folder: Path, to: Path) -> None:
        """Go to another folder, whose name will be the one that it had."""
        for name in self.NAMES:
            (folder / name).rename(to / name)

    def close(self) -> None:
        """Let go of it."""
        self._writer.close()


class LastingReaders(Readers):
    """Reading connections that stay open when their application ends."""

    def close(self) -> None:
        """Keep them: the next test has them."""


class SharedApp:
    """An application, and what is kept of it from one test to the next."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.folder: Path = app.config["INSTANCE_PATH"]
        self._config = dict(app.config)
        self._file: KeptFile | None = None
        self._readers: list[Connection] = []
        #: What sees commits; to open one for each test costs more than a request does.
        self._watch: Any = None

    def begin(self, source: Path, *, alone: bool) -> None:
        """Give the folder a copy of a database, and of the uploads beside it, and nothing else.

        `alone` tells that nothing but the application will open the file.
        """
        if slots.MADE_NOTE in self.app.extensions:  # by a request that went on after its test
            self.end()
            self.close()
        if not alone or self._file is None or not self._file.can_become(source):
            self.close()
        gone = self._renew_folder()
        if self._file is not None:
            self._file.move(gone, self.folder)
            self._file.become(source)
            self._renew_connections()
        else:
            databases.copy(source, self.folder)
            kept = alone and not databases.server()
            self._file = KeptFile(self.folder, source) if kept else None
        if (source.parent / BESIDE).exists():
            shutil.copytree(source.parent / BESIDE, self.folder / BESIDE)
        shutil.rmtree(gone, ignore_errors=True)

    def end(self) -> None:
        """End what a test has begun."""
        lasting = LastingReaders(self.app)
        lasting._free = READERS.of(self.app)._free
        READERS.put(self.app, lasting)  # threads read to their end
        self._keep_watch()
        PARTS.of(self.app).stop()
        self._readers += lasting._free
        with self.app.app_context():
            db.session.remove()
        slots.renew(self.app)
        if self._file is None or self._pool.checkedout():
            self.close()
        self.app.config.clear()
        self.app.config.update(self._config)

    def close(self) -> None:
        """Let go of the database."""
        for reader in self._readers:
            reader.close()
        self._readers = []
        if self._watch is not None:
            self._watch.close()
        self._watch = None
        with self.app.app_context():
            db.engine.dispose()
        slots.renew(self.app)  # who listens to that has been made for it
        if self._file is not None:
            self._file.close()
        self._file = None

    def _keep_watch(self) -> None:
        """Take over the connection that sees commits, if there is one."""
        commits = COMMITS.of(self.app)
        if isinstance(commits, FileCommits) and commits._driver is not None:
            self._watch, commits._driver = commits._driver, None

    @property
    def _pool(self) -> Any:
        with self.app.app_context():
            return db.engine.pool

    def _renew_folder(self) -> Path:
        """Make the folder anew, and return where all is that was in it."""
        gone = self.folder.with_name(f"gone-{uuid4()}")
        if self.folder.exists():  # a test may have moved it away
            # A thread that has not ended yet may make files while others go: so the name goes
            # first.
            self.folder.rename(gone)
        self.folder.mkdir(mode=0o700, parents=True)
        return gone

    def _renew_connections(self) -> None:
        """Make connections know the parts of the application that have been made since."""
        self._pool.close_idle()
        for one in reversed(self._pool._idle()):
            if one.dbapi_connection is not None:  # else a reader has it, and who asks gets another
                self._pool.dispatch.connect(one.dbapi_connection, one)
            self._pool._do_return_conn(one)
        READERS.of(self.app)._free.extend(self._readers)
        self._readers = []
        if self._watch is not None:
            cast(FileCommits, COMMITS.of(self.app))._driver, self._watch = self._watch, None


@cache
def shared(app: Flask) -> SharedApp:
    """Return what is kept of an application that tests share."""
    made = SharedApp(app)
    at_end.callback(made.close)
    return made


@cache
def _opened(source: Path) -> sqlite3.Connection:
    """Open a database that nobody changes any more."""
    made = sqlite3.connect(f"{source.as_uri()}?immutable=1", uri=True)
    at_end.callback(made.close)
    return made


def _schema(connection: sqlite3.Connection) -> int:
    """Return the number by which connections know whether they have the schema."""
    number: int = connection.execute("PRAGMA schema_version").fetchone()[0]
    return number


def close_all() -> None:
    """Let go of all that was kept."""
    at_end.close()
