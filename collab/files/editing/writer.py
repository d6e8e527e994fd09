"""The one thread that changes texts: everybody's changes in one order, many to a commit.

Callers hand a change over and wait. The thread takes all waiting changes, and in one transaction
looks up the rights of their authors, merges them one after the other, and writes them with their
events. When that is committed, and so on disk, their authors get an answer; if it fails, nothing
was changed, and the documents are reloaded. The log fans the events out, like all others.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from ...core.database import let_go
from ...core.errors import ApiError, NotFound, Unavailable, translated
from ...core.parts import PARTS, BackgroundThread
from ...core.slots import Slot
from ...events.hub import Hub
from ...extensions import db
from ...realtime.transport.live import LIVE
from ..updates.bounds import Unusable
from . import compaction, proof
from .batch import TURN_S, Batch
from .changes import Change, Question, Waiting, waited
from .document import Document
from .in_memory import InMemory
from .live_text import Applied, LiveText, unusable
from .recent import Recent
from .rights_cache import Rights
from .spending import Spending

logger = logging.getLogger(__name__)

#: Seconds that a change may wait for its commit.
PATIENCE_S = 15.0
#: Seconds between two turns where more is left to do.
LEFT_S = 0.002
#: Seconds after which a document that nobody uses leaves memory.
IDLE_S = 30.0


class Writer(BackgroundThread):
    """Takes changes from any thread, and carries them out in its own.

    When it is stopped, it first carries out everything that waits.
    """

    patience_s = 5.0

    def __init__(self, app: Flask) -> None:
        super().__init__("texts")
        self._app = app
        self._hub: Hub = LIVE.of(app).hub
        self._waiting = Waiting()
        self._texts = InMemory(app)
        #: What the last turn began but did not finish, or had no room for.
        self._left: list[Change | Question] = []
        self._rights, self._spending = Rights(), Spending()
        #: Seconds after which a document that nobody uses leaves memory.
        self.idle_s = IDLE_S
        #: Whether there may be something to compact, and which texts are checked next.
        self._busy = False
        #: How many changes the last turn had: about as many are on their way.
        self._last = 0
        self._rounds = compaction.Rounds()
        #: (file, version) -> update, for followers.
        self.updates = Recent()

    def submit(self, change: Change) -> Applied:
        """Have a change made, and wait until it is on disk.

        Raises NotFound, Forbidden, Unauthorized, Unprocessable, PreconditionFailed, JoinedVersion,
        TextTooLarge, UnusableUpdate, Unavailable.
        """
        applied: Applied = waited(self.soon(change), PATIENCE_S)
        return applied

    def soon(self, change: Change) -> Future[Applied]:
        """Have a change made; a person's are made in the order in which they are handed over."""
        let_go()
        self._texts.prepare(change.file_id)
        self._put(change)
        return change.done

    def inspect(self, file_id: int, question: Callable[[LiveText], Any]) -> Any:
        """Return what a function says about a text; it runs after everything handed over before."""
        let_go()
        self._texts.prepare(file_id)
        item = Question(file_id, question)
        self._put(item)
        return waited(item.done, PATIENCE_S)

    def ask(self, file_id: int, question: Callable[[Document, int], Any]) -> Any:
        """Run a function on a document and its version likewise; return its result."""
        return self.inspect(
            file_id, lambda live_text: question(live_text.document, live_text.version)
        )

    def forget(self, file_id: int) -> None:
        """Let the document of a deleted file leave memory soon."""
        if file_id in self._texts:
            self._waiting.put(Question(file_id, lambda *_: None))

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
    def figures(self) -> dict[str, int]:
        """Return for how many texts the stored form was proved right, and for how many wrong."""
        return asdict(proof.proofs)

    def __contains__(self, file_id: int) -> bool:
        """Return whether a text is in memory, so that a change of it is handed over at once."""
        return file_id in self._texts

    @property
    def in_memory(self) -> list[int]:
        """Return the files whose documents are in memory."""
        return list(self._texts)

    def _run(self) -> None:
        ends = False
        while not ends or self._left:
            items, last = self._gather()
            ends |= last
            try:
                if items:
                    with self._app.app_context():
                        self._carry_out(items)
                self._tidy()
            except BaseException as error:  # a panic of the CRDT's library is not an Exception
                logger.exception("the documents are reloaded")
                self._texts.clear()
                self._left.clear()
                self._refuse(items, error)
        self._texts.close()

    @staticmethod
    def _refuse(items: list[Change | Question], error: BaseException) -> None:
        known = error if isinstance(error, Exception) else RuntimeError(str(error))
        for item in items:
            if not item.done.done():
                item.done.set_exception(translated(known))

    def _gather(self) -> tuple[list[Change | Question], bool]:
        """Wait for something to do, and take all there is; returns whether it is the last."""
        items, self._left = self._left, []
        idle = max(0.01, self.idle_s / 2)
        patience_s = LEFT_S if items else 0 if self._busy else idle
        return self._waiting.take(items, patience_s, self._last)

    def _carry_out(self, items: Sequence[Change | Question]) -> None:
        """Take a turn: one commit, then the questions; others write before the next."""
        changes = [item for item in items if isinstance(item, Change)]
        self._last = len(changes)
        questions = [item for item in items if isinstance(item, Question)]
        try:
            left = self._commit(changes) if changes else []
            self._left = [*left, *self._answer_all(questions, left)]
        finally:
            db.session.remove()

    def _commit(self, changes: list[Change]) -> list[Change]:
        """Carry changes out in one transaction; returns what is left for the next one."""
        late = self._texts.load(change.file_id for change in changes)
        ready = [change for change in changes if change.file_id not in late]
        batch = Batch(self._texts.live_text, self._rights, self._spending)
        try:
            rest = batch.take_all(ready)
            self.updates.remember(batch)  # the commit wakes those who wait for it
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            if not isinstance(error, SQLAlchemyError | ApiError):
                logger.exception("changes of texts failed")
            for file_id in batch.touched:  # these have changes in memory that the database lacks
                self._texts.drop(file_id)
            self.updates.forget(batch)
            for change in ready:
                change.done.set_exception(translated(error))
            rest = []
        else:
            for file_id in batch.spoilt:
                self._texts.spoil(file_id)
            batch.answer()  # not sooner: what is answered is on disk
        return rest + [change for change in changes if change.file_id in late]

    def _answer_all(self, questions: list[Question], left: list[Change]) -> Iterator[Question]:
        """Answer questions; yields those that wait for an earlier change, or another turn."""
        before: dict[int, list[Change]] = {}
        for change in left:
            before.setdefault(change.file_id, []).append(change)
        end, answered = time.thread_time() + TURN_S, 0
        for question in questions:
            if question.follows is None:
                question.follows = list(before.get(question.file_id, ()))
            question.follows = [one for one in question.follows if not one.done.done()]
            late = answered and time.thread_time() > end
            if question.follows or late or self._texts.unready(question.file_id):
                yield question
                continue
            self._answer(question)
            self._texts.squeeze()
            answered += 1

    def _answer(self, question: Question) -> None:
        try:
            live_text = self._texts.live_text(question.file_id)
            live_text.catch_up()
            if live_text.amendment is not None:
                self._amend(question.file_id)
            question.done.set_result(question.ask(live_text))
        except Exception as error:
            if isinstance(error, NotFound):
                self._texts.drop(question.file_id)
            known = unusable(error) if isinstance(error, Unusable) else translated(error)
            question.done.set_exception(known)

    def _amend(self, file_id: int) -> None:
        batch = Batch(self._texts.live_text, self._rights, self._spending)
        try:
            batch.amend(file_id)
            self.updates.remember(batch)
            db.session.commit()
        except Exception:
            db.session.rollback()
            self._texts.drop(file_id)
            raise

    def _tidy(self) -> None:
        """Take one step to compact what has grown, or drop what nobody uses."""
        crowding = self._texts.crowding()
        now, some = time.monotonic(), self._rounds.next(self._texts)
        self._busy = self._rounds.unfinished or crowding is not None
        for file_id in dict.fromkeys([*([] if crowding is None else [crowding]), *some]):
            live_text = self._texts[file_id]
            quiet = now - live_text.used_at >= self.idle_s
            leaves = quiet and not self._hub.followers(f"file:{file_id}")
            if self._step(live_text, quiet=quiet, leaves=leaves or file_id == crowding):
                return

    def _step(self, live_text: LiveText, *, quiet: bool, leaves: bool) -> bool:
        """Take a text's next step, or let it leave; returns whether there may be more to do."""
        step = compaction.next_step(live_text, quiet=quiet, leaves=leaves)
        if step is None:
            if leaves:
                self._texts.drop(live_text.file_id)
            return False
        with self._app.app_context():
            if not compaction.carry_out(step, live_text):
                self._texts.drop(live_text.file_id)
        self._busy = True
        return True


TEXTS: Slot[Writer] = Slot("texts", Writer)


def init_app(app: Flask) -> None:
    """Give an application the writer of its texts."""
    PARTS.of(app).add("texts", TEXTS)


def writer() -> Writer:
    """Return this application's writer."""
    return TEXTS.here()
