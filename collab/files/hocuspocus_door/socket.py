"""One socket that speaks Hocuspocus: it opens texts by name, each with a token, and closes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from simple_websocket import ConnectionClosed

from ...auth.guard import from_token
from ...auth.tokens import TokenExpired
from ...core.caller import Caller
from ...core.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Malformed,
    NotFound,
    Unauthorized,
    translated,
)
from ...core.slots import setting
from ...events.close_codes import NOT_FOUND_CLOSURE, is_final
from ...extensions import db
from ...realtime.budget import SizeLimit
from ...realtime.transport.live import live
from ...realtime.transport.parked import Parked
from ...realtime.transport.places import Seat
from ...realtime.transport.served import Served, Work
from ...realtime.transport.token_bucket import Bucket
from ..editing.rights_cache import FILES_AREA
from ..json_door.messages import load_text
from ..yjs.budget import LONG_MESSAGE_BYTES
from ..yjs.closing import code_for, note_refusal
from ..yjs.follower import FILE_GONE
from ..yjs.line import Line
from ..yjs.protocol import AUTH, MessageReader, sized
from . import protocol
from .editor import NamedEditor, NamedFollower

#: Seconds to open the first text.
AUTH_PATIENCE_S = 30.0
#: Seconds after which a client with an expired token should come back.
EXPIRED_PATIENCE_S = 2.0
#: Texts that one socket may have open.
MAX_TEXTS_PER_SOCKET = 32
#: Bytes of a name.
MAX_NAME_BYTES = 200
#: Seconds that a socket pauses after a refused token.
REFUSAL_REST_S = 0.25


class TooManyTexts(Conflict):
    """A socket may have 32 texts open: open the others on another one."""


class HocuspocusSocket(Served):
    """Serves the providers that share one socket."""

    def __init__(
        self,
        parked: Parked,
        seat: Seat,
        incoming: SizeLimit,
        file_id: int | None,
        who: Caller | None,
        *,
        lf: bool,
    ) -> None:
        """`file_id` is the text of the address, and `who` came with the address; both may lack."""
        self._parked, self._seat, self._incoming = parked, seat, incoming
        self._file_id, self._who, self._lf = file_id, who, lf
        self._line = Line(parked.wire, live().hub)
        self._editors: dict[bytes, NamedEditor] = {}
        self._until = time.monotonic() + AUTH_PATIENCE_S
        self._resume_at = 0.0
        self._bucket = Bucket(setting("MESSAGE_RATE"))
        self._ping_seconds: int = setting("PING_SECONDS")
        #: When to send a heartbeat, if the provider knows them.
        self._ping_at = float("inf")

    def begin(self) -> Work:
        """Wait for the first token."""
        yield from ()

    # -- turns --------------------------------------------------------------------------------

    def take(self, data: str | bytes) -> Work:
        """Carry out one message; those for a text that is not open yet come again once it is."""
        if isinstance(data, str):
            raise Malformed("Hocuspocus messages are binary, not text.")
        try:
            if data != protocol.PONG:
                reader = MessageReader(data)
                key = reader.sized()
                if len(key) > MAX_NAME_BYTES:
                    raise Malformed("The name of the text is too long.")
                yield from self._dispatch(key, reader.rest)
        finally:
            self._incoming.carried_out(len(data))
            db.session.remove()

    def _dispatch(self, key: bytes, message: bytes) -> Work:
        reader = MessageReader(message)
        kind, editor = reader.number(), self._editors.get(key)
        if kind == AUTH or editor is None:
            self._resume_at = time.monotonic() + self._bucket.owed()
        if kind == AUTH:
            yield from self._on_auth(key, reader)
        elif editor is not None:
            with self._one(key):
                if kind != protocol.CLOSE:
                    yield from editor.take(message)
                if kind == protocol.CLOSE or len(message) > LONG_MESSAGE_BYTES:
                    editor.settle_all()  # a long message stays in memory until it is on disk
            if kind == protocol.CLOSE:
                self._drop(key)

    def settle(self) -> None:
        """Handle what has reached the disk of what was sent."""
        for key, editor in tuple(self._editors.items()):
            with self._one(key):
                editor.settle()

    def settle_all(self) -> None:
        """Wait until all of it has."""
        for key, editor in tuple(self._editors.items()):
            with self._one(key):
                editor.settle_all()

    def tick(self) -> None:
        """Do what is due by the clock, or because rights changed."""
        if self._seat.user_id is None and time.monotonic() >= self._until:
            raise TokenExpired("No text was opened in time.")
        for key, editor in tuple(self._editors.items()):
            if editor.follower.gone:
                self._drop(key)
                continue
            with self._one(key):
                editor.tick()
        if time.monotonic() >= self._ping_at:
            self._ping_at = time.monotonic() + self._ping_seconds
            self._say(protocol.PING)

    def patience(self) -> float:
        """Return the seconds until something is due."""
        now = time.monotonic()
        due = [editor.patience() for editor in self._editors.values()]
        if self._seat.user_id is None:
            due.append(self._until - now)
        return min([*due, self._ping_at - now])

    def pause(self) -> float:
        """Return the seconds to wait before the next message is carried out."""
        rests = [editor.pause() for editor in self._editors.values()]
        return max([self._resume_at - time.monotonic(), *rests])

    def leave(self) -> None:
        """Close all texts."""
        self._incoming.end()
        for key in tuple(self._editors):
            self._drop(key)

    # -- opening and closing ------------------------------------------------------------------

    def _on_auth(self, key: bytes, reader: MessageReader) -> Work:
        """Open a text, or renew the token with which it was opened."""
        if reader.number() != protocol.TOKEN:
            return
        token = reader.sized().decode(errors="replace")
        # Providers state their version from 4 on; older ones know no PING, and 2 stumbles over a
        # CLOSE.
        modern = not reader.over
        if modern:
            self._ping_at = min(self._ping_at, time.monotonic() + self._ping_seconds)
        try:
            who = self._person(token, key)
            if (known := self._editors.get(key)) is not None:
                known.renew(who)
            else:
                yield from self._open(key, who, modern=modern)
        except ApiError as error:
            self._deny(key, error, modern=modern)

    def _person(self, token: str, key: bytes) -> Caller:
        """Return who sends a token; raises Unauthorized, Forbidden, TooManyRequests.

        A caller whom the address identifies needs none for the address's text.
        """
        here = protocol.file_of(key) in (None, self._file_id) or self._file_id is None
        who = from_token(token, FILES_AREA) if token else self._who if here else None
        if who is None:
            raise Unauthorized("Send an access token.")
        if self._seat.user_id not in (None, who.user_id):
            raise Forbidden("This socket belongs to somebody else.")
        self._seat.belongs_to(who.user_id)
        self._incoming.known(who.user_id)
        return who

    def _open(self, key: bytes, who: Caller, *, modern: bool) -> Work:
        if len(self._editors) >= MAX_TEXTS_PER_SOCKET:
            raise TooManyTexts()
        file_id = protocol.file_of(key) or self._file_id
        if file_id is None:
            raise NotFound("There is no text with that name: a text is named by its id.")
        text = load_text(file_id, who)
        follower = NamedFollower(who, self._line, key, self._parked.rouse, closes=modern)
        self._editors[key] = NamedEditor(who, text.id, follower, lf=self._lf)
        try:
            yield from self._editors[key].begin()
        except Exception:
            self._drop(key)
            raise

    def _deny(self, key: bytes, error: ApiError, *, modern: bool) -> None:
        """Say why a text is not opened; the socket stays for the others.

        An expired token is nothing final: the provider soon comes back, and then asks for a fresh
        one. After a denial, version 2 would not.
        """
        if error.status >= 429:  # it passes, too
            raise error
        expired = isinstance(error, TokenExpired)
        if expired:
            self._until = time.monotonic() + EXPIRED_PATIENCE_S
        note_refusal("hocuspocus", error)
        self._resume_at = time.monotonic() + REFUSAL_REST_S
        if modern or self._editors or not expired:
            self._say(sized(key) + protocol.denied(error.detail))

    @contextmanager
    def _one(self, key: bytes) -> Iterator[None]:
        """Let an error that is final for one text close that text alone."""
        try:
            yield
        except ApiError as error:
            code = code_for(error)
            if not is_final(code):
                raise
            # It was open: if it is not found now, it was deleted, which the hub announces a bit
            # later.
            detail = FILE_GONE if code == NOT_FOUND_CLOSURE else error.detail
            self._editors[key].follower.lost(code, detail, error.detail)
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        """Release a text; what was sent is carried out anyway."""
        editor = self._editors.pop(key, None)
        if editor is None:
            return
        try:
            editor.leave()
        except ConnectionClosed:
            raise
        except Exception as error:
            translated(error)

    def _say(self, message: bytes) -> None:
        with self._line.gate:
            self._line.add(message)
