"""What Yjs editors are sent: the log's updates of the text, and each other's states.

An editor is never behind by messages, only by versions and by the newest states of others. So none
is disconnected for what others send, or for its own echo: nothing is added until it has taken what
it was sent; then it gets everything that changed meanwhile in one update.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import accumulate
from typing import Any

from sqlalchemy import select

from ...core.caller import Caller
from ...core.errors import ApiError
from ...events.close_codes import FORBIDDEN_CLOSURE, NOT_FOUND_CLOSURE, TRY_AGAIN_LATER
from ...events.message import Message
from ...extensions import db
from ...frozen import frozen
from ...realtime.transport.connection import WireFollower
from ...realtime.transport.follower import PIECE_BYTES
from ...realtime.transport.frames import BINARY, frame
from ..editing import store
from ..editing.writer import writer
from ..models import FileChange
from . import protocol
from .line import Line, OnLine
from .protocol import UPDATE, State

#: Events after which the text no longer exists; the others take the right to it away.
DELETIONS = ("file.deleted", "workspace.deleted", "project.deleted")
#: What an editor is told then: a deletion has the same words whatever notices it first, since
#: programs compare them.
FILE_GONE = "This file is gone"
READING_OVER = "You may not read this file any more"
#: Versions that are sent in one update.
MAX_VERSIONS_PER_UPDATE = 500
#: About how many bytes of them.
MAX_BYTES_PER_UPDATE = 4 * 2**20


def editors_topic(file_id: int) -> str:
    """Return the topic of a text's Yjs editors, for their states; nobody else can follow it."""
    return f"yjs:{file_id}"


#: The type of the signal that tells them; it is not an event, and goes only to them.
EDITORS_CHANGED = "editors.changed"


@frozen
class News:
    """What is new for the editors of a text: versions up to one, and states of editors."""

    file_id: int
    #: The version before, and the newest one; both the same if there are only states.
    base: int
    version: int
    states: Sequence[State]
    #: Whether there may be a CR in it.
    cr: bool

    @cached_property
    def joined(self) -> tuple[bytes, int]:
        """Return the versions as one update, made once for all who know the version before."""
        return joined(self.file_id, self.base, self.version)

    @cached_property
    def _frames(self) -> dict[bytes, bytes]:
        return {}

    def frame(self, address: bytes) -> bytes:
        """Return the update as a frame, made once for all at an address; empty for a long one."""
        found = self._frames.get(address)
        if found is None:
            message = address + protocol.sync(UPDATE, self.joined[0])
            found = frame(BINARY, message) if len(message) <= PIECE_BYTES else b""
            self._frames[address] = found
        return found


class YjsFollower(WireFollower, OnLine):
    """The hub's view of a Yjs editor."""

    def __init__(self, caller: Caller, line: Line, address: bytes = b"") -> None:
        """`address` is written before each message, where a socket has several editors."""
        super().__init__(caller, line.wire)
        self._line, self._address = line, address
        self._gate = line.gate
        self._file_id = 0
        self._holding = False
        #: The version that the editor knows or is being sent, and the newest one.
        self._known = self._newest = 0
        #: What else it has yet to be sent: others' newest states.
        self._states: dict[int, State] = {}
        #: Whether it has lost the text, or left it: it is sent nothing more.
        self.gone = False
        #: Whether it can't count a CR, and may not keep others from bringing one.
        self.counts_lf = False
        with self._gate:
            line.join(self)

    @staticmethod
    def encode(_: Message) -> bytes:
        """Write nothing: see `chunk`."""
        return b""

    def chunk(self, messages: Sequence[Message]) -> News:
        """Gather what is new; each editor is sent the part that it lacks."""
        file_id = int(messages[0].topic.partition(":")[2])
        versions = [one.data["version"] for one in messages if one.type == "file.edited"]
        told = [one for one in messages if one.type == EDITORS_CHANGED and not one.id]
        states: dict[int, State] = {}
        for one in told:
            protocol.merge(states, one.data["states"])
        newest = max(versions, default=0)
        edits = [one.data["edits"] for one in messages if one.type == "file.edited"]
        cr = any(some is None or any("\r" in it.get("insert", "") for it in some) for some in edits)
        return News(file_id, min(versions, default=1) - 1, newest, list(states.values()), cr)

    # -- from the hub -----------------------------------------------------------------------------

    def deliver(self, chunk: Any, last_id: int) -> None:
        """Send what is new, now or once the editor has read what it was sent before."""
        if chunk.cr and self.counts_lf:
            self.end(TRY_AGAIN_LATER, "The text may have other line breaks than LF now.")
        with self._gate:
            self._file_id = chunk.file_id
            self._newest = max(self._newest, chunk.version)
            protocol.merge(self._states, chunk.states)
            self._go_on(chunk)

    def hint(self, chunk: Any) -> None:
        """Do the same with states; only the newest of each editor waits."""
        self.deliver(chunk, 0)

    def resume(self) -> None:
        """Continue where sending was postponed."""
        with self._gate:
            self._go_on(None)

    def dropped(self, topic: str, reason: str) -> None:
        """End: there is nothing else to follow here."""
        gone = reason in DELETIONS
        detail = FILE_GONE if gone else READING_OVER
        code = NOT_FOUND_CLOSURE if gone else FORBIDDEN_CLOSURE
        self.lost(code, detail, f"{detail} ({reason}).")

    @abstractmethod
    def lost(self, code: int, detail: str, reason: str) -> None:
        """Tell the editor that it has lost the text, and for good."""

    # -- from the connection ----------------------------------------------------------------------

    def begin(self, file_id: int, version: int) -> None:
        """Send what is newer than a version; the editor will ask for what is older."""
        with self._gate:
            self._file_id, self._known = file_id, version

    def answer(self, message: bytes, version: int) -> None:
        """Send, at the editor's pace, all that it lacked up to a version."""
        with self._gate:
            self._known = max(self._known, version)
            self._send(message)

    def tell(self, states: Sequence[State]) -> None:
        """Send editors' states as soon as there is nothing else to send."""
        with self._gate:
            protocol.merge(self._states, states)
            self._tell_states()

    def ask(self, message: bytes) -> None:
        """Send a short message as soon as none is on its way; a newer one replaces it."""
        with self._gate:
            self._line.ask(self, self._address + message)

    def say(self, message: bytes) -> None:
        """Send a short message as soon as none is on its way."""
        with self._gate:
            self._line.add(self._address + message)

    def leave(self) -> None:
        """Be sent nothing more."""
        with self._gate:
            self.gone = True
            self._line.leave(self)

    @property
    def idle(self) -> bool:
        """Return whether no message is on its way; if one is, go on sending it."""
        with self._gate:
            self._line.pump()
            return self._line.idle

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold everything back within this block, and send it at its end."""
        with self._gate:
            self._holding = True
        try:
            yield
        finally:
            with self._gate:
                self._holding = False
            self._line.go_on_later()

    def forget_held(self) -> None:
        """Drop what was held back: there was no longer a right to it."""
        with self._gate:
            self._newest = self._known
            self._states.clear()

    # -- sending ----------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Return whether there is something that it has yet to be sent."""
        news = self._newest > self._known or bool(self._states)
        return news and not self._holding and not self.gone

    @property
    def _busy(self) -> bool:
        return self._holding or self.gone or self._line.busy

    def _go_on(self, news: News | None) -> None:
        self._line.pump()
        while self._newest > self._known and not self._busy:
            if news and (news.base, news.version) == (self._known, self._newest):
                update, self._known = news.joined
                if self._line.send_at_once(news.frame(self._address)):
                    continue
            else:
                update, self._known = joined(self._file_id, self._known, self._newest)
            self._send(protocol.sync(UPDATE, update))
        self._tell_states()

    def _tell_states(self) -> None:
        if self._states and not self._busy:
            states, self._states = self._states, {}
            self._send(protocol.awareness(states.values()))

    def _send(self, message: bytes) -> None:
        self._line.send(self._address + message)


def joined(file_id: int, known: int, newest: int) -> tuple[bytes, int]:
    """Return what changed after a version as one update, and up to which version it goes.

    If some of it has been compacted meanwhile, the whole document is sent.
    """
    from pycrdt import merge_updates  # large, and only needed once a text is opened

    found = _updates(file_id, known, min(newest, known + MAX_VERSIONS_PER_UPDATE))
    sizes = accumulate(map(len, found))
    used = max(1, sum(size <= MAX_BYTES_PER_UPDATE for size in sizes))
    if found:
        some = found[:used]
        return merge_updates(*some) if len(some) > 1 else some[0], known + len(some)
    try:
        return merge_updates(*store.load(file_id).all), newest
    except ApiError:  # it has been deleted meanwhile
        return protocol.EMPTY_UPDATE, newest


def _updates(file_id: int, known: int, newest: int) -> list[bytes]:
    """Return the updates of some versions, up to the first that only a checkpoint has."""
    kept = writer().updates
    found = [kept.get((file_id, version)) for version in range(known + 1, newest + 1)]
    if None in found:
        here = (FileChange.file_id == file_id, FileChange.version.between(known + 1, newest))
        rows = db.session.execute(select(FileChange.version, FileChange.update).where(*here))
        stored = {version: update for version, update in rows if update}
        found = [stored.get(version) for version in range(known + 1, newest + 1)]
    end = found.index(None) if None in found else len(found)
    return [one for one in found[:end] if one is not None]
