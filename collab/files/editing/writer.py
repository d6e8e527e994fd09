"""The one thread that changes texts: everybody's changes in one order, many to a commit.

Whoever edits hands a change over and waits. The thread takes all that wait, and in one transaction
looks up the rights of their authors, merges them one after the other, and writes them with their
events. When that is committed, and so on disk, they are answered; if it fails, nothing was changed,
and the documents are loaded again. The log fans the events out, as it does all others.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ...core.errors import ApiError, NotFound, Unavailable, translated
from ...core.slots import Slot
from ...events.hub import Hub
from ...extensions import db
from ...parts import PARTS, BackgroundThread
from ...realtime.transport.live import LIVE
from ..updates.bounds import Unusable
from . import compaction
from .batch import Batch
from .changes import Change, Question
from .document import Document
from .live_text import Applied, LiveText, unusable
from .rights_cache import Rights
from .spending import Spending

logger = logging.getLogger(__name__)

#: Changes taken into one commit.
MAX_CHANGES_PER_COMMIT = 500
#: About how many bytes of them.
MAX_BYTES_PER_COMMIT = 4 * 2**20
#: Seconds that a change may wait for its commit.
PATIENCE_S = 15.0
#: Seconds after which a document that nobody uses leaves memory.
IDLE_S = 30.0
#: Updates of the CRDT kept in memory for those who follow live.
MAX_UPDATES_IN_MEMORY = 5000
#: Bytes of them.
MAX_UPDATE_BYTES_IN_MEMORY = 32 * 2**20


class Writer(BackgroundThread):
    """Takes changes from any thread, and carries them out in its own.

    When it is stopped, all that waits is carried out first.
    """

    patience_s = 5.0

    def __init__(self, app: Flask) -> None:
        super().__init__("texts")
        self._app = app
        self._hub: Hub = LIVE.of(app).hub
        self._waiting: queue.SimpleQueue[Change | Question | None] = queue.SimpleQueue()
        self._live_texts: dict[int, LiveText] = {}
        self._rights, self._spending = Rights(), Spending()
        #: Seconds after which a document that nobody uses leaves memory.
        self.idle_s = IDLE_S
        #: Whether there may be something to compact, and which texts are checked next.
        self._busy = False
        self._rounds = compaction.Rounds()
        #: (file, version) -> update, for followers; the oldest go first.
        self.updates: dict[tuple[int, int], bytes] = {}
        self._kept_bytes = 0

    def submit(self, change: Change) -> Applied:
        """Have a change made, and wait until it is on disk.

        Raises NotFound, Forbidden, Unauthorized, Unprocessable, PreconditionFailed, JoinedVersion,
        TextTooLarge, UnusableUpdate, Unavailable.
        """
        applied: Applied = self._wait(self.soon(change))
        return applied

    def soon(self, change: Change) -> Future[Applied]:
        """Have a change made; changes are made in the order in which they are handed over."""
        self._put(change)
        return change.done

    def inspect(self, file_id: int, question: Callable[[LiveText], Any]) -> Any:
        """Run a function on a text in the writer's thread, after all that was queued before."""
        item = Question(file_id, question)
        self._put(item)
        return self._wait(item.done)

    def ask(self, file_id: int, question: Callable[[Document, int], Any]) -> Any:
        """Run a function on a document and its version likewise; return its result."""
        return self.inspect(
            file_id, lambda live_text: question(live_text.document, live_text.version)
        )

    def forget(self, file_id: int) -> None:
        """Let a deleted file's document leave memory soon."""
        if file_id in self._live_texts:
            self._waiting.put(Question(file_id, lambda *_: None))

    @classmethod
    def _wait(cls, done: Future[Any]) -> Any:
        try:
            return done.result(PATIENCE_S)
        except TimeoutError:
            return cls._given_up(done)

    @staticmethod
    def _given_up(done: Future[Any]) -> Any:
        """Take back what nobody has begun with: what is refused must not happen later."""
        try:
            if not done.cancel():
                return done.result(PATIENCE_S)
        except TimeoutError:
            pass
        raise Unavailable("The text can't be changed now: the database is busy.")

    def _put(self, item: Any) -> None:
        """Hand something over; the first text may come before the server starts its parts."""
        self.start()
        with self._changing:  # nothing may be put after the None that ends the thread
            if self._stopping.is_set():
                raise Unavailable("The server is stopping.")
            self._waiting.put(item)

    def _wake(self) -> None:
        self._waiting.put(None)

    @property
    def in_memory(self) -> list[int]:
        """Return the files whose documents are in memory."""
        return list(self._live_texts)

    def _run(self) -> None:
        while True:
            items, last = self._gather()
            try:
                if items:
                    with self._app.app_context():
                        self._carry_out(items)
                self._tidy()
            except BaseException as error:  # a panic of the CRDT's library is not an Exception
                logger.exception("the documents are loaded again")
                self._live_texts.clear()
                self._refuse(items, error)
            if last:
                return

    @staticmethod
    def _refuse(items: list[Change | Question], error: BaseException) -> None:
        known = error if isinstance(error, Exception) else RuntimeError(str(error))
        for item in items:
            if not item.done.done():
                item.done.set_exception(translated(known))

    def _gather(self) -> tuple[list[Change | Question], bool]:
        """Wait for something to do, and take all that is there; returns whether it is the last."""
        items: list[Change | Question] = []
        size = 0
        try:
            item = self._waiting.get(timeout=0 if self._busy else max(0.01, self.idle_s / 2))
            while item is not None:
                # Not if its caller gave up and was told so: then it must not happen any more.
                if item.done.set_running_or_notify_cancel():
                    items.append(item)
                    size += item.weight
                if len(items) == MAX_CHANGES_PER_COMMIT or size >= MAX_BYTES_PER_COMMIT:
                    return items, False
                item = self._waiting.get_nowait()
        except queue.Empty:
            return items, False
        return items, True

    def _carry_out(self, items: Sequence[Change | Question]) -> None:
        changes = [item for item in items if isinstance(item, Change)]
        try:
            while changes:
                changes = self._commit(changes)
            # After all changes, so that no answer is older than what was handed over before it.
            for item in items:
                if isinstance(item, Question):
                    self._answer(item)
        finally:
            db.session.remove()

    def _commit(self, changes: list[Change]) -> list[Change]:
        """Carry changes out in one transaction; returns what is left for the next one."""
        self._load({change.file_id for change in changes})
        batch = Batch(self.live_text, self._rights, self._spending)
        try:
            rest = batch.take_all(changes)
            self._remember(batch)  # the commit wakes those who ask for it
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            if not isinstance(error, SQLAlchemyError | ApiError):
                logger.exception("changes of texts failed")
            for file_id in batch.touched:  # these have changes in memory that the database lacks
                self._live_texts.pop(file_id, None)
            for change, applied in batch.accepted:
                self._forget((change.file_id, applied.version))
            for change in changes:
                change.done.set_exception(translated(error))
            return []
        batch.answer()  # not sooner: what is answered is on disk
        return rest

    def _load(self, files: set[int]) -> None:
        """Load texts that are not in memory, before others have to wait for the writer's lock."""
        for file_id in files - self._live_texts.keys():
            with suppress(NotFound):
                self.live_text(file_id)
            db.session.rollback()  # what others write until we have the lock is caught up with

    def _remember(self, batch: Batch) -> None:
        for change, applied in batch.accepted:
            self.updates[change.file_id, applied.version] = applied.update
            self._kept_bytes += len(applied.update)
        while (
            len(self.updates) > MAX_UPDATES_IN_MEMORY
            or self._kept_bytes > MAX_UPDATE_BYTES_IN_MEMORY
        ):
            self._forget(next(iter(self.updates)))

    def _forget(self, key: tuple[int, int]) -> None:
        self._kept_bytes -= len(self.updates.pop(key, b""))

    def _answer(self, question: Question) -> None:
        try:
            live_text = self.live_text(question.file_id)
            live_text.catch_up()
            if live_text.amendment is not None:
                self._amend(question.file_id)
            question.done.set_result(question.ask(live_text))
        except Exception as error:
            if isinstance(error, NotFound):
                self._live_texts.pop(question.file_id, None)
            known = unusable(error) if isinstance(error, Unusable) else translated(error)
            question.done.set_exception(known)

    def _amend(self, file_id: int) -> None:
        batch = Batch(self.live_text, self._rights, self._spending)
        try:
            batch.amend(file_id)
            self._remember(batch)
            db.session.commit()
        except Exception:
            db.session.rollback()
            self._live_texts.pop(file_id, None)
            raise

    def live_text(self, file_id: int) -> LiveText:
        """Return a document, loaded if it is not in memory; raises NotFound."""
        live_text = self._live_texts.get(file_id)
        if live_text is None:
            live_text = self._live_texts[file_id] = LiveText.load(file_id)
        live_text.used_at = time.monotonic()
        return live_text

    def _tidy(self) -> None:
        """Take one step to compact what has grown, or let go of what nobody uses."""
        now, some = time.monotonic(), self._rounds.next(self._live_texts)
        self._busy = self._rounds.unfinished
        for file_id, live_text in some:
            quiet = now - live_text.used_at >= self.idle_s
            leaves = quiet and not self._hub.followed(f"file:{file_id}")
            step = compaction.next_step(live_text, quiet=quiet, leaves=leaves)
            if step is not None:
                with self._app.app_context():
                    if not compaction.carry_out(step, live_text):
                        del self._live_texts[file_id]
                self._busy = True
                return
            if leaves:
                del self._live_texts[file_id]


TEXTS: Slot[Writer] = Slot("texts", Writer)


def init_app(app: Flask) -> None:
    """Give an application the writer of its texts."""
    PARTS.of(app).add("texts", TEXTS)


def writer() -> Writer:
    """Return this application's writer."""
    return TEXTS.here()
