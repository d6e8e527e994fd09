"""Server-sent events (WHATWG HTML §9.2): the log as a stream that `curl -N` follows."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from flask import Flask
from simple_websocket import ConnectionClosed

from ...auth.guard import recheck
from ...core.caller import Caller
from ...core.errors import ApiError, Unauthorized
from ...core.json import dumps
from ...core.models import utcnow
from ...events.close_codes import GOING_AWAY, NORMAL_CLOSURE, TOKEN_ENDED
from ...events.hub import Hub
from ...events.message import Message
from ...extensions import db
from ...frozen import frozen
from ...projects import access
from ...projects.access import Place
from ...serving.deadlines import NO_DEADLINE
from ..transport.follower import Follower, begin_at, follow, person, recovered
from ..transport.parked import Parked
from ..transport.reactor import Reactor
from ..transport.served import Served, Work
from ..transport.unread import Unread
from ..transport.wire import LINGER_S, STOP_LINGER_S, Wire

#: Milliseconds after which a browser reconnects automatically.
RETRY_MS = 1000
#: Seconds that the kernel keeps trying to reach a silent peer (RFC 5482). A stream has no pings:
#: without this, a peer that is gone would hold its place for a quarter of an hour.
USER_TIMEOUT_MS = 30_000

#: Linux has it; elsewhere the kernel gives up later.
USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)

HEARTBEAT_COMMENT = b": still here\n\n"

#: Stands for a row's id where a stream says that it ends.
END_ID = -1


def control(name: str, **members: Any) -> bytes:
    """Write something about the stream itself, under its own event name."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), dumps(members))


def resumable(last_id: int, chunk: bytes) -> bytes:
    """Let readers resume after an event: they send its id when they come back."""
    return b"id: %d\n%s" % (last_id, chunk)


class StreamWire(Wire):
    """The only writer of a stream's socket; it writes chunks, if HTTP needs them."""

    def __init__(self, sock: socket.socket, reactor: Reactor, *, chunked: bool) -> None:
        super().__init__(sock, reactor)
        self._chunked = chunked
        if USER_TIMEOUT is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, USER_TIMEOUT, USER_TIMEOUT_MS)

    def push(self, chunk: bytes, last_id: int = 0) -> None:
        """Send a message, now or as soon as the peer takes more."""
        if chunk:
            super().push(self._framed(chunk), last_id)

    def _framed(self, chunk: bytes) -> bytes:
        return b"%x\r\n%s\r\n" % (len(chunk), chunk) if self._chunked else chunk

    def finish(self, last_words: bytes, linger: float = LINGER_S) -> None:
        """End the response after sending what is left, and then the connection."""
        # The last chunk: without it a client would think that the answer was cut off.
        end = b"0\r\n\r\n" if self._chunked else b""
        self._shut(self._framed(last_words) + end, linger)
        self.when_sent(self.abort)

    def shut(self, code: int, reason: str, linger: float = LINGER_S) -> None:
        """Say why the stream ends, and end it."""
        self.finish(control("closing", code=code, reason=reason), linger)

    def cut(self) -> None:
        """End a stream whose reader is too slow, without a word: HTTP has no place for one."""
        if not self.closing:
            self.reactor.on_cut()
        self.abort()


class StreamFollower(Follower):
    """The hub's view of a stream."""

    wire: StreamWire

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write a message as an event; a signal has no id, since nobody can resume there."""
        chunk = b"data: " + message.json + b"\n\n"
        return resumable(message.id, chunk) if message.id else chunk

    def __init__(self, caller: Caller, wire: StreamWire) -> None:
        super().__init__(person(caller), wire)

    def write(self, chunk: bytes, last_id: int) -> None:
        """Send something; nothing, once the stream has ended."""
        if last_id == END_ID:
            self.wire.finish(chunk)
        else:
            self.wire.push(chunk, last_id)

    def too_slow(self) -> None:
        """End a stream whose reader is too slow; they resume with Last-Event-ID."""
        self.wire.cut()

    def dropped(self, topic: str, reason: str) -> None:
        """Tell the reader; with the last topic the stream ends."""
        # After everything sent before: the reader was allowed to see whatever they still get.
        self.say(control("unsubscribed", topic=topic, reason=reason))
        if not self.topics:
            self.end(NORMAL_CLOSURE, reason)

    def end(self, code: int, reason: str) -> None:
        """Let the response end after sending what is left."""
        self.deliver(control("closing", code=code, reason=reason), END_ID)
        if code == GOING_AWAY:  # the reader may be far behind
            self.wire.reactor.expire(self.wire, time.monotonic() + STOP_LINGER_S)


def _code(error: ApiError) -> int:
    return TOKEN_ENDED if isinstance(error, Unauthorized) else NORMAL_CLOSURE


class Stream:
    """One response that goes on until its reader leaves, or has to."""

    def __init__(
        self, app: Flask, hub: Hub, reactor: Reactor, caller: Caller, what: Following
    ) -> None:
        self._app, self._hub, self._reactor = app, hub, reactor
        self._caller, self._what = caller, what

    def park(
        self, sock: socket.socket, *, chunked: bool, at_end: list[Callable[[], None]]
    ) -> Parked:
        """Go on without a thread after the head of the response, which has been sent."""
        wire = StreamWire(sock, self._reactor, chunked=chunked)
        parked = Parked(self._app, wire, Unread(), _end, ping_seconds=NO_DEADLINE)
        follower = StreamFollower(self._caller, wire)
        parked.start(Streaming(self._hub, follower, self._caller, self._what), at_end)
        return parked

    def chunks(self, sock: socket.socket | None) -> Iterator[bytes]:
        """Yield the beginning; where threads wait, as in Werkzeug's server, wait for the end."""
        yield b"retry: %d\n\n" % RETRY_MS
        if sock is not None:
            self.park(sock, chunked=True, at_end=[]).done.wait()


@frozen
class Following:
    """What a stream is about: places, the id to resume after, seconds between heartbeats."""

    places: list[Place]
    after: int | None
    beat: float


def _end(wire: Wire, error: ApiError, code: int) -> NoReturn:
    wire.shut(code or _code(error), error.detail)
    raise ConnectionClosed(code, error.detail)


class Streaming(Served):
    """A stream, turn by turn."""

    def __init__(self, hub: Hub, follower: StreamFollower, caller: Caller, what: Following) -> None:
        self._hub, self._follower, self._caller, self._what = hub, follower, caller, what
        self._beat_at = time.monotonic() + what.beat

    def begin(self) -> Work:
        """Send what was missed, then what happens."""
        follower, what = self._follower, self._what
        # Before checking the rights: a session that ends from here on is announced.
        self._hub.enter(follower)
        with follower.held():
            position = follow(self._hub, follower, what.places, what.after)
            try:
                self._look_again()
            except ApiError as error:  # it ended between the first look and the entry in the hub
                self._hub.leave(follower)
                follower.forget_held()
                follower.end(_code(error), error.detail)
                return
            whole = recovered(what.after)
            start = begin_at(what.after, position)
            # Its id is no newer than what has been sent: a reader who is disconnected before they
            # got what they missed comes back to it, and one who has seen no row yet has an id to
            # send.
            subscribed = self._subscribed(position, whole=whole)
            follower.wire.push(resumable(start, subscribed), start)
            ends = follower.missing(what.places, start, position)
            for chunk, last_id in follower.missed(ends, start, whole):
                follower.wire.push(chunk, last_id)
                yield
        db.session.remove()

    def _look_again(self) -> None:
        caller = recheck(self._caller)
        for place in self._what.places:
            access.place(place.topic, caller)

    def _subscribed(self, position: int, *, whole: bool) -> bytes:
        topics = [place.topic for place in self._what.places]
        return control(
            "subscribed",
            topics=topics,
            last_id=position,
            recovered=whole,
            present={topic: self._hub.present(topic) for topic in topics},
        )

    def take(self, data: str | bytes) -> Work:
        """Ignore what the reader sends."""
        yield from ()

    def tick(self) -> None:
        """End when the token has expired; send a heartbeat now and then."""
        if self._token_left() <= 0:
            self._follower.end(TOKEN_ENDED, "The access token has expired.")
            raise ConnectionClosed(TOKEN_ENDED)
        if time.monotonic() >= self._beat_at:
            self._beat_at = time.monotonic() + self._what.beat
            self._follower.wire.push(HEARTBEAT_COMMENT)

    def patience(self) -> float:
        """Return the seconds until something is due."""
        return min(self._token_left(), self._beat_at - time.monotonic())

    def _token_left(self) -> float:
        return (self._caller.token_expires - utcnow()).total_seconds()

    def leave(self) -> None:
        """Leave the hub, however the response ended."""
        self._hub.leave(self._follower)
