"""A pipeline as its worker runs it, with sources that need no service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from collab.ingest.pipeline.archives.archive import Archive
from collab.ingest.pipeline.event_schemas import compile_schema
from collab.ingest.pipeline.formats import decode
from collab.ingest.pipeline.inbox import Inbox, Request
from collab.ingest.pipeline.loading import Loader
from collab.ingest.pipeline.rules import compile_rules
from collab.ingest.pipeline.sources import SourceReader
from collab.ingest.pipeline.stages import KnownSource
from collab.ingest.pipeline.store import Where

MIB = 2**20
#: A moment: 2026-01-31, 09:30 UTC, in milliseconds.
MORNING = 1_769_851_800_000


class Sources(SourceReader):
    """Sources as a test makes them."""

    def __init__(self) -> None:
        self.known: dict[int, KnownSource] = {}

    def close(self) -> None:
        """Close nothing."""

    def get(self, ids: Iterable[int]) -> dict[int, KnownSource]:
        """Return those that there are."""
        return {key: self.known[key] for key in ids if key in self.known}

    def all_there_are(self) -> dict[int, int]:
        """Return the ids of all, with their projects."""
        return {key: one.project for key, one in self.known.items()}


class Pipeline:
    """Inbox, loader and store in a folder."""

    def __init__(self, folder: Path, where: Where | None = None, **limits: int) -> None:
        self.path, self.folder = folder / "ingest.db", folder
        self.where = where or self.path
        self.now = MORNING / 1000
        self.sources = Sources()
        self.inbox = Inbox(
            self.where, max_bytes=limits.get("queue", MIB), quota_bytes=limits.get("quota", 9 * MIB)
        )
        self.archive = Archive(folder / "archive")
        self.plugins: list[Any] = []
        self.has_source(1)
        self.loader = self.opened()

    def opened(self, **options: Any) -> Loader:
        """Open the store, as a worker that starts does."""
        return Loader(
            self.where,
            self.sources,
            self.archive,
            hash_key=b"key",
            plugins=self.plugins,
            now=lambda: self.now,
            in_hand=self.path.with_name("in-hand"),
            **options,
        )

    def reopens(self, **options: Any) -> None:
        """Have another worker take over."""
        self.loader.close()
        self.loader = self.opened(**options)

    def close(self) -> None:
        """Close inbox and loader."""
        self.loader.close()
        self.inbox.close()

    def has_source(
        self,
        key: int,
        project: int = 1,
        rules: Any = (),
        schemas: dict[tuple[str, str], Any] | None = None,
        **more: Any,
    ) -> None:
        """Make a source, or change it."""
        checks = {name: compile_schema(one) for name, one in (schemas or {}).items()}
        types = frozenset(kind for kind, _ in checks)
        made = compile_rules(list(rules))
        self.sources.known[key] = KnownSource(
            key, project, rules=made, checks=checks, types=types, **more
        )

    def takes(
        self,
        *events: Any,
        source: int = 1,
        project: int = 1,
        received: int = MORNING,
        format: str = "event",
        **context: Any,
    ) -> int:
        """Take a request in: its events, or its body as bytes."""
        body = events[0] if isinstance(events[0], bytes) else orjson.dumps(events)
        count = len(decode(format, body).values)
        said = orjson.dumps(context).decode()
        return self.inbox.append(Request(project, source, received, format, count, said, body))

    def loads(self) -> int:
        """Load all that waits."""
        return self.loader.load_all()

    def asks(self, query: str, *values: Any) -> list[Any]:
        """Ask the store."""
        return self.loader.connection.execute(query, values).fetchall()

    def stored(self) -> list[str]:
        """Return the ids of the stored events, in the order of their numbers."""
        return [key for (key,) in self.asks("SELECT event_id FROM events ORDER BY id")]

    def letters(self) -> list[tuple[str, str, bytes]]:
        """Return the stage, reason and payload of the dead letters."""
        return self.asks("SELECT stage, reason, payload FROM dead_letters ORDER BY id")

    def totals(self, source: int = 1) -> dict[str, int]:
        """Return a source's counters."""
        names = ("received", "stored", "duplicate", "rejected", "late")
        row = self.asks(f"SELECT {', '.join(names)} FROM totals WHERE source = ?", source)
        return dict(zip(names, row[0], strict=True)) if row else dict.fromkeys(names, 0)


def conserved(connection: Any) -> bool:
    """Return whether received = stored + duplicate + rejected + queued, for each source, now."""
    query = (
        "SELECT received, stored + duplicate + rejected + coalesce((SELECT sum(events) FROM inbox"
        " WHERE inbox.source = totals.source), 0) FROM totals"
    )
    return all(received == rest for received, rest in connection.execute(query))
