"""A source of events as its program uses it: sends with a key, and sees what became of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from flask import Flask

from collab.ingest.pipeline.archives.archive import Archive
from collab.ingest.pipeline.loading import Loader
from collab.ingest.pipeline.sources import SourceReader
from collab.ingest.store import INBOX

from . import databases
from .people import Person, ok
from .pipeline import conserved


def makes_source(owner: Person, project: int) -> dict[str, Any]:
    """Make a source and return it with its key."""
    body = {"project_id": project, "name": "Web site"}
    made: dict[str, Any] = ok(owner.post("/ingest/sources", body))
    return made


class Outlet:
    """A source of a project, and its key."""

    def __init__(
        self, app: Flask, owner: Person, project: int, made: dict[str, Any] | None = None
    ) -> None:
        """Know a source that was made, or make one."""
        self.app, self.owner, self.http = app, owner, owner.http
        self.made = made or makes_source(owner, project)
        self.id: int = self.made["id"]
        self.key: str = self.made["write_key"]
        self.project = project

    @property
    def folder(self) -> Path:
        folder: Path = self.app.config["INSTANCE_PATH"]
        return folder

    @property
    def path(self) -> str:
        return f"/ingest/sources/{self.id}"

    def sends(self, body: Any, path: str = "/api/v1/ingest", **headers: str) -> httpx.Response:
        """Send events with the key; bytes as they are, anything else as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if not isinstance(body, bytes):
            named = {"Content-Type": "application/json"} | named
        return self.http.post(path, content=content, headers={"X-Write-Key": self.key} | named)

    def loads(self) -> int:
        """Do the worker's work."""
        with self._loader() as loader:
            return loader.load_all()

    def stored(self) -> list[dict[str, Any]]:
        """Load all that waits, and return what is stored."""
        self.loads()
        rows = self.asks("SELECT event_id, type, ts, user_id, data FROM events ORDER BY id")
        names = ("event_id", "type", "ts", "user_id")
        return [dict(zip(names, row[:-1], strict=True)) | json.loads(row[-1]) for row in rows]

    def letters(self) -> list[tuple[str, bytes]]:
        """Load all that waits, and return the reasons and payloads of the dead letters."""
        self.loads()
        return self.asks("SELECT reason, payload FROM dead_letters ORDER BY id")

    def waiting(self) -> list[tuple[str, int, bytes]]:
        """Return the requests in the inbox: format, how many events, body."""
        return self.asks("SELECT format, events, body FROM inbox ORDER BY id")

    def asks(self, query: str) -> list[Any]:
        """Ask the store."""
        with closing(sqlite3.connect(self.folder / "ingest.db")) as connection:
            return connection.execute(query).fetchall() if self._exists(connection) else []

    def is_conserved(self) -> bool:
        """Return whether received = stored + duplicate + rejected + queued."""
        with closing(sqlite3.connect(self.folder / "ingest.db")) as connection:
            return not self._exists(connection) or conserved(connection)

    @staticmethod
    def _exists(connection: sqlite3.Connection) -> bool:
        return bool(connection.execute("SELECT 1 FROM sqlite_master").fetchone())

    @contextmanager
    def _loader(self) -> Iterator[Loader]:
        store, archive = self.folder / "ingest.db", Archive(self.folder / "archive")
        on_server = databases.settings_of(self.folder).get("DATABASE_URL")
        sources = SourceReader(on_server or self.folder / "collab.db")
        loader = Loader(store, sources, archive, hash_key=b"key")
        try:
            yield loader
        finally:
            loader.close()

    def close(self) -> None:
        """Let go of the store."""
        INBOX.of(self.app).close()
