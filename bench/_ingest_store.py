"""Events as a browser sends them, and a store of the pipeline's that grows by them."""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from collab.ingest.pipeline.archives.archive import Archive
from collab.ingest.pipeline.inbox import Inbox, Request
from collab.ingest.pipeline.loading import Loader
from collab.ingest.pipeline.sources import SourceReader
from collab.ingest.pipeline.stages import KnownSource

USERS = 5000
TYPES = ("page_view", "click", "add_to_cart", "purchase")
#: Events that are loaded at once.
CHUNK = 20_000


def events(count: int, draw: random.Random, twice: float = 0.0) -> list[dict[str, Any]]:
    """Return events as a browser's library sends them; a share of them has an id that was there."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    made = [
        {
            "event_id": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
            "event_type": draw.choice(TYPES),
            "timestamp": now,
            "user_id": f"user{draw.randrange(USERS)}",
            "data": {"action": "click", "page": "/home", "session_id": "session456"},
            "metadata": {"source": "web", "version": "1.0"},
        }
        for _ in range(count)
    ]
    for one in made[: int(count * twice)]:
        one["event_id"] = made[-1]["event_id"]
    return made


class OneSource(SourceReader):
    """A source that needs no service."""

    def __init__(self) -> None:
        """Open nothing."""

    def get(self, ids: Any) -> dict[int, KnownSource]:
        """Return it."""
        return {key: KnownSource(key, 1) for key in ids}

    def close(self) -> None:
        """Close nothing."""


class Grower:
    """A store that grows, without a server before it."""

    def __init__(self, place: Path) -> None:
        self.total, self._draw, self._begun = 0, random.Random(3), time.monotonic()
        self._inbox = Inbox(place / "ingest.db", max_bytes=2**32, quota_bytes=2**40)
        self._loader = Loader(place / "ingest.db", OneSource(), Archive(place / "archive"))

    def close(self) -> None:
        """Close the store."""
        self._loader.close()
        self._inbox.close()

    def until(self, border: int) -> tuple[float, float]:
        """Load up to so many events; returns how many a second, and CPU µs of each."""
        first, took, cpu = self.total, 0.0, 0.0
        while self.total < border:
            for _ in range(min(CHUNK, border - self.total) // 500):
                body = json.dumps(events(500, self._draw)).encode()
                now = int(time.time() * 1000)
                self._inbox.append(Request(1, 1, now, "event", 500, "{}", body))
            start, cpu_start = time.perf_counter(), time.process_time()
            self.total += self._loader.load_all()
            took += time.perf_counter() - start
            cpu += time.process_time() - cpu_start
            if self.total % (10 * CHUNK) == 0:
                seconds = time.monotonic() - self._begun
                print(f"{self.total:,} stored, {seconds:.0f} s", file=sys.stderr, flush=True)
        loaded = self.total - first
        return loaded / (took or 1.0), cpu / (loaded or 1) * 1e6
