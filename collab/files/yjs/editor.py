"""One Yjs editor of a text, whichever door it came through: its document and ours, kept in sync."""

from __future__ import annotations

from abc import abstractmethod

from ...auth.tokens import TokenExpired
from ...core.caller import Caller
from ...core.errors import Malformed
from ...core.slots import setting
from ...events.message import Message
from ...extensions import db
from ...projects import access
from ...realtime.transport.served import Work
from ...realtime.transport.token_bucket import Bucket
from ..editing.rights_cache import writes
from ..editing.writer import writer
from . import protocol
from .awareness import EDITORS, MAX_STATE_BYTES
from .follower import EDITORS_CHANGED, YjsFollower, editors_topic
from .merging import Merging
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

#: Bytes of editors' states in one message; the rest is ignored.
MAX_AWARENESS_BYTES = 2**20
#: About how many bytes of the message go with each state.
STATE_BYTES = 32
#: What it costs to read a state, on top of its bytes, in bytes.
READING_BYTES = 64
#: How many times as many states as changes an editor may send: it repeats all that it hears.
MAX_STATES_REPEATED = 10


class Editor(Merging):
    """Serves one editor of one text."""

    def __init__(
        self, caller: Caller, file_id: int, follower: YjsFollower, *, lf: bool = False
    ) -> None:
        """Make one; `lf` keeps the text's line breaks LF while the editor is there."""
        super().__init__(caller, file_id, follower)
        self._newlines = Newlines(file_id, caller) if lf else None
        rate = setting("MESSAGE_RATE")
        self._states = Bucket(rate * MAX_STATES_REPEATED)
        #: Whether the editor has heard of nobody yet: what it announces then is itself.
        self._opening = True
        #: Editors whose newest state has not been sent to the others.
        self._untold: set[int] = set()
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
        # An editor may stay for days, and must hold no connection to the database.
        db.session.remove()
        yield from ()

    @abstractmethod
    def greet(self) -> int:
        """Send the first messages; returns the version after which the editor is sent all."""

    def answered(self) -> None:
        """Learn that the editor has been sent all that it lacked."""

    def tick(self) -> None:
        """End when the token has expired: this protocol has no way to renew it."""
        if self.token_left() <= 0:
            raise TokenExpired("The access token has expired: connect again with a fresh one.")

    def take(self, data: str | bytes) -> Work:
        """Carry out one message; ignore the kinds that the stock server ignores."""
        if isinstance(data, str):
            raise Malformed("Yjs messages are binary, not text.")
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

    # -- the document -------------------------------------------------------------------------

    def _on_sync(self, kind: int, data: bytes) -> Work:
        if kind == STEP_1:
            self.settle_all()
            yield from self._tell_missing(data)
            self.answered()
            return
        # A stock editor answers our step 1 after it has announced itself.
        self._opening &= kind != STEP_2
        if kind not in (STEP_2, UPDATE):
            raise Malformed(f"There is no message {kind} about the document.")
        # An editor without news sends an empty one: it costs nothing, and is already saved.
        if data != EMPTY_UPDATE:
            self.merge(kind, data)
        else:
            self.saved()

    def _tell_missing(self, vector: bytes) -> Work:
        """Send the editor what it lacks, after what it is already being sent."""
        while not self.follower.idle:
            yield
        with self.follower.held():
            ask = lambda one, version: (one.missing(vector), version)  # noqa: E731
            update, version = writer().ask(self._file_id, ask)
            access.place(self._topic, self.caller)  # again, after the reading
            self.follower.answer(protocol.sync(STEP_2, update), version)

    # -- the other editors --------------------------------------------------------------------

    def _on_awareness(self, data: bytes) -> None:
        if len(data) > MAX_AWARENESS_BYTES:
            return
        told, opening = protocol.states(data, MAX_STATE_BYTES), self._opening
        self._opening = False
        user_id = self.caller.user_id
        self._rest(self.live.heard.owe(user_id, len(data) + READING_BYTES * len(told)))
        with self._awareness.in_order():
            news = self._awareness.tell(self._file_id, self, user_id, told, opening=opening)
            self._untold |= {one.client for one in news}
            gone = [one for one in news if one.gone]
            # Whatever is sent later is their state at that time.
            all_of_them = gone + self._awareness.states(self._file_id, self._untold)
            size = sum(len(one.json) + STATE_BYTES for one in all_of_them)
            if self._untold and not self.live.awareness.take(user_id, size):
                self._untold.clear()
                self._relay(all_of_them)
            # Departures are announced in any case: others would show these cursors for ever.
            else:
                self._untold -= {one.client for one in gone}
                self._relay(gone)

    def _relay(self, states: list[State]) -> None:
        if states:
            topic, user_id = editors_topic(self._file_id), self.caller.user_id
            signal = Message.signal(topic, EDITORS_CHANGED, user_id, {"states": states})
            self.live.hub.signal(signal)

    def finish(self) -> None:
        """Tell the others that this editor has left; what it sent is carried out anyway."""
        if self._newlines is not None:
            self._newlines.end()
        self.follower.leave()
        with self._awareness.in_order():
            self._relay(self._awareness.leave(self._file_id, self))
