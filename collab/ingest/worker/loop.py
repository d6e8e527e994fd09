"""What the worker does, wherever it runs: load what is waiting, tidy up when nothing is."""

from __future__ import annotations

import contextlib
import importlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ...core.storage.file_lock import FileLock
from ...frozen import frozen
from ..pipeline.archives.archive import Archive
from ..pipeline.archives.writers import claim
from ..pipeline.chores import Chores
from ..pipeline.loading import Loader, Plugin, passing_errors
from ..pipeline.queues.in_hand import path_of
from ..pipeline.sources import SourceReader
from ..pipeline.store import Where, store_errors

log = logging.getLogger(__name__)

#: Seconds between two checks, if nobody wakes the worker earlier.
LOOK_S = 1.0
#: Seconds between two loads: requests that come meanwhile share a transaction.
PAUSE_S = 0.01
#: Seconds between two rounds of chores.
CHORES_S = 15.0
#: Seconds to wait after a failed load: doubled each time, up to the second number.
FIRST_BACKOFF_S = 0.5
MAX_BACKOFF_S = 5.0

#: Waits for this many seconds, or until there is something to do; returns whether to go on.
Wait = Callable[[float], bool]


@frozen
class Options:
    """What its starter tells a worker."""

    #: The store's file; its lock and the note of what a worker has in hand are always beside it.
    store: str
    #: The service's database: a file, or a URL.
    database: str
    archive: str
    hash_key: str
    retention_days: int
    plugins: tuple[str, ...] = ()
    #: Another service to ask about events, and whether they wait for its answer.
    lookup_url: str = ""
    lookup_required: bool = False
    #: Where to take a stream of requests from, too; empty: only the store's inbox.
    redis_url: str = ""
    #: Milliseconds after which what another worker took from the stream counts as abandoned.
    idle_ms: int = 30_000
    #: Where the store is, instead of the file: a URL.
    store_url: str = ""

    @property
    def where(self) -> Where:
        """Where the store is."""
        return self.store_url or Path(self.store)


def make_loader(options: Options) -> Loader:
    """Open the store and the service's database."""
    archive = Path(options.archive)
    loader = Loader(
        options.where,
        SourceReader(options.database),
        Archive(archive, claim(archive) if options.store_url else None),
        hash_key=bytes.fromhex(options.hash_key),
        plugins=plugins_of(options),
        in_hand=path_of(options.store),
        # A stream's entry is gone once its load is committed.
        synchronous="FULL" if options.redis_url else "NORMAL",
    )
    if options.redis_url:
        from ..pipeline.queues.stream import StreamQueue  # imports the Redis client, which few need

        loader.queues.append(
            StreamQueue(options.redis_url, loader.connection, idle_ms=options.idle_ms)
        )
    return loader


def plugins_of(options: Options) -> list[Plugin]:
    """Return the stages that this installation adds."""
    added = [plugin(name) for name in options.plugins]
    if options.lookup_url:
        from ..pipeline.outside import Lookup  # imports an HTTP client, which few need

        added.append(Lookup(options.lookup_url, required=options.lookup_required))
    return added


def plugin(name: str) -> Plugin:
    """Import `module:function`; raises ImportError, AttributeError, ValueError."""
    module, _, function = name.partition(":")
    found: Plugin = getattr(importlib.import_module(module), function)
    return found


def trouble() -> tuple[type[Exception], ...]:
    """Return the errors that pass: a full disk, a locked store, another service that is down."""
    return (sqlite3.Error, *passing_errors())


@contextlib.contextmanager
def only_one(store: str, wait: Wait) -> Iterator[bool]:
    """Hold the store's lock: a second worker waits, and takes over when the first one ends.

    Yields False if it was told to end before that.
    """
    with FileLock(Path(f"{store}.lock")) as lock:
        yield _taken(lock, wait)


def _taken(lock: FileLock, wait: Wait) -> bool:
    while not lock.try_take():
        if not wait(LOOK_S):
            return False
    return True


class Worker:
    """Loads until it is told to end."""

    def __init__(self, options: Options, wait: Wait) -> None:
        self._options, self._wait = options, wait
        self._backoff_s = FIRST_BACKOFF_S
        self._next_chores = 0.0

    def run(self) -> None:
        """Work until `wait` returns False."""
        if self._options.redis_url or self._options.store_url:  # any number may load from there
            return self._work()
        with only_one(self._options.store, self._wait) as is_ours:
            if is_ours:
                self._work()
        return None

    def _work(self) -> None:
        loader = self._opened()
        if loader is None:
            return
        chores = Chores(
            loader.connection, loader.archive, retention_days=self._options.retention_days
        )
        self._note_state(loader, "ok")  # what a dead one noted is out of date
        try:
            while self._wait(self._turn(loader, chores)):
                pass
        finally:
            loader.close()

    def _opened(self) -> Loader | None:
        """Open what is needed, as soon as that is possible; None if told to end before."""
        while True:
            try:
                return make_loader(self._options)
            except trouble() as error:
                log.warning("ingest: the worker can't begin: %s", error)
            if not self._rest(self._next_backoff()):
                return None

    def _rest(self, seconds: float) -> bool:
        """Wait for the whole time, whoever knocks meanwhile; returns whether to go on.

        A server out of reach is no nearer when more has come: each request would try it again.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not self._wait(left):
                return False
        return True

    def _next_backoff(self) -> float:
        wait_s, self._backoff_s = self._backoff_s, min(self._backoff_s * 2, MAX_BACKOFF_S)
        return wait_s

    def _turn(self, loader: Loader, chores: Chores) -> float:
        """Do what there is to do now; returns the seconds to wait before the next turn."""
        try:
            loaded = loader.load_some()
            # Chores only when nothing is waiting: old data can wait, events can't.
            more = not loaded and self._do_chores(loader, chores)
        except trouble() as error:
            # Written where `/ready` looks: this process has no door.
            self._note_state(loader, f"{type(error).__name__}: {error}")
            log.warning("ingest: nothing is loaded for %.1f s: %s", self._backoff_s, error)
            self._rest(self._next_backoff())
            return 0.0
        # Only after trouble: a write each turn would cost more than many loads.
        if self._backoff_s != FIRST_BACKOFF_S:
            self._backoff_s = FIRST_BACKOFF_S
            self._note_state(loader, "ok")
        if self._options.redis_url:
            return 0.0  # reading the stream has waited
        return PAUSE_S if loaded or more else LOOK_S

    def _do_chores(self, loader: Loader, chores: Chores) -> bool:
        if time.monotonic() < self._next_chores:
            return False
        if self._options.redis_url or self._options.store_url:
            with only_one(self._options.store, lambda _: False) as is_ours:
                return is_ours and self._do_some(loader, chores)
        return self._do_some(loader, chores)

    def _do_some(self, loader: Loader, chores: Chores) -> bool:
        more = chores.step(int(time.time() * 1000), loader.sources.all_there_are)
        if not more:
            self._next_chores = time.monotonic() + CHORES_S
        return more

    def _note_state(self, loader: Loader, state: str) -> None:
        """Let `/ready` and the health numbers say how the worker is."""
        with contextlib.suppress(sqlite3.Error, *store_errors()):
            loader.connection.execute(
                "INSERT INTO state (name, value) VALUES ('worker', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (state,),
            )
