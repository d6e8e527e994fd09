"""A client that sends faster than it is served fills its own network, not the server's memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..support import databases
from ..support.people import Person
from ..support.raw import TEXT, RawSocket, client_frame
from .test_socket_limits import ping_of


@pytest.fixture
def raw(server: Any, bob: Person) -> Iterator[RawSocket]:
    """Return bob's socket without a library's good manners."""
    with RawSocket(server.url, token=bob.token) as made:
        yield made


#: Seconds without taking a byte after which a server is said to take no more.
STANDS_STILL_S = 1


def pour(raw: RawSocket, total: int) -> int:
    """Send messages as long as the server takes them; return the bytes that it took."""
    raw.tcp.settimeout(STANDS_STILL_S)
    chunk, taken = client_frame(TEXT, ping_of(100_000).encode()) * 5, 0
    try:
        while taken < total:
            raw.tcp.sendall(chunk)
            taken += len(chunk)
    except (TimeoutError, ConnectionError):
        pass
    return taken


#: What the kernel holds of a loopback connection, generously, and what the server reads ahead.
HELD_ON_THE_WAY = 20 * 1024 * 1024


@pytest.fixture
def database_lock(instance: Path, server: Any) -> Iterator[None]:
    """Keep everybody else from writing to the database."""
    connection = databases.opened(instance)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.close()


def test_a_flood_waits_in_the_network_while_a_message_is_handled(
    raw: RawSocket, bob: Person, database_lock: None
) -> None:
    raw.send("activity", topic=f"user:{bob.id}")  # waits for the lock
    assert pour(raw, 3 * HELD_ON_THE_WAY) < HELD_ON_THE_WAY


def test_a_flood_waits_in_the_network_while_the_socket_is_closing(raw: RawSocket) -> None:
    raw.tcp.sendall(client_frame(TEXT, b'{"type":"ping"}') * 200)
    assert pour(raw, 3 * HELD_ON_THE_WAY) < HELD_ON_THE_WAY
