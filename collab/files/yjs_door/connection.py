"""One editor that speaks the protocol of y-websocket, on its own socket."""

from __future__ import annotations

from collections import deque
from typing import NoReturn

from simple_websocket import ConnectionClosed

from ...core.caller import Caller
from ...core.errors import ApiError, Forbidden
from ...extensions import db
from ...realtime.budget import SizeLimit
from ...realtime.transport.frames import BINARY, frame
from ...realtime.transport.incoming import Join
from ...realtime.transport.live import live
from ...realtime.transport.served import Work
from ...realtime.transport.wire import Wire
from ..yjs import bursts, protocol
from ..yjs.budget import LONG_MESSAGE_BYTES
from ..yjs.closing import code_for
from ..yjs.editor import Editor
from ..yjs.follower import YjsFollower
from ..yjs.line import Line
from ..yjs.merging import UPDATE_BYTES


def end(wire: Wire, error: ApiError, code: int = 0) -> NoReturn:
    """Say what is wrong, as y-protocols can, and close; raises ConnectionClosed."""
    code = code or code_for(error)
    # In the middle of a message only closing can say it.
    if error.status in (401, 403, 404) and not wire.amid_message:
        wire.push(frame(BINARY, protocol.denied(error.detail)))
    wire.shut(code, error.detail)
    raise ConnectionClosed(code, error.detail)


class StockFollower(YjsFollower):
    """The hub's view of it."""

    def lost(self, code: int, detail: str, reason: str) -> None:
        """Say so, and close."""
        self.say(protocol.denied(detail))
        self.wire.shut(code, reason)


class YjsConnection(Editor):
    """Serves it."""

    def __init__(
        self, wire: Wire, caller: Caller, file_id: int, incoming: SizeLimit, *, lf: bool
    ) -> None:
        super().__init__(caller, file_id, StockFollower(caller, Line(wire, live().hub)), lf=lf)
        self._incoming = incoming

    def greet(self) -> int:
        """Ask what the editor has; it asks for what it lacks."""
        return self.ask_for_all()

    def refused(self, error: Forbidden) -> None:
        """Say so; the stock provider warns of it on the console."""
        self.follower.say(protocol.denied(error.detail))

    def take(self, data: str | bytes) -> Work:
        """Carry out one message."""
        try:
            yield from super().take(data)
            if len(data) > LONG_MESSAGE_BYTES:
                self.settle_all()  # a long message stays in memory until it is on disk
        finally:
            self._incoming.carried_out(len(data))
            db.session.remove()

    @property
    def join(self) -> Join:
        """Return few messages that say what was typed, or written by a program, too fast."""
        return self._join

    def _join(self, messages: deque[str | bytes]) -> None:
        # Each change costs what it would have cost on its own.
        sent, size = len(messages), sum(map(len, messages))
        bursts.join(messages)
        fewer, less = sent - len(messages), size - sum(map(len, messages))
        if fewer:
            self.owe(fewer * UPDATE_BYTES + max(0, less))

    def finish(self) -> None:
        """Release what was read."""
        self._incoming.end()
        super().finish()
