"""Who follows what at this moment, in this process; and what each may still see.

The broadcaster is the only one to publish. Subscribers come and go from request threads, under the
hub's lock: whoever is added is told the newest id that was published before, and gets everything
after it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from .bell import Bell
from .catalogue import corrections
from .close_codes import GOING_AWAY
from .corrections import Correction, DropProject, DropTopic, EndConnections, ReadAnew
from .message import Encoder, Message
from .subscriber import Person, Resumable, Subscriber
from .types import PRESENCE_TYPES

STOPPING_REASON = "The server is stopping."

#: Seconds to wait for the broadcaster to pass an id that is in the log already.
SEEN_PATIENCE_S = 5.0


#: How a subscriber is given encoded messages, and the newest row's id among them.
Give = Callable[[Subscriber, Any, int], None]


@dataclass
class _Presence:
    name: str
    connections: int = 0
    #: What is known of them for as long as they are there.
    note: Any = None


@dataclass
class _Topic:
    subscribers: list[Subscriber] = field(default_factory=list)
    people: dict[int, _Presence] = field(default_factory=dict)


class Hub:
    """The subscribers of this process, by topic."""

    def __init__(self, bell: Bell, read_only: Container[str] = ()) -> None:
        """`read_only` are the topics where nobody is present."""
        self._bell, self._read_only = bell, read_only
        self._lock = threading.RLock()
        self._moved = threading.Condition(self._lock)
        self._everyone: set[Subscriber] = set()
        self._topics: dict[str, _Topic] = {}
        #: Signals that wait for the broadcaster. A deque's ends are atomic: requests need no lock.
        self.signals: deque[Message] = deque()
        #: Subscribers that want to go on in the broadcaster's thread.
        self.resuming: deque[Resumable] = deque()
        #: The newest id published.
        self.position = 0
        self.closed = False

    # -- coming and going ---------------------------------------------------------------------

    def enter(self, subscriber: Subscriber) -> None:
        """Take somebody in, so that they learn when their session ends, whatever they follow.

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
                entry = self._topics.setdefault(topic, _Topic())
                entry.subscribers.append(subscriber)
                self._came(entry, topic, subscriber)
            return self.position

    def remove(self, subscriber: Subscriber, topic: str) -> bool:
        """Stop a subscriber following a topic; return whether they followed it."""
        with self._lock:
            if topic not in subscriber.topics:
                return False
            del subscriber.topics[topic]
            subscriber.since.pop(topic, None)
            entry = self._topics[topic]
            entry.subscribers.remove(subscriber)
            self._went(entry, topic, subscriber)
            if not entry.subscribers:
                del self._topics[topic]
            return True

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        with self._lock:
            self._everyone.discard(subscriber)
            for topic in list(subscriber.topics):
                self.remove(subscriber, topic)

    def _came(self, entry: _Topic, topic: str, subscriber: Subscriber) -> None:
        if not subscriber.visible or topic in self._read_only:
            return
        person = subscriber.person
        presence = entry.people.setdefault(person.user_id, _Presence(person.name))
        presence.connections += 1
        if presence.connections == 1:
            subscriber.announced(self._tell("user.joined", topic, person))

    def _went(self, entry: _Topic, topic: str, subscriber: Subscriber) -> None:
        if not subscriber.visible or topic in self._read_only:
            return
        person = subscriber.person
        presence = entry.people[person.user_id]
        presence.connections -= 1
        if not presence.connections:
            del entry.people[person.user_id]
            self._tell("user.left", topic, person)

    def _tell(self, kind: str, topic: str, person: Person) -> Message:
        data = {"user_id": person.user_id, "name": person.name}
        message = Message.signal(topic, kind, person.user_id, data)
        self.signal(message)
        return message

    def present(self, topic: str) -> list[dict[str, Any]]:
        """Return who is there, each person once however many connections they have."""
        with self._lock:
            people = self._topics.get(topic, _Topic()).people
            return [{"user_id": key, "name": value.name} for key, value in people.items()]

    def note(self, topic: str, user_id: int, note: Any) -> None:
        """Remember something of a person for as long as they are present."""
        with self._lock:
            presence = self._topics.get(topic, _Topic()).people.get(user_id)
            if presence is not None:
                presence.note = note

    def notes(self, topic: str) -> dict[int, Any]:
        """Return what is remembered of those present."""
        with self._lock:
            people = self._topics.get(topic, _Topic()).people
            return {key: one.note for key, one in people.items() if one.note is not None}

    def followed(self, topic: str) -> bool:
        """Return whether anybody follows a topic; takes no lock."""
        return topic in self._topics

    # -- telling ------------------------------------------------------------------------------

    def signal(self, message: Message) -> None:
        """Hand a signal to the broadcaster."""
        self.signals.append(message)
        self._bell.ring_for_signal()

    def resume(self, subscriber: Resumable) -> None:
        """Let a subscriber go on that was not ready when something was published."""
        self.resuming.append(subscriber)
        self._bell.ring_for_signal()

    def publish(self, messages: Sequence[Message]) -> int:
        """Give messages, in the log's order, to whoever follows their topics; return to how many.

        All that a subscriber gets is joined to one chunk, encoded once for all who get the same.
        """
        with self._lock:
            given = self._give(messages, _deliver)
            # Under the same lock: whoever is added gets an id from here on, and no row twice.
            self.position = max(self.position, messages[-1].id)
            self._moved.notify_all()
        return given

    def tell(self, signals: Sequence[Message]) -> int:
        """Give signals to followers: who comes and goes to all, the rest to those who keep up."""
        presence = [one for one in signals if one.type in PRESENCE_TYPES]
        others = [one for one in signals if one.type not in PRESENCE_TYPES]
        with self._lock:
            return self._give(presence, _deliver) + self._give(others, _hint)

    def _give(self, messages: Sequence[Message], give: Give) -> int:
        """Give messages to their followers; return how many were given, each to each."""
        topics = {message.topic for message in messages} & self._topics.keys()
        if len(topics) == 1:
            return self._give_to(self._topics[topics.pop()].subscribers, messages, give)
        return self._give_mixed(topics, messages, give) if topics else 0

    def _give_to(
        self, subscribers: Iterable[Subscriber], messages: Sequence[Message], give: Give
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
            give(subscriber, *chunk)
        return count * len(wanted)

    def _give_mixed(self, topics: set[str], messages: Sequence[Message], give: Give) -> int:
        # Whoever follows the same of these topics gets the same bytes: one encoding for each group.
        alike: dict[frozenset[str], list[Subscriber]] = {}
        for subscriber in {one for topic in topics for one in self._topics[topic].subscribers}:
            alike.setdefault(frozenset(topics & subscriber.topics.keys()), []).append(subscriber)
        return sum(self._give_to(group, messages, give) for group in alike.values())

    # -- rights -------------------------------------------------------------------------------

    def correct(self, message: Message) -> None:
        """Take away what an event takes away, before anything after it is published."""
        with self._lock:
            self._obey(corrections()[message.type], message)
        # Rights cached in this process may be stale, if the commit was another's.
        self._bell.ring(rights_changed=True)
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
        for subscriber in tuple(self._topics.get(topic, _Topic()).subscribers):
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


def _deliver(subscriber: Subscriber, chunk: Any, last_id: int) -> None:
    subscriber.deliver(chunk, last_id)


def _hint(subscriber: Subscriber, chunk: Any, _: int) -> None:
    subscriber.hint(chunk)
