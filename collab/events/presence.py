"""Who is at which topic: by connections here, and by what other processes say about theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

#: Topics with people that are remembered for one other process, which has 1,000 connections.
MAX_FACTS_OF_A_PROCESS = 200_000

#: What a process says about a person at a topic: their name, None once they have left, and a note.
Fact = tuple[str, int, str | None, Any]

#: Who came to a topic (True) or left, according to another process: topic, person, name.
Move = tuple[str, int, str, bool]


@dataclass
class _Person:
    name: str
    #: Their connections in this process.
    connections: int = 0
    #: What is known about them for as long as they are there.
    note: Any = None
    #: The other processes that have them, each with its note.
    elsewhere: dict[str, Any] = field(default_factory=dict)

    @property
    def present(self) -> bool:
        return bool(self.connections or self.elsewhere)


class Presence:
    """People by topic; the hub's lock guards it."""

    def __init__(self) -> None:
        self._topics: dict[str, dict[int, _Person]] = {}
        #: Who has changed here since others were told, without duplicates.
        self._news: dict[tuple[str, int], None] = {}
        #: What each other process told: the topics and people that go with it, and whether it has
        #: to say so again.
        self._told: dict[str, dict[tuple[str, int], bool]] = {}

    def came(self, topic: str, user_id: int, name: str) -> bool:
        """Count a connection; return whether the person is new there."""
        people = self._topics.setdefault(topic, {})
        person = people.get(user_id)
        if person is None:
            person = people[user_id] = _Person(name)
        was_present = person.present
        person.connections += 1
        if person.connections == 1:
            self._news[topic, user_id] = None
        return not was_present

    def went(self, topic: str, user_id: int) -> bool:
        """Remove a connection; return whether the person has left."""
        person = self._topics[topic][user_id]
        person.connections -= 1
        if not person.connections:
            # These connections had said what was noted; other processes have told their own.
            person.note = None
            self._news[topic, user_id] = None
        return self._gone(topic, user_id, person)

    def _gone(self, topic: str, user_id: int, person: _Person) -> bool:
        if person.present:
            return False
        people = self._topics[topic]
        del people[user_id]
        if not people:
            del self._topics[topic]
        return True

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return who is there, each person once however many connections they have."""
        people = self._topics.get(topic, {})
        return [{"user_id": key, "name": one.name} for key, one in people.items()]

    def note(self, topic: str, user_id: int, note: Any) -> None:
        """Remember something about a person for as long as they have a connection here."""
        person = self._topics.get(topic, {}).get(user_id)
        if person is not None and person.connections:
            person.note = note
            self._news[topic, user_id] = None

    def notes(self, topic: str) -> dict[int, Any]:
        """Return what is remembered about those present; what was noted here takes precedence."""
        found = {}
        for key, one in self._topics.get(topic, {}).items():
            known = [note for note in (one.note, *one.elsewhere.values()) if note is not None]
            if known:
                found[key] = known[0]
        return found

    # -- with other processes -------------------------------------------------------------------

    def take_news(self) -> list[Fact]:
        """Return, once, what has changed here."""
        news, self._news = self._news, {}
        return [self._fact(topic, user_id) for topic, user_id in news]

    def here(self) -> list[Fact]:
        """Return who has connections here, for a process that knows nothing yet."""
        return [
            self._fact(topic, user_id)
            for topic, people in self._topics.items()
            for user_id, one in people.items()
            if one.connections
        ]

    def _fact(self, topic: str, user_id: int) -> Fact:
        person = self._topics.get(topic, {}).get(user_id)
        if person is None or not person.connections:
            return topic, user_id, None, None
        return topic, user_id, person.name, person.note

    def learn(self, origin: str, facts: Iterable[Fact]) -> Iterator[Move]:
        """Take in what a process tells; yields who came and who left by it."""
        told = self._told.setdefault(origin, {})
        for topic, user_id, name, note in facts:
            if name is None:
                yield from self._leave(origin, topic, user_id)
            # Bounded by what a process can have: a runaway one must not fill every other's memory.
            elif len(told) < MAX_FACTS_OF_A_PROCESS or (topic, user_id) in told:
                person = self._topics.setdefault(topic, {}).setdefault(user_id, _Person(name))
                was_present = person.present
                person.elsewhere[origin] = note
                told[topic, user_id] = False
                if not was_present:
                    yield topic, user_id, person.name, True

    def doubt(self, origin: str) -> None:
        """Learn that a process is about to tell of all again: that somebody went may be lost."""
        self._told[origin] = dict.fromkeys(self._told.get(origin, ()), True)

    def settle(self, origin: str) -> Iterator[Move]:
        """Take off those of whom a process has not told again; yields who went."""
        told = self._told.get(origin, {})
        for topic, user_id in [who for who, doubted in told.items() if doubted]:
            yield from self._leave(origin, topic, user_id)

    def forget(self, origin: str) -> Iterator[Move]:
        """Remove everything told by a process that has ended; yields who left with it."""
        for topic, user_id in tuple(self._told.get(origin, ())):
            yield from self._leave(origin, topic, user_id)
        # After the loop, which removes one after the other from it.
        self._told.pop(origin, None)

    def _leave(self, origin: str, topic: str, user_id: int) -> Iterator[Move]:
        self._told[origin].pop((topic, user_id), None)
        person = self._topics.get(topic, {}).get(user_id)
        if person is not None and origin in person.elsewhere:
            del person.elsewhere[origin]
            if self._gone(topic, user_id, person):
                yield topic, user_id, person.name, False
