"""What a Yjs editor has sent, until it is on disk: handed to the texts' thread, and its outcome."""

from __future__ import annotations

import time
from abc import abstractmethod
from concurrent.futures import Future

from ...auth import refusals
from ...core.caller import Caller
from ...core.errors import ApiError, Forbidden, NotFound
from ...extensions import db
from ...realtime.json_door.deferred import Promised, result_of
from ...realtime.transport.connection import Connection
from ..editing.changes import Change, of_update
from ..editing.document import Document
from ..editing.live_text import Applied, unusable
from ..editing.writer import writer
from ..models import File
from ..updates.bounds import Unusable
from ..updates.deletions import deletes_anything
from ..updates.structs import Update
from . import protocol
from .follower import YjsFollower
from .protocol import STEP_1, STEP_2, UPDATE

#: Bytes that each struct takes in memory while it waits to be merged.
STRUCT_BYTES = 250

#: Bytes that an update costs on top of its own: its row, its event, and the message.
UPDATE_BYTES = 256
#: Bytes of an update that is handed over in the thread that reads: a word or two, which it takes
#: some 0.2 ms at most to take apart.
MAX_TYPED_BYTES = 128

#: A change that an editor sent: its kind of message, and what is in it.
Sent = tuple[int, Update]


class Saving(Connection):
    """A connection whose changes of one text wait for their commit."""

    follower: YjsFollower

    def __init__(self, caller: Caller, file_id: int, follower: YjsFollower) -> None:
        super().__init__(follower.wire, caller, follower)
        self._file_id, self._topic = file_id, f"file:{file_id}"
        self._pending = Promised(self._is_saved, self._on_done, lambda: self.rouse())
        #: Kept, since the thread that reads asks it, outside of the application.
        self._writer = writer()
        self._resume_at = 0.0
        self._awaits_step_2 = self._refused = self._lacking = False

    @abstractmethod
    def refused(self, error: Forbidden) -> None:
        """Tell an editor, which may go on reading, that a change of its is not taken."""

    def saved(self) -> None:
        """Learn that a change is on disk, or was known."""

    def ask_for_all(self) -> int:
        """Ask what the editor has that the text lacks; returns the text's version."""
        ask = lambda one, version: (one.vector(), version)  # noqa: E731
        vector, version = writer().ask(self._file_id, ask)
        self._awaits_step_2 = True
        self.follower.ask(protocol.sync(STEP_1, vector))
        return int(version)

    def _may_read(self) -> None:
        """Check that the text is there and may still be read; raises NotFound, Forbidden."""
        try:
            self.place(self._topic)
        except NotFound:
            if db.session.get(File, self._file_id) is None:
                raise
            raise Forbidden("You may not read this file any more.") from None

    def pause(self) -> float:
        """Return the seconds after which the editor may go on: it sent too much at once."""
        return self._resume_at - time.monotonic()

    def owe(self, size: int) -> None:
        """Count bytes of edits; go on when the person's, on all connections, are in the rate."""
        self._pause_for(self.live.edits.owe(self.caller.user_id, size))

    def _pause_for(self, seconds: float) -> None:
        """Carry out nothing for some seconds."""
        if seconds > 0:
            self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def _hand_over(self, kind: int, data: bytes) -> None:
        """Have what the editor sent merged; what is no update ends it after what came before."""
        all_it_has = kind == STEP_2
        try:
            change = of_update(self._file_id, self.caller, data, all_it_has=all_it_has)
        except Unusable as error:
            self.settle()
            raise unusable(error) from None
        self._put(kind, change, data)

    def _put(self, kind: int, change: Change, data: bytes) -> None:
        update = change.update or Update(data)
        # Bounded: past it this connection waits for the disk, as its own edits have to.
        size = len(data) + STRUCT_BYTES * update.count
        self._pending.add((kind, update), size, writer().soon(change))

    @property
    def hurries(self) -> bool:
        """Return whether typing takes no time: rights are known, and the text is in memory."""
        known = self._epoch == self.live.bell.rights_epoch and self.knows(self._topic)
        return known and self._writer.has(self._file_id)

    def type_at_once(self, update: bytes) -> bool:
        """Hand over what was typed; False leaves it to a turn, which says what is wrong."""
        room = self._pending.has_room(STRUCT_BYTES * MAX_TYPED_BYTES)
        if len(update) > MAX_TYPED_BYTES or self.pause() > 0 or not (self.hurries and room):
            return False
        try:
            change = of_update(self._file_id, self.caller, update)
            self._put(UPDATE, change, update)
        except (Unusable, ApiError):
            return False
        self.owe(len(update) + UPDATE_BYTES)
        return True

    def settle(self) -> None:
        """Wait until what the editor sent is on disk; raises what can't be borne."""
        self._pending.settle()
        self._ask_if_lacking()

    def rest(self) -> None:
        """See to what could not be merged as it came."""
        self._pending.take_done()
        self._ask_if_lacking()

    def _is_saved(self, sent: Sent, applied: Applied) -> bool:
        """Take what became of a change in the thread that made it, unless more is to be done."""
        if sent[0] != UPDATE or applied.lacks or not applied.update:
            return False
        if not self.follower.gone:
            self.saved()
        return True

    def _on_done(self, sent: Sent, future: Future[Applied]) -> None:
        kind, update = sent
        try:
            applied: Applied = result_of(future)
        except Forbidden as error:
            self._on_refusal(kind, update, error)
            return
        self._awaits_step_2 &= kind != STEP_2
        if kind == UPDATE and (applied.lacks or not applied.update):
            self._lacking = True  # it is on disk when all that the editor has is
        else:
            self.saved()

    def _ask_if_lacking(self) -> None:
        if self._lacking:  # something was lost: only then does an update change nothing
            self._lacking = False
            self.ask_for_all()

    def _on_refusal(self, kind: int, update: Update, error: Forbidden) -> None:
        """Go on with an editor that only reads: it always sends all it has, and people try keys."""
        self._may_read()
        if kind == STEP_2 and self._is_known(update):
            self.saved()
            return
        if not self._refused:  # once: somebody who only reads may lean on a key
            self._refused = True
            refusals.access(self.caller.user_id, "WEBSOCKET", f"update {self._topic}", error)
        self.refused(error)

    def _is_known(self, update: Update) -> bool:
        """Return whether there is nothing new in what was asked for."""
        if not self._awaits_step_2:
            return False
        self._awaits_step_2 = False
        try:
            return self._has_no_news(update)
        except Unusable as error:
            raise unusable(error) from None

    def _has_no_news(self, update: Update) -> bool:
        user_id = self.caller.user_id

        def state(document: Document, _: int) -> bytes | None:
            plan = document.plan(update, user_id, all_it_has=True)
            return None if plan.structs or plan.missing else document.state()

        known = writer().ask(self._file_id, state)
        return known is not None and not deletes_anything(known, update)
