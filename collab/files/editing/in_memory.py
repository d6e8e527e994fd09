"""The texts that are in memory: the most recently used, as many as there is room for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from flask import Flask

from ...core.errors import ApiError, NotFound
from ...extensions import db
from . import store
from .live_text import LiveText, Prepared, prepared

#: About how many bytes the texts in memory may take. The least recently used leave; they are loaded
#: again when somebody comes back to them.
MAX_MEMORY_BYTES = 64 * 2**20
#: Bytes of a stored text from which on the asking thread takes it apart.
LONG_BYTES = 16 * 1024
#: Long texts that are taken apart at once for people whose text left memory meanwhile.
MAX_HELPED = 8
#: Seconds after which all are added up again: they grow.
COUNT_SECONDS = 0.5
#: Seconds for which some texts are loaded before others have their turn.
TURN_S = 0.05


class InMemory(Mapping[int, LiveText]):
    """Texts by their file; all but `prepare` belongs to the writer's thread."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        #: About how many bytes they may take.
        self.most_bytes = MAX_MEMORY_BYTES
        self._texts: dict[int, LiveText] = {}
        self._prepared: dict[int, Prepared] = {}
        self._preparing = threading.Lock()
        self._helper: ThreadPoolExecutor | None = None
        self._helping: dict[int, Future[None]] = {}
        #: Texts whose document an update has spoilt: reloading may give a different one.
        self._doubtful: set[int] = set()
        self._bytes, self._counted_at = 0, 0.0

    def __iter__(self) -> Iterator[int]:
        return iter(list(self._texts))

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, file_id: int) -> LiveText:
        return self._texts[file_id]

    def prepare(self, file_id: int) -> None:
        """Do the part of loading a text that needs no document, in the asking thread."""
        if file_id in self._texts:
            return
        # One at a time: two that open the same text would take it apart twice.
        with self._app.app_context(), self._preparing:  # a session of its own
            if file_id in self._texts or file_id in self._prepared:
                return
            with suppress(ApiError):
                if store.stored_bytes(file_id) >= LONG_BYTES:
                    self._prepared[file_id] = prepared(file_id)
            # Of a copy: the writer's thread takes out what it loads meanwhile.
            kept = [(one, ready.weight) for one, (_, ready) in tuple(self._prepared.items())]
            size = sum(weight for _, weight in kept)
            for oldest, weight in kept:
                if size <= self.most_bytes:
                    break
                # Those who asked for the oldest may be gone, and it can be prepared again.
                self._prepared.pop(oldest, None)
                size -= weight

    def unready(self, file_id: int) -> bool:
        """Return whether a long text is not taken apart yet; another thread does that."""
        helping = self._helping.pop(file_id, None)
        if file_id in self._texts or file_id in self._prepared:
            return False
        if helping is None:
            if store.stored_bytes(file_id) < LONG_BYTES:
                return False
            helping = self._help(file_id)
        elif helping.done():  # and if it is not there now, loading it tells why
            return False
        if helping is not None:
            self._helping[file_id] = helping
        return True

    def _help(self, file_id: int) -> Future[None] | None:
        """Have a text taken apart in another thread, unless that has enough to do."""
        if len(self._helping) >= MAX_HELPED:
            # Those who asked for finished ones may have gone, and never ask again.
            left = {one: helping for one, helping in self._helping.items() if not helping.done()}
            self._helping = left
        if len(self._helping) >= MAX_HELPED:
            return None
        self._helper = self._helper or ThreadPoolExecutor(1, "texts helper")
        return self._helper.submit(self.prepare, file_id)

    def close(self) -> None:
        """End the helper."""
        if self._helper is not None:
            self._helper.shutdown()

    def live_text(self, file_id: int) -> LiveText:
        """Return a text, loaded if it is not in memory; raises NotFound."""
        known = self._prepared.pop(file_id, None) if self._prepared else None
        live_text = self._texts.get(file_id)
        if live_text is None:
            live_text = self._texts[file_id] = LiveText.load(
                file_id, known, doubtful=file_id in self._doubtful
            )
            self._doubtful.discard(file_id)
            self._bytes += live_text.footprint
        live_text.used_at = time.monotonic()
        return live_text

    def load(self, files: Iterable[int]) -> set[int]:
        """Load texts before others have to wait for the writer's lock.

        Returns those that another turn has to load.
        """
        wanted = set(files)
        end, size = time.thread_time() + TURN_S, 0
        for file_id in list(wanted):
            if size and (time.thread_time() > end or size > self.most_bytes):
                break
            if self.unready(file_id):
                db.session.rollback()
                continue
            with suppress(NotFound):
                size += self.live_text(file_id).footprint
            db.session.rollback()  # whatever arrives before the lock is taken is caught up on
            wanted.discard(file_id)
        return wanted

    def spoil(self, file_id: int) -> None:
        """Drop a text from memory that differs from what is stored, and must not become it."""
        self.drop(file_id)
        self._doubtful.add(file_id)

    def drop(self, file_id: int) -> None:
        """Drop a text from memory, whatever is in it: it is loaded again."""
        if (live_text := self._texts.pop(file_id, None)) is not None:
            self._bytes -= live_text.footprint
            live_text.document.close()

    def clear(self) -> None:
        """Let all leave."""
        self._texts.clear()
        self._bytes = 0

    @property
    def footprint(self) -> int:
        """Return about how many bytes all take; they are added up from time to time."""
        if time.monotonic() > self._counted_at + COUNT_SECONDS:
            self._bytes = sum(live_text.footprint for live_text in self._texts.values())
            # Adding up thousands of texts takes long; in between, only loads and drops are counted.
            self._counted_at = time.monotonic()
        return self._bytes

    def crowding(self) -> int | None:
        """Return the text that has to leave so that all fit, if one has to."""
        # The last one stays, however large it is: its next edit would load it again.
        if self.footprint <= self.most_bytes or len(self._texts) < 2:
            return None
        return min(self._texts, key=lambda file_id: self._texts[file_id].used_at)

    def squeeze(self) -> None:
        """Drop texts at once if they take more than twice the available room."""
        while self.footprint > 2 * self.most_bytes and (oldest := self.crowding()) is not None:
            self.drop(oldest)
