"""What a reader has taken of an answer buys them time; what our kernel keeps for them does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.serving.messages.outgoing import MIN_BYTES_PER_S, Outgoing, Terms
from collab.serving.messages.spool import Spool

from ..support.waiting import eventually

PATIENCE_S = 10.0
#: What a small receive buffer takes at most before its reader reads.
BUFFERED_BYTES = 64 * 1024


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return a connection: the server's end, and a reader's with a small buffer."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            yield ours, reader


@pytest.fixture
def outgoing(ends: tuple[socket.socket, socket.socket], tmp_path: Path) -> Iterator[Outgoing]:
    """Return an answer that fills all buffers, and of which more waits."""
    terms = Terms(PATIENCE_S, threading.BoundedSemaphore(1))
    made = Outgoing(ends[0], terms, Spool(tmp_path, 2**30, 2**30).of("x"))
    made.begin()
    while made.flush():
        made.sendall(bytes(2**20))
    yield made
    made.close()


def bought(outgoing: Outgoing) -> float:
    """Return the seconds that were given for bytes taken."""
    return outgoing.deadline - outgoing._begun - PATIENCE_S


def test_bytes_that_only_the_kernel_took_buy_no_time(outgoing: Outgoing) -> None:
    assert outgoing._sent > 4 * BUFFERED_BYTES
    assert bought(outgoing) <= BUFFERED_BYTES / MIN_BYTES_PER_S


def test_bytes_that_the_reader_takes_buy_time_also_those_of_an_earlier_answer(
    outgoing: Outgoing, ends: tuple[socket.socket, socket.socket]
) -> None:
    outgoing.begin()
    reading = 8 * BUFFERED_BYTES
    while reading > 0:
        reading -= len(ends[1].recv(65536))
    eventually(lambda: bought(outgoing) >= 7 * BUFFERED_BYTES / MIN_BYTES_PER_S)
