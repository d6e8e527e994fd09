"""Who follows topics, as the hub sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ..frozen import frozen
from .message import Message


@frozen
class Person:
    """Who a subscriber is for."""

    user_id: int
    session_id: int
    name: str


class Subscriber(ABC):
    """Somebody who follows topics. None of these methods may block."""

    #: Whether others see them among those present.
    visible: ClassVar[bool] = True

    @staticmethod
    @abstractmethod
    def encode(message: Message) -> bytes:
        """Write a message as this kind of subscriber gets it."""

    def chunk(self, messages: Sequence[Message]) -> Any:
        """Join messages for `deliver` and `hint`; made once for all with the same `encode`."""
        return b"".join(map(self.encode, messages))

    def __init__(self, person: Person) -> None:
        self.person = person
        #: Topic -> the project it belongs to; the hub's lock guards it.
        self.topics: dict[str, int | None] = {}
        #: Topic -> the id after which its rows have come, or will; a replay moves it back.
        self.since: dict[str, int] = {}

    @abstractmethod
    def deliver(self, chunk: bytes, last_id: int) -> None:
        """Take encoded messages; `last_id` is the newest row's id among them, or 0."""

    def hint(self, chunk: bytes) -> None:
        """Take encoded signals, which a subscriber who does not keep up may drop."""
        self.deliver(chunk, 0)

    def announced(self, message: Message) -> None:  # noqa: B027 (most are told like all others)
        """Learn which message announces this person's arrival to others."""

    @abstractmethod
    def dropped(self, topic: str, reason: str) -> None:
        """Learn that a topic is no longer followed, and by which event."""

    def rights_changed(self) -> None:  # noqa: B027 (most look when they are asked something)
        """Learn that somebody's rights have changed, which may be this reader's."""

    @abstractmethod
    def end(self, code: int, reason: str) -> None:
        """Learn that the connection must end."""


class Resumable(Subscriber):
    """A subscriber that may ask the hub to let it continue later."""

    @abstractmethod
    def resume(self) -> None:
        """Continue after `Hub.resume`, in the broadcaster's thread."""
