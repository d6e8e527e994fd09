"""A connection that follows topics when it is asked to, and answers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

from ...core.errors import ApiError, Forbidden, NotFound
from ...projects import access
from ...projects.access import Place
from .. import publishing
from ..transport.follower import begin_at, recovered
from ..transport.frames import TEXT
from ..transport.served import Work
from . import protocol
from .expiring import Expiring
from .needs import needs, needs_nothing
from .protocol import LIVE_AREA, Body

#: Followers up to which the reading thread sends them a signal itself, some 5 ms; it reads no other
#: socket meanwhile.
MAX_FOLLOWERS_AT_ONCE = 1_000
#: Characters of a message that the reading thread parses, and carries out or hands to another.
MAX_LENGTH_AT_ONCE = 4096


class NotAtOnce(Exception):
    """A message can't be carried out in the reading thread."""


class Following(Expiring):
    """A connection whose person says what they follow."""

    #: Whether a message is being carried out in the reading thread.
    _hurried = False

    def needs_turn(self) -> None:
        """Say that what comes next takes time: raises NotAtOnce in the reading thread."""
        if self._hurried:
            raise NotAtOnce

    def answer(self, kind: str, request: Body, **members: Any) -> None:
        """Answer a request."""
        self._wire.push(self.speech.answer(kind, request, **members))

    def answer_at_length(self, kind: str, request: Body, **members: Any) -> Work:
        """Answer a request at any length, while live messages are held back (`following`)."""
        yield from self.push_at_length(TEXT, self.speech.payload(kind, request, **members))

    def settle_at_once(self) -> None:
        """Send the signals to those who follow."""
        self._tell()

    def _tell(self) -> None:
        if self.live.hub.signals:
            self.live.broadcaster.tell_here()

    def _is_quick(self, kind: str, topic: str) -> bool:
        # More would keep the thread that reads all sockets for too long.
        few = self.live.hub.followers(topic) <= MAX_FOLLOWERS_AT_ONCE
        return few and self.knows(topic) and not publishing.is_hooked(topic, kind)

    @abstractmethod
    def _refuse(self, error: ApiError, body: Body) -> None:
        """Answer a request with an error."""

    @needs(LIVE_AREA)
    def _on_subscribe(self, body: Body) -> Work:
        """Follow topics: first what was missed on all of them, in the log's order, then live."""
        topics, after = protocol.topics_of(body), protocol.after_of(body)
        places = list(self._allowed(topics, body))
        with self.following_all(places, after) as position:
            # Again: a right may have gone between the first look and the entry in the hub.
            places = list(self._allowed([one.topic for one in places], body, entered=True))
            whole, start = recovered(after), begin_at(after, position)
            for place in places:
                # The answer first, so that a client knows the topic before its events come.
                self._wire.push(self._subscribed(place.topic, body, position, whole=whole), start)
            ends = self.follower.missing(places, start, position)
            for chunk, last_id in self.follower.missed(ends, start, whole):
                yield from self.push_paced(chunk, last_id)

    def _allowed(self, topics: list[str], body: Body, *, entered: bool = False) -> Iterator[Place]:
        """Yield the places of topics, and refuse those that may not be followed."""
        for topic in topics:
            try:
                yield access.place(topic, self.caller)
            except (NotFound, Forbidden) as error:
                if entered:
                    self.unfollow(topic)
                error.members = {"topic": topic}
                self._refuse(error, body | {"topic": topic})

    def _subscribed(self, topic: str, body: Body, position: int, *, whole: bool) -> bytes:
        present = self.live.hub.present(topic)
        members = {"topic": topic, "last_id": position, "recovered": whole, "present": present}
        return self.speech.answer("subscribed", body, **members)

    @needs_nothing
    def _on_unsubscribe(self, body: Body) -> None:
        topic = protocol.topic_of(body)
        self.live.hub.remove(self.follower, topic)
        self.answer("unsubscribed", body, topic=topic)
