"""One Yjs editor of a text, whatever door it came through: its document and ours, kept the same."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future

from ...auth import refusals
from ...auth.tokens import TokenExpired
from ...core.caller import Caller
from ...core.errors import Forbidden, Malformed, NotFound
from ...core.slots import setting
from ...events.message import Message
from ...extensions import db
from ...projects import access
from ...realtime.json_door.deferred import MAX_WAITING_BYTES, MAX_WAITING_MESSAGES, result_of
from ...realtime.transport.connection import Connection
from ...realtime.transport.served import Work
from ...realtime.transport.token_bucket import Bucket
from ..editing.changes import of_update
from ..editing.document import Document
from ..editing.live_text import Applied, unusable
from ..editing.rights_cache import writes
from ..editing.writer import writer
from ..models import File
from ..updates.bounds import Unusable
from ..updates.deletions import deletes_anything
from ..updates.structs import Update
from . import protocol
from .awareness import EDITORS, MAX_STATE_BYTES
from .follower import EDITORS_CHANGED, YjsFollower, editors_topic
from .newlines import Newlines
from .protocol import (
    AWARENESS,
    EMPTY_UPDATE,
    QUERY_AWARENESS,
    STEP_1,
    STEP_2,
    SYNC,
    UPDATE,
    MessageReader,
    State,
)

#: Bytes of editors' states in one message; the rest is passed over.
MAX_AWARENESS_BYTES = 2**20
#: Bytes that an update costs on top of its own: its row, its event, and the message.
UPDATE_BYTES = 256
#: Bytes that each struct takes in memory while it waits to be merged.
STRUCT_BYTES = 250
#: About how many bytes of the message go with each state.
STATE_BYTES = 32
#: What it costs to read a state, on top of its bytes, in bytes.
READING_BYTES = 64
#: How many more states than changes an editor may send: it repeats all that it hears.
MAX_STATES_REPEATED = 10


class Editor(Connection):
    """Serves one editor of one text."""

    follower: YjsFollower

    def __init__(
        self, caller: Caller, file_id: int, follower: YjsFollower, *, lf: bool = False
    ) -> None:
        """Make one; `lf` has the text's line breaks as LF while it is there."""
        super().__init__(follower.wire, caller, follower)
        self._newlines = Newlines(file_id, caller) if lf else None
        self._file_id, self._topic = file_id, f"file:{file_id}"
        rate = setting("MESSAGE_RATE")
        self._states = Bucket(rate * MAX_STATES_REPEATED)
        self._pending: deque[tuple[int, Update, Future[Applied]]] = deque()
        self._pending_bytes = 0
        self._resume_at = 0.0
        self._awaits_step_2 = self._refused = False
        #: Whether the editor has heard of nobody yet: what it announces then is itself.
        self._opening = True
        #: Editors whose newest state has not been sent to the others.
        self._untold: dict[int, State] = {}
        self._awareness = EDITORS.here()

    def welcome(self) -> Work:
        """Follow the text, then ask what the editor has; the editor asks for what it lacks."""
        self.check_person()
        place = access.place(self._topic, self.caller)
        with self.following(place):
            editors = {editors_topic(self._file_id): place.project_id}
            self.live.hub.add(self.follower, editors)
            if self._newlines is not None:
                self.follower.counts_lf = not writes(place.role, self.caller)
                self._newlines.begin(counts=not self.follower.counts_lf)
            self.follower.begin(self._file_id, self.greet())
        self.follower.tell(self._awareness.join(self._file_id, self))
        # An editor may be there for days, and must hold no connection to the database.
        db.session.remove()
        yield from ()

    @abstractmethod
    def greet(self) -> int:
        """Say the first words; returns the version after which the editor is told all."""

    @abstractmethod
    def refused(self, error: Forbidden) -> None:
        """Tell an editor, which may go on reading, that a change of its is not taken."""

    def saved(self) -> None:
        """Learn that a change is on disk, or was known."""

    def answered(self) -> None:
        """Learn that the editor has been sent all that it lacked."""

    def ask_for_all(self) -> int:
        """Ask what the editor has that the text lacks; returns the text's version."""
        ask = lambda one, version: (one.vector(), version)  # noqa: E731
        vector, version = writer().ask(self._file_id, ask)
        self._awaits_step_2 = True
        self.follower.ask(protocol.sync(STEP_1, vector))
        return int(version)

    def tick(self) -> None:
        """End when the token has expired: this protocol has no way to renew it."""
        if self.patience() <= 0:
            raise TokenExpired("The access token has expired: connect again with a fresh one.")

    def pause(self) -> float:
        """Return the seconds after which the editor may go on: it sent too much at once."""
        return self._resume_at - time.monotonic()

    def take(self, data: str | bytes) -> Work:
        """Carry out one message; kinds that the stock server passes over are passed over."""
        if isinstance(data, str):
            raise Malformed("Yjs speaks in binary messages, not in text.")
        reader = MessageReader(data)
        kind = reader.number()
        self.check_person()
        self._may_read()
        if kind == SYNC:
            yield from self._on_sync(reader.number(), reader.sized())
            return
        self._rest(self._states.owed())
        if kind == AWARENESS:
            self._on_awareness(reader.sized())
        elif kind == QUERY_AWARENESS:
            self.follower.tell(self._awareness.states(self._file_id))

    def _may_read(self) -> None:
        """Check that the text is there and may still be read; raises NotFound, Forbidden."""
        try:
            self.place(self._topic)
        except NotFound:
            if db.session.get(File, self._file_id) is None:
                raise
            raise Forbidden("You may not read this file any more.") from None

    # -- the document -------------------------------------------------------------------------

    def _on_sync(self, kind: int, data: bytes) -> Work:
        if kind == STEP_1:
            self.settle()
            yield from self._tell_missing(data)
            self.answered()
            return
        # A stock editor answers our step 1 after it has announced itself.
        self._opening &= kind != STEP_2
        if kind not in (STEP_2, UPDATE):
            raise Malformed(f"There is no message {kind} about the document.")
        # An editor that has nothing to tell sends an empty one: it costs nothing, and is saved
        # already.
        if data != EMPTY_UPDATE:
            # As long as this person's edits, on all connections, are over the rate.
            self.owe(len(data) + UPDATE_BYTES)
            self._hand_over(kind, data)
        else:
            self.saved()

    def _hand_over(self, kind: int, data: bytes) -> None:
        """Have what the editor sent merged; what is no update ends it after what came before."""
        all_it_has = kind == STEP_2
        try:
            change = of_update(self._file_id, self.caller, data, all_it_has=all_it_has)
        except Unusable as error:
            self.settle()
            raise unusable(error) from None
        update = change.update or Update(data)
        self._pending.append((kind, update, writer().soon(change)))
        self._pending_bytes += len(data) + STRUCT_BYTES * update.count
        # Bounded: past it this connection waits for the disk, as its own edits have to.
        if len(self._pending) >= MAX_WAITING_MESSAGES or self._pending_bytes >= MAX_WAITING_BYTES:
            self.settle()

    def owe(self, size: int) -> None:
        """Count bytes of edits; go on when the person's, on all connections, are in the rate."""
        self._rest(self.live.edits.owe(self.caller.user_id, size))

    def _rest(self, seconds: float) -> None:
        """Carry out nothing for some seconds."""
        if seconds > 0:
            self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def _tell_missing(self, vector: bytes) -> Work:
        """Send the editor what it lacks, after what it is being sent already."""
        while not self.follower.idle:
            yield
        with self.follower.held():
            ask = lambda one, version: (one.missing(vector), version)  # noqa: E731
            update, version = writer().ask(self._file_id, ask)
            access.place(self._topic, self.caller)  # again, after the reading
            self.follower.answer(protocol.sync(STEP_2, update), version)

    def settle(self) -> None:
        """Wait until what the editor sent is on disk; raises what can't be borne."""
        lacking, self._pending_bytes = False, 0
        while self._pending:
            kind, update, future = self._pending.popleft()
            try:
                applied: Applied = result_of(future)
            except Forbidden as error:
                self._on_refusal(kind, update, error)
                continue
            self._awaits_step_2 &= kind != STEP_2
            if kind == UPDATE and (applied.lacks or not applied.update):
                lacking = True  # it is on disk when all that the editor has is
            else:
                self.saved()
        if lacking:  # something before it was lost: only then does an update change nothing
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

    # -- the other editors --------------------------------------------------------------------

    def _on_awareness(self, data: bytes) -> None:
        if len(data) > MAX_AWARENESS_BYTES:
            return
        told, opening = protocol.states(data, MAX_STATE_BYTES), self._opening
        self._opening = False
        user_id = self.caller.user_id
        self._rest(self.live.heard.owe(user_id, len(data) + READING_BYTES * len(told)))
        news = self._awareness.tell(self._file_id, self, user_id, told, opening=opening)
        self._untold |= {one.client: one for one in news}
        gone = [one for one in news if one.gone]
        size = sum(len(one.json) + STATE_BYTES for one in self._untold.values())
        if self._untold and not self.live.awareness.take(user_id, size):
            self._relay(self._untold.values())
        # Whoever has gone is told in any case: others would show their cursors for ever.
        elif gone:
            self._relay(gone)

    def _relay(self, news: Iterable[State]) -> None:
        states = list(news)
        for one in states:
            self._untold.pop(one.client, None)
        if states:
            topic, user_id = editors_topic(self._file_id), self.caller.user_id
            signal = Message.signal(topic, EDITORS_CHANGED, user_id, {"states": states})
            self.live.hub.signal(signal)

    def finish(self) -> None:
        """Tell the others that this editor has gone; what it sent is carried out anyway."""
        if self._newlines is not None:
            self._newlines.end()
        self.follower.leave()
        self._relay(self._awareness.leave(self._file_id, self))
