"""Server-sent events (WHATWG HTML §9.2): the log as a stream that `curl -N` follows."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask

from ..auth.guard import recheck
from ..core.errors import ApiError, Unauthorized
from ..core.http.caller import Caller
from ..core.json import dumps
from ..core.models import utcnow
from ..events.hub import GOING_AWAY, TOKEN_ENDED, Hub
from ..events.message import Message
from ..extensions import db
from ..projects import access
from ..projects.access import Place
from .follower import Follower, follow, person, recovered
from .frames import NORMAL_CLOSURE
from .reactor import Reactor
from .wire import STOP_LINGER_S, UNSENT_LIMIT

#: Milliseconds after which a browser comes back by itself.
RETRY_MS = 1000
#: Seconds that the kernel keeps trying to reach a silent peer (RFC 5482).
USER_TIMEOUT_MS = 30_000

#: Linux has it; elsewhere the kernel gives up later.
USER_TIMEOUT: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)

HEARTBEAT = b": still here\n\n"

#: Stands for a row's id where a stream says that it ends.
LAST_WORDS = -1


def control(name: str, **members: Any) -> bytes:
    """Write something about the stream itself, under an event name of its own."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), dumps(members))


class StreamFollower(Follower):
    """The hub's view of a stream: a bounded buffer that the response's thread empties."""

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write a message as an event; a signal has no id, so that it is no place to resume."""
        line = b"id: %d\n" % message.id if message.id else b""
        return line + b"data: " + message.json + b"\n\n"

    def __init__(self, caller: Caller, sock: socket.socket | None, reactor: Reactor) -> None:
        super().__init__(person(caller))
        self._sock, self._reactor = sock, reactor
        self._ready = threading.Condition()
        self._chunks: list[bytes] = []
        self._unsent = 0
        self.ended = False
        #: When a stream that the server's stop ends is cut, on the monotonic clock.
        self.deadline = 0.0
        if sock is not None and USER_TIMEOUT is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, USER_TIMEOUT, USER_TIMEOUT_MS)

    @property
    def unsent(self) -> int:
        """Return how many bytes wait for the response's thread."""
        return self._unsent

    def write(self, chunk: bytes, last_id: int) -> None:
        """Leave something for the response's thread; behind the last words nothing."""
        with self._ready:
            if self.ended:
                return
            self.ended = last_id == LAST_WORDS
            self._chunks.append(chunk)
            self._unsent += len(chunk)
            self._ready.notify()
            if self._unsent <= UNSENT_LIMIT:
                return
        self.too_slow()

    def take(self, timeout: float) -> bytes:
        """Wait for something to send; empty when the time is over."""
        with self._ready:
            self._ready.wait_for(lambda: self._chunks or self.ended, timeout)
            chunk = b"".join(self._chunks)
            self._chunks.clear()
            self._unsent = 0
            return chunk

    def too_slow(self) -> None:
        """End a stream whose reader takes too little; he resumes with Last-Event-ID."""
        with self._ready:
            self.ended = True
            self._chunks.clear()
            self._ready.notify()
        if self._sock is not None:  # the thread may hang in a write to it
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def dropped(self, topic: str, reason: str) -> None:
        """Tell the reader; with the last topic the stream ends."""
        self.deliver(control("unsubscribed", topic=topic, reason=reason), 0)
        if not self.topics:
            self.end(NORMAL_CLOSURE, reason)

    def end(self, code: int, reason: str) -> None:
        """Let the response end behind what is left to send."""
        self.deliver(control("closing", code=code, reason=reason), LAST_WORDS)
        if code == GOING_AWAY:  # the response's thread may hang in a write
            self.deadline = time.monotonic() + STOP_LINGER_S
            self._reactor.expire(self)

    def abort(self) -> None:
        """Be cut at the deadline."""
        self.too_slow()

    def close(self) -> None:
        """Learn that the response has ended."""
        self._reactor.forget(self)
        self._sock = None


def _code(error: ApiError) -> int:
    return TOKEN_ENDED if isinstance(error, Unauthorized) else NORMAL_CLOSURE


class Stream:
    """One response that goes on until its reader leaves, or has to."""

    def __init__(self, app: Flask, hub: Hub, follower: StreamFollower, caller: Caller) -> None:
        self._app, self._hub, self._follower, self._caller = app, hub, follower, caller

    def chunks(self, places: list[Place], after: int | None, beat: float) -> Iterator[bytes]:
        """Yield what was missed, then what happens, and a sign of life every `beat` seconds."""
        yield b"retry: %d\n\n" % RETRY_MS
        with self._app.app_context():
            yield from self._catch_up(places, after)
        while not self._follower.ended:
            left = (self._caller.token_expires - utcnow()).total_seconds()
            if left <= 0:
                yield control("closing", code=TOKEN_ENDED, reason="The access token has expired.")
                return
            yield self._follower.take(min(beat, left)) or HEARTBEAT
        yield self._follower.take(0)

    def _catch_up(self, places: list[Place], after: int | None) -> Iterator[bytes]:
        follower, topics = self._follower, [place.topic for place in places]
        self._hub.enter(follower)
        with follower.held():
            position = follow(self._hub, follower, places, after)
            try:
                caller = recheck(self._caller)
                for topic in topics:
                    access.place(topic, caller)
            except ApiError as error:  # it ended between the first look and the entry in the hub
                self._hub.leave(follower)
                follower.forget_held()
                follower.end(_code(error), error.detail)
                return
            whole = recovered(after)
            yield control(
                "subscribed",
                topics=topics,
                last_id=position,
                recovered=whole,
                present={topic: self._hub.present(topic) for topic in topics},
            )
            start = position if after is None else after
            for chunk, _ in follower.missed(places, start, position, whole):
                yield chunk
        db.session.remove()

    def close(self) -> None:
        """Leave the hub; the server calls this however the response ended."""
        self._hub.leave(self._follower)
        self._follower.close()
