"""Who edits a text with Yjs, and what each editor says about itself: name, colour, cursor.

Editors repeat what they hear, from us and from other tabs of their browser (BroadcastChannel), so a
connection announces more editors than its own. An editor belongs to the connection that announced
it first, and disappears with it. Two things distinguish an editor's own word from an echo:

- A stock editor that connects announces itself before it has heard of anybody. What a connection
  announces then (`opening`) is its own, even where an older connection, which may be broken, still
  has it; and it speaks for nobody else.
- An editor that has left is remembered for a while: an echo, whose clock is not higher, does not
  bring it back. An editor that returns with its old clock is announced with a higher one: others
  would otherwise ignore it (y-protocols compares clocks).
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
#: How many seconds, and how many, editors that have left are remembered; others drop a silent one
#: after 30 s, and an editor that is away raises its clock every 15 s.
REMEMBERED_S = 60.0
MAX_EDITORS_REMEMBERED = 1024


@dataclass
class _Editor:
    #: As it was sent to others.
    state: State
    #: The clock with which its connection announced it, and the highest one heard of: a tab may
    #: have it from another tab, and would not drop it for a lower one.
    clock: int
    heard: int
    #: Its connection, or the name of the process that has it.
    owner: object
    user_id: int

    def raised(self) -> State:
        """Return its state with a higher clock.

        An editor that loses the connection forgets everybody except for their clocks, and would
        ignore the same ones.
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
        # Nobody speaks for another person's editor, whatever client id they use.
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
        # Always one higher than what others have: they ignore anything else.
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
        # An editor that hears that it has left answers with a clock one higher, and accepts what we
        # say about it afterwards only if that is higher still.
        state = replace(told, clock=max(told.clock, gone.clock + 2 if gone else 0))
        self.editors[told.client] = _Editor(state, told.clock, told.clock, owner, user_id)
        return state

    def hear(self, told: State, origin: str, user_id: int) -> State | None:
        """Take in what another process says about one of its editors; returns what to send here.

        Each process has its own clocks: they are raised for each connection that comes.
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
        """Repeat that an editor has left: a tab that echoes it still shows it."""
        if gone is None:
            return None
        clock = max(told.clock, gone.clock)
        self.gone[told.client] = replace(gone, clock=clock)
        return State(told.client, clock, GONE_STATE)

    def remove(self, editor: _Editor) -> State:
        """Remove an editor, and remember that it has left; returns what to send to others."""
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
    #: By process: those that it has to tell of again, by text and client.
    _doubted: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    def in_order(self) -> threading.RLock:
        """Return the lock to hold from a call that finds something to announce until it is sent.

        Otherwise threads overtake each other, and the last that a newcomer hears of an editor that
        has left is that it is there.
        """
        return self._lock

    def join(self, file_id: int, owner: object) -> list[State]:
        """Add a connection, and return what to send it about the editors that are there.

        Editors that have left are remembered while anybody is there to echo them.
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
        """Take in what a connection says; returns what to send to others.

        States that are too big, or not the connection's to announce, are ignored: an editor repeats
        them, and closing its connection would help nobody.
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
        """Take in what another process says about its editors; returns what to send here."""
        with self._lock:
            text = self._texts.setdefault(file_id, _Text())
            found = [text.hear(one, origin, user_id) for one in told]
            self._doubted.get(origin, set()).difference_update((file_id, it.client) for it in told)
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

    def doubt(self, origin: str) -> None:
        """Learn that a process is about to tell of all again: that one has gone may be lost."""
        with self._lock:
            self._doubted[origin] = {
                (file_id, client)
                for file_id, text in self._texts.items()
                for client, editor in text.editors.items()
                if editor.owner == origin
            }

    def settle(self, origin: str) -> list[tuple[int, list[State]]]:
        """Forget those of which a process has not told again; returns what to send, by text."""
        told = []
        with self._lock:
            for file_id, client in self._doubted.pop(origin, ()):
                text = self._texts.get(file_id, _Text())
                editor = text.editors.get(client)
                if editor is not None and editor.owner == origin:
                    told.append((file_id, [text.remove(editor)]))
                    self._tidy(file_id, text)
        return told

    def forget(self, origin: str) -> list[tuple[int, list[State]]]:
        """Forget the editors of a process that has ended; returns what to send, by text."""
        with self._lock:
            self._doubted.pop(origin, None)
            texts = tuple(self._texts)
        told = [(file_id, self.leave(file_id, origin)) for file_id in texts]
        return [one for one in told if one[1]]

    def states(self, file_id: int, clients: Set[int] | None = None) -> list[State]:
        """Return the states of all editors that are there, or of some."""
        with self._lock:
            editors = self._texts.get(file_id, _Text()).editors
            wanted = editors if clients is None else clients & editors.keys()
            return [editors[client].state for client in wanted]


EDITORS: Slot[Awareness] = Slot("awareness", lambda _: Awareness())
