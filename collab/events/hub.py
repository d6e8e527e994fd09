"""Who follows what at this moment, in this process; and what each may still see.

The broadcaster is the only one to publish. Subscribers come and go from request threads, under the
hub's lock: each is told the newest id that was published before it was added, and gets everything
after that.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, assert_never

from .bell.waking import Bell
from .catalogue import corrections
from .close_codes import GOING_AWAY
from .corrections import Correction, DropProject, DropTopic, EndConnections, ReadAnew
from .message import Encoder, Message
from .presence import Move, Presence
from .subscriber import Resumable, Subscriber
from .types import PRESENCE_TYPES

STOPPING_REASON = "The server is stopping."

#: Seconds to wait for the broadcaster to pass an id that is already in the log.
SEEN_PATIENCE_S = 5.0

#: Waiting signals past which those of other processes are dropped: this one does not keep up.
MAX_SIGNALS_WAITING = 10_000


class Hub:
    """The subscribers of this process, by topic."""

    def __init__(self, bell: Bell, read_only: Container[str] = ()) -> None:
        """`read_only` are the topics where nobody is present."""
        self._bell, self._read_only = bell, read_only
        self._lock = threading.RLock()
        self._moved = threading.Condition(self._lock)
        self._everyone: set[Subscriber] = set()
        self._topics: dict[str, list[Subscriber]] = {}
        self._presence = Presence()
        #: Signals that wait for the broadcaster. A deque's ends are atomic: requests need no lock.
        self.signals: deque[Message] = deque()
        #: Those of them that other processes must be told, while there are any (`crosses`).
        self.crossing: deque[Message] = deque()
        self.crosses = False
        #: Subscribers that want to continue in the broadcaster's thread.
        self.resuming: deque[Resumable] = deque()
        #: The newest id published.
        self.position = 0
        self.closed = False

    # -- coming and going ---------------------------------------------------------------------

    def enter(self, subscriber: Subscriber) -> None:
        """Add somebody, so that they learn when their session ends, whatever they follow.

        Their rights are checked (again) after this: an end that was published before is not sent.
        """
        with self._lock:
            self._everyone.add(subscriber)
            if self.closed:
                subscriber.end(GOING_AWAY, STOPPING_REASON)

    def add(self, subscriber: Subscriber, topics: Mapping[str, int | None], seen: int = 0) -> int:
        """Let a subscriber follow topics (with the project of each, if any).

        Returns the newest id published so far: they get every row after it. Their right to the
        topics is checked (again) after this, for the same reason as in `enter`. An id that
        they have `seen` may be ahead of what was published: waiting for it avoids doubles.
        """
        with self._lock:
            self._moved.wait_for(lambda: self.position >= seen, SEEN_PATIENCE_S)
            # Not those followed already: a person would count twice as present, and never leave.
            for topic in topics.keys() - subscriber.topics.keys():
                subscriber.topics[topic] = topics[topic]
                subscriber.since[topic] = self.position
                self._topics.setdefault(topic, []).append(subscriber)
                self._came(topic, subscriber)
            return self.position

    def remove(self, subscriber: Subscriber, topic: str) -> bool:
        """Stop a subscriber following a topic; return whether they followed it."""
        with self._lock:
            if topic not in subscriber.topics:
                return False
            del subscriber.topics[topic]
            del subscriber.since[topic]
            self._topics[topic].remove(subscriber)
            self._went(topic, subscriber)
            if not self._topics[topic]:
                del self._topics[topic]
            return True

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        with self._lock:
            self._everyone.discard(subscriber)
            for topic in list(subscriber.topics):
                self.remove(subscriber, topic)

    def _came(self, topic: str, subscriber: Subscriber) -> None:
        if subscriber.visible and topic not in self._read_only:
            person = subscriber.person
            self._bell.ring_for_signal()
            if self._presence.came(topic, person.user_id, person.name):
                came = self._tell("user.joined", topic, person.user_id, person.name)
                subscriber.announced(came)

    def _went(self, topic: str, subscriber: Subscriber) -> None:
        if subscriber.visible and topic not in self._read_only:
            person = subscriber.person
            self._bell.ring_for_signal()
            if self._presence.went(topic, person.user_id):
                self._tell("user.left", topic, person.user_id, person.name)

    def _tell(self, kind: str, topic: str, user_id: int, name: str) -> Message:
        """Signal it to the followers in this process; each process says it to its own."""
        message = Message.signal(topic, kind, user_id, {"user_id": user_id, "name": name})
        self.signals.append(message)
        self._bell.ring_for_signal()
        return message

    def present(self, topic: str) -> list[dict[str, Any]]:
        """Return who is there, each person once, however many connections they have."""
        with self._lock:
            return self._presence.of(topic)

    def note(self, topic: str, user_id: int, note: Any) -> None:
        """Remember something about a person for as long as they are present."""
        with self._lock:
            self._presence.note(topic, user_id, note)

    def notes(self, topic: str) -> dict[int, Any]:
        """Return what is remembered about those present."""
        with self._lock:
            return self._presence.notes(topic)

    # -- other processes ----------------------------------------------------------------------

    @contextmanager
    def presence(self) -> Iterator[Presence]:
        """Give who is present, which nobody else changes within this block."""
        with self._lock:
            yield self._presence

    def say(self, moves: Iterable[Move]) -> None:
        """Tell followers who has come or gone in another process; within `presence`."""
        for topic, user_id, name, here in moves:
            self._tell("user.joined" if here else "user.left", topic, user_id, name)

    def hear(self, signals: Iterable[Message], position: int) -> None:
        """Take in signals from another process, which had published the log up to `position`.

        They follow those rows here, too: the log is read before they are sent.
        """
        if position > self.position:
            self._bell.ring_here()
        if len(self.signals) < MAX_SIGNALS_WAITING:
            self.signals.extend(signals)
        self._bell.ring_for_signal()

    def followers(self, topic: str) -> int:
        """Return how many follow a topic here; takes no lock."""
        return len(self._topics.get(topic, ()))

    # -- telling ------------------------------------------------------------------------------

    def signal(self, message: Message) -> None:
        """Hand a signal to the broadcaster."""
        self.keep(message)
        self._bell.ring_for_signal()

    def keep(self, message: Message) -> None:
        """Keep a signal until the broadcaster is told of it, with others (`tell_here`)."""
        self.signals.append(message)
        if self.crosses:
            self.crossing.append(message)

    def resume(self, subscriber: Resumable) -> None:
        """Let a subscriber continue that was not ready when something was published."""
        self.resuming.append(subscriber)
        self._bell.ring_for_signal()

    def publish(self, messages: Sequence[Message]) -> int:
        """Give messages, in the log's order, to the followers of their topics; return to how many.

        Everything that a subscriber gets is joined into one chunk, encoded once for all who get the
        same.
        """
        with self._lock:
            given = self._give(messages)
            # Under the same lock: subscribers added from here on get this id, and no row twice.
            self.position = max(self.position, messages[-1].id)
            self._moved.notify_all()
        return given

    def tell(self, signals: Sequence[Message]) -> int:
        """Give signals to followers: who comes or leaves to all, the rest to those who keep up."""
        presence = [one for one in signals if one.type in PRESENCE_TYPES]
        others = [one for one in signals if one.type not in PRESENCE_TYPES]
        with self._lock:
            return self._give(presence) + self._give(others, hints=True)

    def _give(self, messages: Sequence[Message], *, hints: bool = False) -> int:
        """Give messages to their followers; return how many deliveries that were."""
        topics = {message.topic for message in messages} & self._topics.keys()
        if len(topics) == 1:
            return self._give_to(self._topics[topics.pop()], messages, hints=hints)
        return self._give_mixed(topics, messages, hints=hints)

    def _give_to(
        self, subscribers: Iterable[Subscriber], messages: Sequence[Message], *, hints: bool
    ) -> int:
        chunks: dict[Encoder, tuple[Any, int]] = {}
        wanted: Sequence[Message] = ()
        count = 0
        for count, subscriber in enumerate(tuple(subscribers), 1):  # noqa: B007 (it is the last)
            encode = subscriber.encode
            chunk = chunks.get(encode)
            if chunk is None:
                wanted = [one for one in messages if one.topic in subscriber.topics]
                chunk = chunks[encode] = (subscriber.chunk(wanted), wanted[-1].id)
            if hints:
                subscriber.hint(chunk[0])
            else:
                subscriber.deliver(*chunk)
        return count * len(wanted)

    def _give_mixed(self, topics: set[str], messages: Sequence[Message], *, hints: bool) -> int:
        # Those who follow the same of these topics get the same bytes: one encoding for each group.
        alike: dict[frozenset[str], list[Subscriber]] = {}
        for subscriber in {one for topic in topics for one in self._topics[topic]}:
            alike.setdefault(frozenset(topics & subscriber.topics.keys()), []).append(subscriber)
        return sum(self._give_to(group, messages, hints=hints) for group in alike.values())

    # -- rights -------------------------------------------------------------------------------

    def correct(self, message: Message) -> None:
        """Take away what an event takes away, before anything after it is published."""
        with self._lock:
            self._obey(corrections()[message.type], message)
        # Caches may be stale, if the commit was by a process that was killed right after it.
        self._bell.outdate_rights()
        with self._lock:
            for subscriber in tuple(self._everyone):
                subscriber.rights_changed()

    def _obey(self, correction: Correction, message: Message) -> None:
        match correction:
            case DropProject(member):
                self._drop_project(message, None if member is None else message.data[member])
            case DropTopic(topic):
                self._drop_topic(topic.format_map(message.data), message.type)
            case EndConnections(member, code):
                self._end(member, message.data[member], code, message.type)
            case ReadAnew():
                pass
            case _:
                assert_never(correction)

    def _drop_project(self, message: Message, user_id: int | None) -> None:
        for subscriber in tuple(self._everyone):
            if user_id not in (None, subscriber.person.user_id):
                continue
            for topic, project_id in list(subscriber.topics.items()):
                if project_id == message.project_id:
                    self._drop_one(subscriber, topic, message.type)

    def _drop_topic(self, topic: str, reason: str) -> None:
        for subscriber in tuple(self._topics.get(topic, ())):
            self._drop_one(subscriber, topic, reason)

    def _drop_one(self, subscriber: Subscriber, topic: str, reason: str) -> None:
        self.remove(subscriber, topic)
        subscriber.dropped(topic, reason)

    def _end(self, member: str, value: int, code: int, reason: str) -> None:
        for subscriber in tuple(self._everyone):
            if getattr(subscriber.person, member) == value:
                self.leave(subscriber)
                subscriber.end(code, reason)

    def close(self) -> None:
        """End everybody; the server is stopping."""
        with self._lock:
            self.closed = True
            for subscriber in tuple(self._everyone):
                self.leave(subscriber)
                subscriber.end(GOING_AWAY, STOPPING_REASON)
