"""Between processes on any machines, through a Redis channel.

Redis passes what is published to those who listen at that moment, and keeps none of it. So nothing
that must not be lost depends on it: the log is polled anyway, and a process that was not heard for
a while is told everything again. A process says every second that it lives; one that is silent for
longer is presumed dead, and its people are dropped.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import deque
from typing import Any

import redis
from redis.connection import parse_url

from ...core.parts import BackgroundThread
from .line import MAX_WAITING_BYTES, Line

log = logging.getLogger(__name__)

#: What a channel begins with. All databases of a Redis server share its channels, and an
#: installation has one database.
CHANNEL_PREFIX = "collab:processes:"
#: Bytes of a process's name, which each message has after its kind.
NAME_BYTES = 8
#: Seconds between two heartbeats, and after which a process without any is presumed dead.
ALIVE_S = 1.0
DEAD_AFTER_S = 4.0
#: Seconds that Redis may take to answer, and between two attempts to reach it.
PATIENCE_S = 1.0
RETRY_S = 1.0
#: Seconds for which a process that only rings stops trying after a failure.
RING_RETRY_S = 30.0

#: What a message is, by its first byte: a ring, a heartbeat, a letter, a goodbye; and a question
#: that everybody answers with everything that others should know.
RING_KIND = b"r"
ALIVE_KIND = b"a"
LETTER_KIND = b"l"
GONE_KIND = b"g"
QUESTION_KIND = b"q"

#: Errors that are Redis's, not ours.
TROUBLES = (redis.RedisError, OSError)


def connected(url: str) -> redis.Redis:
    """Return a client that gives up soon; it connects when it is first used."""
    return redis.Redis.from_url(
        url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, retry=None
    )


def channel_of(url: str) -> str:
    """Return the channel of the installation whose database an address names."""
    return f"{CHANNEL_PREFIX}{parse_url(url).get('db', 0)}"  # type: ignore[no-untyped-call]


class Sender(BackgroundThread):
    """Publishes what others are to be told, in order; what Redis does not take is dropped."""

    def __init__(self, url: str, channel: str) -> None:
        super().__init__("bell sender")
        self._redis, self._channel = connected(url), channel
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lock, self._call = threading.Lock(), threading.Event()
        #: Whether something was dropped: others must be told everything again.
        self.behind = False
        self.trouble = ""

    def put(self, message: bytes) -> None:
        """Have a message published soon."""
        with self._lock:
            if self._bytes + len(message) > MAX_WAITING_BYTES:
                self._drop()
            self._waiting.append(message)
            self._bytes += len(message)
        self._call.set()

    def _drop(self) -> None:
        self._waiting.clear()
        self._bytes, self.behind = 0, True

    def _wake(self) -> None:
        self._call.set()

    def _run(self) -> None:
        while not self._stopping.is_set() or self._waiting:
            self._call.wait()
            self._call.clear()
            with self._lock:
                messages, self._waiting = self._waiting, deque()
                self._bytes = 0
            # What Redis did not take is dropped, and `behind` makes sure that everything is told
            # again.
            if not self._published(messages) and self._stopping.wait(RETRY_S):
                break
        self._redis.close()

    def _published(self, messages: deque[bytes]) -> bool:
        try:
            with self._redis.pipeline(transaction=False) as together:
                for one in messages:
                    together.publish(self._channel, one)
                together.execute()
        except TROUBLES as error:
            if not self.trouble:
                log.warning("Redis accepts nothing, other processes are told later: %s", error)
            self.trouble, self.behind = type(error).__name__, True
            return False
        self.trouble = ""
        return True


class RedisLine(Line):
    """Listens to the others, and has a sender that tells them."""

    def __init__(self, url: str, *, dead_after_s: float = DEAD_AFTER_S) -> None:
        super().__init__()
        self._url, self._channel = url, channel_of(url)
        self._sender, self._dead_after_s = Sender(url, self._channel), dead_after_s
        self._token = secrets.token_bytes(NAME_BYTES)
        #: The other processes, and when each was last heard.
        self._heard: dict[str, float] = {}
        self._trouble = ""
        self._ring_again_at = 0.0

    # -- from any thread ------------------------------------------------------------------------

    @property
    def alone(self) -> bool:
        """Return whether no other process is known."""
        return not self._heard

    @property
    def state(self) -> str:
        """Return how it is; without Redis the service goes on, by polling."""
        trouble = self._trouble or self._sender.trouble
        return f"degraded: Redis does not answer: {trouble}" if trouble else super().state

    def ring(self) -> None:
        """Tell all others that something was written."""
        if self._sender.alive:
            self._sender.put(RING_KIND + self._token)
            return
        if time.monotonic() >= self._ring_again_at:
            self._ring_once()

    def _ring_once(self) -> None:
        """Ring from a process that follows nothing, such as a command."""
        try:
            with connected(self._url) as once:
                once.publish(self._channel, RING_KIND + self._token)
        except TROUBLES:
            self._ring_again_at = time.monotonic() + RING_RETRY_S

    def send(self, letter: bytes) -> None:
        """Send all others a letter."""
        self._sender.put(LETTER_KIND + self._token + letter)

    # -- in the thread --------------------------------------------------------------------------

    def _prepare(self) -> None:
        self._token = secrets.token_bytes(NAME_BYTES)  # a fork would share the one made before
        self._sender.start()

    def stop(self) -> None:
        """Say goodbye, and end both threads."""
        if self.started:
            self._sender.put(GONE_KIND + self._token)
        self._sender.stop()
        super().stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except TROUBLES as error:
                if not self._trouble:
                    log.warning("Redis does not answer, the log is polled: %s", error)
                self._trouble = type(error).__name__  # anybody may ask: addresses are for the log
                self._miss()
                self._stopping.wait(RETRY_S)
            except Exception:
                log.exception("a letter can't be taken, going on after it")

    def _listen(self) -> None:
        """Listen until something goes wrong; others repeat what they said before."""
        client = connected(self._url)
        with contextlib.closing(client), client.pubsub() as ears:  # type: ignore[no-untyped-call]
            ears.subscribe(self._channel)
            # Asked after subscribing, or an answer might come before anybody can hear it.
            self._sender.put(QUESTION_KIND + self._token)
            self._tell_all()
            alive_at = 0.0
            while not self._stopping.is_set():
                self._beat()
                if time.monotonic() >= alive_at:
                    self._sender.put(ALIVE_KIND + self._token)
                    alive_at = time.monotonic() + ALIVE_S
                self._miss()
                if self._sender.behind and not self._sender.trouble:
                    self._tell_all()
                # A quarter, so that a heartbeat is late by no more than that.
                message = ears.get_message(ignore_subscribe_messages=True, timeout=ALIVE_S / 4)
                self._trouble = ""
                if message is not None:
                    self._take(message["data"])

    def _tell_all(self) -> None:
        self._sender.behind = False
        with contextlib.closing(self.reader.met("")) as letters:
            for letter in letters:
                self.send(letter)
                if self._sender.behind:  # a part is not all: it is told again
                    break
        self.ring()  # what was dropped may have been a ring

    def _take(self, message: Any) -> None:
        kind, name = message[:1], message[1 : 1 + NAME_BYTES].hex()
        # Redis sends publishers their own messages, too.
        if name == self._token.hex():
            return
        if kind == RING_KIND:
            self.reader.rung()
            return
        if kind == GONE_KIND:
            self._lose(name)
            return
        if name not in self._heard or kind == QUESTION_KIND:
            self._heard[name] = time.monotonic()
            self._tell_all()
        self._heard[name] = time.monotonic()
        if kind == LETTER_KIND:
            self.reader.take(name, message[1 + NAME_BYTES :])

    def _miss(self) -> None:
        """Drop those that were silent for too long."""
        now = time.monotonic()
        for name in [one for one, at in self._heard.items() if now - at > self._dead_after_s]:
            self._lose(name)

    def _lose(self, name: str) -> None:
        if self._heard.pop(name, None) is not None:
            self.reader.lost(name)
