"""One text of a socket that speaks Hocuspocus."""

from __future__ import annotations

from collections.abc import Callable

from ...auth.tokens import TokenExpired
from ...core.caller import Caller
from ...core.errors import Forbidden
from ...core.slots import setting
from ..editing.rights_cache import writes
from ..editing.writer import writer
from ..yjs.editor import Editor
from ..yjs.follower import YjsFollower
from ..yjs.line import Line
from ..yjs.protocol import sized
from . import protocol


class NamedFollower(YjsFollower):
    """The hub's view of it."""

    def __init__(
        self, caller: Caller, line: Line, key: bytes, rouse: Callable[[], None], *, closes: bool
    ) -> None:
        """Make one; `closes` tells whether the provider knows a message that closes a text."""
        super().__init__(caller, line, sized(key))
        self._rouse, self._closes = rouse, closes
        #: Whether its role may have changed.
        self.stale = False

    def lost(self, code: int, detail: str, reason: str) -> None:
        """Close this text; the socket stays for the others."""
        with self._gate:  # the hub finds out, and the next message does, too: one of them says it
            if self.gone:
                return
            self.gone = True
        self.say(protocol.denied(detail))
        if self._closes:
            self.say(protocol.closed(reason))
        self._rouse()

    def rights_changed(self) -> None:
        """Check the role again, in the socket's next turn."""
        self.stale = True
        self._rouse()


class NamedEditor(Editor):
    """Serves one provider of one text."""

    follower: NamedFollower
    tells_saved = True

    def __init__(self, caller: Caller, file_id: int, follower: NamedFollower, *, lf: bool) -> None:
        super().__init__(caller, file_id, follower, lf=lf)
        self._grace: int = setting("TOKEN_GRACE_SECONDS")
        self._warned = False
        self._writes: bool | None = None

    def greet(self) -> int:
        """Say what the provider may do; it asks for what it lacks."""
        self._tell_role()
        return int(writer().ask(self._file_id, lambda _, version: version))

    def _tell_role(self) -> None:
        may_write = writes(self.place(self._topic).role, self.caller)
        if may_write != self._writes:
            self._writes = may_write
            self.follower.say(protocol.authenticated(writes=may_write))

    def answered(self) -> None:
        """Ask back, as the stock server does: the provider relies on an answer to what it has."""
        self.ask_for_all()

    def saved(self) -> None:
        """Say so: the provider counts what is unsaved."""
        self.follower.say(protocol.sync_status(saved=True))

    def refused(self, error: Forbidden) -> None:
        """Say so; the provider keeps counting it as unsaved."""
        self.follower.say(protocol.sync_status(saved=False))

    # -- the token ----------------------------------------------------------------------------

    def token_left(self) -> float:
        """Return the seconds until the token needs attention."""
        return super().token_left() + (self._grace if self._warned else 0)

    def tick(self) -> None:
        """Announce a changed role; ask for a fresh token, and end if none comes in time."""
        if self.follower.stale:
            self.follower.stale = False
            self.check_person()
            self._tell_role()
        if self.token_left() > 0:
            return
        if self._warned:
            raise TokenExpired("The access token has expired: connect again with a fresh one.")
        self._warned = True
        self.follower.say(protocol.TOKEN_REQUEST)

    def renew(self, who: Caller) -> None:
        """Go on with a fresh token."""
        if who.session_id != self.caller.session_id:  # the hub ends connections by their session
            raise Forbidden("This text was opened by another session.")
        self.caller, self._warned = who, False
