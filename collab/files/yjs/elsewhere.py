"""Yjs editors of other processes: what they say about themselves is heard here, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from flask import Flask

from ...events.bell.exchange import on_exchange
from ...events.message import Message
from .awareness import EDITORS, Awareness
from .follower import EDITORS_CHANGED, editors_topic
from .protocol import State


class EditorsElsewhere:
    """Lets the editors of all processes know of each other."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    @property
    def _editors(self) -> Awareness:
        return EDITORS.of(self._app)

    def write(self, message: Message) -> Any:
        """Return states as JSON."""
        states = message.data["states"]
        return {"states": [(one.client, one.clock, one.json.decode()) for one in states]}

    def in_order(self) -> AbstractContextManager[Any]:
        """Return what to hold until followers here are told."""
        return self._editors.in_order()

    def hear(self, origin: str, message: Message) -> Message:
        """Note what editors of another process say, and pass what is new on to those here."""
        file_id = int(message.topic.partition(":")[2])
        states = message.data["states"]
        told = [State(client, clock, json.encode()) for client, clock, json in states]
        news = self._editors.hear(file_id, origin, message.actor or 0, told)
        return Message.signal(message.topic, message.type, message.actor, {"states": news})

    def tell(self) -> Iterator[Message]:
        """Yield what the editors of this process said last."""
        for file_id, user_id, state in self._editors.here():
            yield changed(file_id, user_id, [state])

    def doubt(self, origin: str) -> None:
        """Learn that a process is about to tell of all its editors."""
        self._editors.doubt(origin)

    def settle(self, origin: str) -> Iterator[Message]:
        """Let the editors go of which a process has not told again."""
        return _gone(self._editors.settle(origin))

    def forget(self, origin: str) -> Iterator[Message]:
        """Let the editors of a process go that has ended."""
        return _gone(self._editors.forget(origin))


def _gone(told: Iterable[tuple[int, list[State]]]) -> Iterator[Message]:
    for file_id, states in told:
        yield changed(file_id, None, states)


def changed(file_id: int, user_id: int | None, states: list[State]) -> Message:
    """Return the signal of what editors of a text say."""
    return Message.signal(editors_topic(file_id), EDITORS_CHANGED, user_id, {"states": states})


def init_app(app: Flask) -> None:
    """Have the states of editors sent to other processes."""
    on_exchange(app, EDITORS_CHANGED, EditorsElsewhere(app))
