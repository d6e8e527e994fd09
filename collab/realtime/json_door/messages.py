"""The types of messages that an application's sockets take: the doors' own, and other packages'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from ...core.slots import Registry
from ..transport.served import Work
from .described import Described
from .protocol import Body

#: A handler of messages, given the `Socket` that they come through; one with a long answer
#: continues once its reader has taken a part.
Handler = Callable[[Any, Body], Work | None]


@dataclass
class Messages:
    """What sockets take, by the message's type with dots."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    described: dict[str, Described] = field(default_factory=dict)
    #: Handlers that may answer later, while what comes after is carried out.
    deferring: list[Handler] = field(default_factory=list)
    #: Handlers that do nothing but publish.
    publishing: list[Handler] = field(default_factory=list)


MESSAGES: Registry[Messages] = Registry("socket messages", lambda _: Messages())


def register(
    app: Flask,
    kind: str,
    handler: Handler,
    described: Described,
    *,
    deferring: bool = False,
    publishing: bool = False,
) -> None:
    """Register how messages of a type are answered, and described to clients."""
    messages = MESSAGES.of(app)
    messages.handlers[kind], messages.described[kind] = handler, described
    if publishing:
        messages.publishing.append(handler)
    if deferring:
        messages.deferring.append(handler)
