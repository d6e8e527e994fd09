"""What a Yjs editor sends for a text: handing it over to be merged, and what becomes of it."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import ClassVar

from ...auth import refusals
from ...core.caller import Caller
from ...core.errors import Forbidden, NotFound
from ...extensions import db
from ...realtime.json_door.deferred import Deferred, Request
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
from .bursts import small_update
from .follower import READING_OVER, YjsFollower
from .protocol import EMPTY_UPDATE, STEP_1, STEP_2, UPDATE

#: Bytes that an update costs on top of its own: its row, its event, and the message.
UPDATE_BYTES = 256
#: Bytes that each struct takes in memory while it waits to be merged.
STRUCT_BYTES = 250


class Merging(Connection):
    """An editor whose changes of one text are merged."""

    follower: YjsFollower
    #: Whether it is told that a change is on disk.
    tells_saved: ClassVar[bool] = False

    def __init__(self, caller: Caller, file_id: int, follower: YjsFollower) -> None:
        super().__init__(follower.wire, caller, follower)
        self._file_id, self._topic = file_id, f"file:{file_id}"
        self._deferred = Deferred(follower.wire, self._finish)
        self._resume_at = 0.0
        self._awaits_step_2 = self._refused = self._lacks = False

    @abstractmethod
    def refused(self, error: Forbidden) -> None:
        """Tell an editor, which may go on reading, that its change is not accepted."""

    def saved(self) -> None:
        """Learn that a change is on disk, or was known already."""

    def patience(self) -> float:
        """Return the seconds until something is due."""
        return min(super().patience(), self._deferred.patience())

    def pause(self) -> float:
        """Return the seconds after which the editor may go on: it sent too much at once."""
        return self._resume_at - time.monotonic()

    def owe(self, size: int) -> None:
        """Count bytes of edits; go on when the person's total is within the rate."""
        self._rest(self.live.edits.owe(self.caller.user_id, size))

    def _rest(self, seconds: float) -> None:
        """Carry out nothing for some seconds."""
        if seconds > 0:
            self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def _may_read(self) -> None:
        """Check that the text is there and may still be read; raises NotFound, Forbidden."""
        try:
            self.place(self._topic)
        except NotFound:
            if db.session.get(File, self._file_id) is None:
                raise
            raise Forbidden(f"{READING_OVER}.") from None

    # -- handing over -------------------------------------------------------------------------

    def merge(self, kind: int, data: bytes) -> None:
        """Have what the editor sent merged; a non-update ends it, after what came before."""
        # For as long as this person's edits, on all connections, exceed the rate.
        self.owe(len(data) + UPDATE_BYTES)
        all_it_has = kind == STEP_2
        try:
            change = of_update(self._file_id, self.caller, data, all_it_has=all_it_has)
        except Unusable as error:
            self.settle_all()
            raise unusable(error) from None
        self._hand_over(kind, change)

    @property
    def hurries(self) -> bool:
        """Return whether rights need not be looked up."""
        known = self._epoch == self.live.bell.rights_epoch and self.knows(self._topic)
        return known and self.pause() <= 0

    def at_once(self, data: str | bytes) -> bool:
        """Hand over a small change; everything else is for a turn."""
        update = small_update(data)
        if update is None or update == EMPTY_UPDATE or not self.hurries:
            return False
        try:
            change = of_update(self._file_id, self.caller, update)
        except Unusable:
            return False
        if self._file_id not in writer() or not self._deferred.has_room(_memory_of(change)):
            return False
        self.owe(len(update) + UPDATE_BYTES)
        self._hand_over(UPDATE, change)
        return True

    def _hand_over(self, kind: int, change: Change) -> None:
        what, size = (kind, change.update), _memory_of(change)
        # Nothing is said about a change that is on disk; everything else is for a turn.
        plain = kind == UPDATE and not self.tells_saved
        answer = lambda applied: b"" if plain and _is_whole(applied) else None  # noqa: E731
        self._deferred.add(what, size, writer().soon(change), answer)

    # -- what becomes of it -------------------------------------------------------------------

    def settle(self) -> None:
        """Handle what has reached the disk of what the editor sent; raises errors that end it."""
        self._settle(wait=False)

    def settle_all(self) -> None:
        """Do the same once all of it has."""
        self._settle(wait=True)

    def _settle(self, *, wait: bool) -> None:
        self._deferred.settle(wait=wait)
        if self._lacks:  # something before it was lost: only then does an update change nothing
            self._lacks = False
            self.ask_for_all()

    def _finish(self, request: Request) -> None:
        kind, update = request.what
        try:
            applied: Applied = request.result()
        except Forbidden as error:
            self._on_refusal(kind, update, error)
            return
        self._awaits_step_2 &= kind != STEP_2
        if kind == UPDATE and not _is_whole(applied):
            self._lacks = True  # it is on disk when everything that the editor has is
        else:
            self.saved()

    def ask_for_all(self) -> int:
        """Ask for what the editor has and the text lacks; returns the text's version."""
        ask = lambda one, version: (one.vector(), version)  # noqa: E731
        vector, version = writer().ask(self._file_id, ask)
        self._awaits_step_2 = True
        self.follower.ask(protocol.sync(STEP_1, vector))
        return int(version)

    def _on_refusal(self, kind: int, update: Update, error: Forbidden) -> None:
        """Keep an editor that only reads: it always sends all it has, and people press keys."""
        self._may_read()
        if kind == STEP_2 and self._is_known(update):
            self.saved()
            return
        if not self._refused:  # once: somebody who only reads may lean on a key
            self._refused = True
            refusals.access(self.caller.user_id, "WEBSOCKET", f"update {self._topic}", error)
        self.refused(error)

    def _is_known(self, update: Update) -> bool:
        """Return whether what was asked for has nothing new."""
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


def _memory_of(change: Change) -> int:
    """Return about how many bytes a change takes while it waits."""
    return change.weight + STRUCT_BYTES * (change.update.count if change.update else 0)


def _is_whole(applied: Applied) -> bool:
    """Return whether an update was useful without what may have come before it."""
    return bool(applied.update) and not applied.lacks
