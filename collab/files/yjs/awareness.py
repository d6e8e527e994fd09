"""Who edits a text with Yjs, and what each editor says about itself: name, colour, cursor.

Editors repeat what they hear, from us and from other tabs of their browser (BroadcastChannel), so a
connection announces more editors than its own. An editor belongs to the connection that announced
it first, and goes with it. Two things distinguish an editor's own word from an echo:

- A stock editor that connects announces itself before it has heard of anybody. What a connection
  says so (`opening`) is its own, also where an older connection, which may be broken, still has it;
  and it speaks for nobody else.
- An editor that has gone is remembered for a while: an echo, whose clock is not higher, brings none
  back. An editor that comes back with its old clock is announced with a higher one: others would
  take no notice of it (y-protocols compares clocks).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Set
from dataclasses import dataclass, field, replace

from ...core.slots import Slot
from ...frozen import frozen
from .protocol import GONE_STATE, MAX_NUMBER, State

#: Bytes of JSON that one editor may say about itself; a picture in it takes the most.
MAX_STATE_BYTES = 64 * 1024
#: Editors of one connection.
MAX_EDITORS = 16
#: Seconds, and editors, for which those who have gone are remembered; others drop one that is
#: silent after 30 s, and an editor that is away raises its clock every 15 s.
REMEMBERED_S = 60.0
MAX_EDITORS_REMEMBERED = 1024


@dataclass
class _Editor:
    #: As it was sent to others.
    state: State
    #: The clock with which its connection announced it, and the highest one heard of: a tab
    #: may have it from another tab, and would not let go of it for a lower one.
    clock: int
    heard: int
    #: Its connection, or the name of the process that has it.
    owner: object
    user_id: int

    def raised(self) -> State:
        """Return its state with a higher clock.

        Whoever loses the connection forgets everybody but for their clocks, and would take no
        notice of the same ones.
        """
        self.state = replace(self.state, clock=self.state.clock + 1)
        return self.state


@frozen
class _Gone:
    clock: int
    user_id: int
    at: float


@dataclass
class _Text:
    #: Each connection, with the editor that it announced while it opened.
    connections: dict[object, int | None] = field(default_factory=dict)
    editors: dict[int, _Editor] = field(default_factory=dict)
    gone: dict[int, _Gone] = field(default_factory=dict)

    def take(self, told: State, owner: object, user_id: int, *, opening: bool) -> State | None:
        """Take in what a connection says about an editor; returns what to send to others."""
        known = self.editors.get(told.client)
        if known is None:
            return self._come(told, owner, user_id, opening=opening)
        # Nobody speaks for another person's editor, whatever client id they take.
        if known.user_id != user_id:
            return None
        if known.owner is not owner and not opening:
            known.heard = max(known.heard, told.clock)
            return None
        if known.owner is owner and told.clock < known.clock:
            return None
        known.owner, known.clock = owner, told.clock
        if told.json == known.state.json and told.clock <= known.state.clock:
            return None
        if told.gone:
            return self.remove(known)
        # Always one higher than what others have: they pass over what is not.
        known.state = replace(told, clock=max(told.clock, known.state.clock + 1))
        return known.state

    def _come(self, told: State, owner: object, user_id: int, *, opening: bool) -> State | None:
        gone, own = self._remembered(told.client), self.connections.get(owner)
        if told.gone:
            return None
        if gone and gone.user_id != user_id:
            return State(told.client, gone.clock, GONE_STATE) if told.clock <= gone.clock else None
        if own not in (None, told.client) or (gone and not opening and told.clock <= gone.clock):
            return self._gone_still(told, gone)
        if sum(one.owner is owner for one in self.editors.values()) >= MAX_EDITORS:
            return None
        # An editor that hears of its own going answers with a clock one higher, and takes what we
        # tell of it afterwards only if that is higher still.
        state = replace(told, clock=max(told.clock, gone.clock + 2 if gone else 0))
        self.editors[told.client] = _Editor(state, told.clock, told.clock, owner, user_id)
        return state

    def hear(self, told: State, origin: str, user_id: int) -> State | None:
        """Take in what another process tells of an editor of its; returns what to send here.

        Clocks are each process' own: to each connection that comes they are raised.
        """
        known, gone = self.editors.get(told.client), self._remembered(told.client)
        if told.gone:
            return self.remove(known) if known is not None and known.owner == origin else None
        if known is not None and known.user_id != user_id:
            return None
        least = known.state.clock + 1 if known else gone.clock + 2 if gone else 0
        state = replace(told, clock=max(told.clock, least))
        heard = max(told.clock, known.heard if known else 0)
        self.editors[told.client] = _Editor(state, told.clock, heard, origin, user_id)
        return state

    def _remembered(self, client: int) -> _Gone | None:
        gone = self.gone.get(client)
        return gone if gone and time.monotonic() - gone.at <= REMEMBERED_S else None

    def _gone_still(self, told: State, gone: _Gone | None) -> State | None:
        """Say again that an editor has gone: a tab that repeats it still shows it."""
        if gone is None:
            return None
        clock = max(told.clock, gone.clock)
        self.gone[told.client] = replace(gone, clock=clock)
        return State(told.client, clock, GONE_STATE)

    def remove(self, editor: _Editor) -> State:
        """Remove an editor, and remember that it has gone; returns what to send to others."""
        client, clock = editor.state.client, max(editor.state.clock, editor.heard)
        del self.editors[client]
        self.gone.pop(client, None)
        self.gone[client] = _Gone(clock, editor.user_id, time.monotonic())
        if len(self.gone) > MAX_EDITORS_REMEMBERED:
            del self.gone[next(iter(self.gone))]
        return State(client, clock, GONE_STATE)


@dataclass
class Awareness:
    """The editors of all texts."""

    _lock: threading.RLock = field(default_factory=threading.RLock)
    _texts: dict[int, _Text] = field(default_factory=dict)

    def in_order(self) -> threading.RLock:
        """Return what to hold from a call that finds something to tell until it is told.

        Else threads overtake each other, and whoever comes between hears last of an editor that has
        gone that it is there.
        """
        return self._lock

    def join(self, file_id: int, owner: object) -> list[State]:
        """Take a connection in, and return what to send it about the editors that are there.

        Whoever has gone is remembered while anybody is there to repeat it.
        """
        with self._lock:
            text = self._texts.setdefault(file_id, _Text())
            text.connections[owner] = None
            return [editor.raised() for editor in text.editors.values()]

    def tell(
        self,
        file_id: int,
        owner: object,
        user_id: int,
        told: list[State],
        *,
        opening: bool = False,
    ) -> list[State]:
        """Take in what a connection says; returns what of it to send to others.

        What is too big, or not the connection's to announce, is passed over: an editor repeats it,
        and closing its connection would help nobody.
        """
        opening = opening and len(told) == 1
        with self._lock:
            text = self._texts.setdefault(file_id, _Text())
            if opening:
                text.connections[owner] = told[0].client
            found = [
                text.take(one, owner, user_id, opening=opening)
                for one in told
                if len(one.json) <= MAX_STATE_BYTES and one.clock < MAX_NUMBER
            ]
        return [one for one in found if one is not None]

    def leave(self, file_id: int, owner: object) -> list[State]:
        """Forget a connection's editors; returns what to send to others."""
        with self._lock:
            text = self._texts.get(file_id, _Text())
            gone = [editor for editor in text.editors.values() if editor.owner == owner]
            told = [text.remove(editor) for editor in gone]
            text.connections.pop(owner, None)
            self._tidy(file_id, text)
        return told

    def _tidy(self, file_id: int, text: _Text) -> None:
        if not text.connections and not text.editors:
            self._texts.pop(file_id, None)

    def hear(self, file_id: int, origin: str, user_id: int, told: list[State]) -> list[State]:
        """Take in what another process tells of its editors; returns what to send to those here."""
        with self._lock:
            text = self._texts.setdefault(file_id, _Text())
            found = [text.hear(one, origin, user_id) for one in told]
            self._tidy(file_id, text)
        return [one for one in found if one is not None]

    def here(self) -> list[tuple[int, int, State]]:
        """Return the editors of this process, each with its text and person."""
        with self._lock:
            return [
                (file_id, editor.user_id, editor.state)
                for file_id, text in self._texts.items()
                for editor in text.editors.values()
                if not isinstance(editor.owner, str)
            ]

    def forget(self, origin: str) -> list[tuple[int, list[State]]]:
        """Forget the editors of a process that has ended; returns what to send, by text."""
        with self._lock:
            texts = tuple(self._texts)
        told = [(file_id, self.leave(file_id, origin)) for file_id in texts]
        return [one for one in told if one[1]]

    def states(self, file_id: int, clients: Set[int] | None = None) -> list[State]:
        """Return the states of all editors that are there, or of some."""
        with self._lock:
            editors = self._texts.get(file_id, _Text()).editors
            return [
                editor.state
                for client, editor in editors.items()
                if clients is None or client in clients
            ]


EDITORS: Slot[Awareness] = Slot("awareness", lambda _: Awareness())
