"""Webhooks in the test's own thread, and servers that they are sent to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from ..support.hooks import Hooks
from ..support.jobs import Desk
from ..support.receivers import Receiver


@pytest.fixture
def hooks(app: Flask, desk: Desk) -> Hooks:
    """Return what makes and sends this application's deliveries: `hooks.send()`."""
    return Hooks(app, desk)


@pytest.fixture
def receivers() -> Iterator[Callable[[], Receiver]]:
    """Return a maker of servers that webhooks are sent to."""
    made: list[Receiver] = []

    def make() -> Receiver:
        made.append(Receiver())
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def receiver(receivers: Callable[[], Receiver]) -> Receiver:
    """Return a server that webhooks are sent to."""
    return receivers()
