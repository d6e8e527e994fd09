"""What keeps what it is told: subscribers of the hub, and a listener of the line."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from collab.events.bell.line import Nobody
from collab.events.message import Message
from collab.events.subscriber import Person, Subscriber


class Fake(Subscriber):
    """Keeps chunks as lists of ids, and whatever else it is told."""

    @staticmethod
    def encode(message: Message) -> bytes:
        return f"{message.public_id} ".encode()

    def __init__(self, user_id: int = 1, session_id: int = 1, name: str = "Alice") -> None:
        super().__init__(Person(user_id, session_id, name))
        self.chunks: list[list[str]] = []
        self.last_ids: list[int] = []
        #: Everything in its order: rows and signals by id, the rest as tuples.
        self.story: list[Any] = []

    def deliver(self, chunk: bytes, last_id: int) -> None:
        self.chunks.append(chunk.decode().split())
        self.last_ids.append(last_id)
        self.story += self.chunks[-1]

    def dropped(self, topic: str, reason: str) -> None:
        self.story.append(("dropped", topic, reason))

    def end(self, code: int, reason: str) -> None:
        self.story.append(("ended", code, reason))

    @property
    def got(self) -> list[str]:
        """Return the ids of all messages."""
        return [one for chunk in self.chunks for one in chunk]


class Hidden(Fake):
    """A subscriber whom others do not see, and who writes messages in another way."""

    visible = False

    @staticmethod
    def encode(message: Message) -> bytes:
        return f"hidden-{message.public_id} ".encode()


class Keeps(Nobody):
    """A listener that keeps what comes, and greets whoever it meets."""

    def __init__(self, greeting: bytes = b"") -> None:
        self._greeting = greeting
        self.forgets()

    def forgets(self) -> None:
        self.letters: list[bytes] = []
        self.origins: list[str] = []
        self.met_ones: list[str] = []
        self.lost_ones: list[str] = []
        self.rings = 0

    def met(self, origin: str) -> Generator[bytes, None, None]:
        self.met_ones.append(origin)
        yield from [self._greeting] if self._greeting else []

    def rung(self) -> None:
        self.rings += 1

    def take(self, origin: str, letter: bytes) -> None:
        self.origins.append(origin)
        self.letters.append(letter)

    def lost(self, origin: str) -> None:
        self.lost_ones.append(origin)
