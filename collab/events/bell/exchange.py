"""What followers in one process hear about people in another: signals, and who is there.

The log is not part of it: each process reads the log itself, when it is rung.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Protocol

from flask import Flask

from ...core.slots import Registry
from ..hub import Hub
from ..message import Message
from .letters import ALL_FOLLOWS, ALL_TOLD, FACTS_PER_LETTER, Letter, signal_in, signal_out
from .line import Line
from .waking import Bell

log = logging.getLogger(__name__)


class Teller(Protocol):
    """A package that remembers something from its signals, for those who come later."""

    def write(self, message: Message) -> Any:
        """Return what a signal says, as JSON can have it."""

    def in_order(self) -> AbstractContextManager[Any]:
        """Return what to hold from a change of what it keeps until that is told."""

    def hear(self, origin: str, message: Message) -> Message:
        """Take in a signal of another process; returns it as followers here get it."""

    def tell(self) -> Iterable[Message]:
        """Return signals that tell everything to a process that knows nothing yet."""

    def doubt(self, origin: str) -> None:
        """Learn that a process is about to tell all that it knows."""

    def settle(self, origin: str) -> Iterable[Message]:
        """Forget what a process has not told again; returns what followers here are told."""

    def forget(self, origin: str) -> Iterable[Message]:
        """Forget what a process that has ended told; returns what followers here are told."""


#: Tellers by the type of their signals.
_TELLERS: Registry[dict[str, Teller]] = Registry("tellers", lambda _: {})


def on_exchange(app: Flask, kind: str, teller: Teller) -> None:
    """Let a higher package take part, with its own type of signals."""
    _TELLERS.of(app)[kind] = teller


class Exchange:
    """Tells other processes what happens here, and the hub what happens there."""

    def __init__(self, app: Flask, hub: Hub, bell: Bell, line: Line) -> None:
        self._hub, self._bell, self._line = hub, bell, line
        self._tellers = _TELLERS.of(app)
        #: Held from a look at what others should know until it is on its way to them: else who went
        #: in between would be there for ever, where news overtakes what was seen before.
        self._telling = threading.Lock()
        line.reader = self

    def tell(self, count: int) -> None:
        """Send others the oldest `count` signals that wait, and whose presence has changed.

        Only the broadcaster calls it, once it has published what was committed before them.
        """
        with self._telling:
            signals = [self._hub.crossing.popleft() for _ in range(count)]
            with self._hub.presence() as presence:
                facts = presence.take_news()
            # Always taken out: what waited while nobody was there must not reach a process that
            # comes later.
            if (signals or facts) and not self._line.alone:
                told = [self._written(one) for one in signals]
                self._line.send(Letter(self._hub.position, told, facts).write())

    def _written(self, message: Message) -> list[Any]:
        teller = self._tellers.get(message.type)
        return signal_out(message, message.data if teller is None else teller.write(message))

    # -- from the line's thread -----------------------------------------------------------------

    def met(self, origin: str) -> Generator[bytes, None, None]:
        """Return letters that tell a process everything that it should know."""
        self._hub.crosses = True  # only now: a process alone pays nothing for it
        with self._telling:
            yield Letter(mark=ALL_FOLLOWS).write()
            with self._hub.presence() as presence:
                facts = presence.here()
            # In pieces: one letter with everything might exceed what may wait for a process.
            for start in range(0, len(facts), FACTS_PER_LETTER):
                yield Letter(present=facts[start : start + FACTS_PER_LETTER]).write()
            for teller in self._tellers.values():
                for message in teller.tell():
                    yield Letter(signals=[self._written(message)]).write()
            yield Letter(mark=ALL_TOLD).write()

    def rung(self) -> None:
        """Have the log read."""
        self._bell.ring_here()

    def take(self, origin: str, letter: bytes) -> None:
        """Pass what a process tells on to followers."""
        try:
            told = Letter.read(letter)
            signals = [signal_in(one) for one in told.signals]
            if told.mark == ALL_FOLLOWS:
                self._doubt(origin)
            self._learn(origin, told.present)
            self._hear(origin, signals, told.position)
            if told.mark == ALL_TOLD:
                self._settle(origin)
        except (
            ValueError,
            TypeError,
            KeyError,
        ):  # of another version, while one replaces the other
            log.warning("a letter of process %s can't be read", origin)

    def _learn(self, origin: str, facts: Iterable[Any]) -> None:
        with self._hub.presence() as presence:
            self._hub.say(presence.learn(origin, facts))

    def _hear(self, origin: str, signals: list[Message], position: int) -> None:
        if not signals:
            return
        with ExitStack() as order:
            for kind in {one.type for one in signals} & self._tellers.keys():
                order.enter_context(self._tellers[kind].in_order())
            heard = [self._heard(origin, one) for one in signals]
            # With the sender's position: a signal never overtakes the rows that it followed there.
            self._hub.hear(heard, position)

    def _heard(self, origin: str, message: Message) -> Message:
        teller = self._tellers.get(message.type)
        return message if teller is None else teller.hear(origin, message)

    def _doubt(self, origin: str) -> None:
        """Learn that a process is about to tell all that it knows."""
        with self._hub.presence() as presence:
            presence.doubt(origin)
        for teller in self._tellers.values():
            teller.doubt(origin)

    def _settle(self, origin: str) -> None:
        """Let those go of whom a process has told, and not again now that it told all."""
        with self._hub.presence() as presence:
            self._hub.say(presence.settle(origin))
        for teller in self._tellers.values():
            with teller.in_order():
                self._hub.hear(teller.settle(origin), 0)

    def lost(self, origin: str) -> None:
        """Drop people who were only connected through a process that has ended.

        It may have committed something, and been killed before it could ring.
        """
        self._bell.ring_here()
        self._hub.crosses = not self._line.alone
        with self._hub.presence() as presence:
            self._hub.say(presence.forget(origin))
        for teller in self._tellers.values():
            with teller.in_order():
                self._hub.hear(teller.forget(origin), 0)
