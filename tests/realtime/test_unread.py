"""Those who should send nothing, and how it is noticed that they leave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from collab.realtime.transport.incoming import PeerClosed
from collab.realtime.transport.reactor import Reactor
from collab.realtime.transport.unread import UNREAD_BYTES, Leaving, Unread, block
from collab.serving.deadlines import NO_DEADLINE


def test_a_little_is_passed_over_and_more_ends_them() -> None:
    one = Unread()
    one.feed(b"x" * UNREAD_BYTES)
    assert not one.messages
    with pytest.raises(PeerClosed):
        one.feed(b"x")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def leaves(ours: socket.socket) -> bool:
    """Return whether somebody is seen to leave."""
    gone: list[bool] = []
    Leaving(ours, lambda: gone.append(True)).rouse()
    return bool(gone)


def test_who_waits_has_not_left(ends: tuple[socket.socket, socket.socket]) -> None:
    assert not leaves(ends[0])


def test_who_has_sent_the_next_request_has_not_left_and_it_stays_to_be_read(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ends[1].send(b"next")
    assert not leaves(ends[0])
    assert ends[0].recv(10) == b"next"


def test_who_closes_has_left(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    assert leaves(ends[0])


def test_who_broke_off_has_left(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].send(b"unread")
    ends[1].close()  # with something unread: a reset
    assert leaves(ends[0])


class Waits:
    """Something to wait for, which comes when the client leaves."""

    deadline = NO_DEADLINE

    def __init__(self) -> None:
        self.left = threading.Event()

    def when_woken(self, told: object) -> None:
        self._told = told

    def leave(self) -> None:
        self.left.set()
        self._told()


def test_a_thread_that_waits_is_freed_when_its_client_leaves(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    reactor, waits = Reactor(), Waits()
    reactor.start()
    waiting = threading.Thread(target=block, args=(waits, ends[0], reactor))
    waiting.start()
    ends[1].close()
    waiting.join()
    reactor.stop()
    assert waits.left.is_set()


def test_a_thread_that_waits_is_freed_when_the_time_is_over() -> None:
    waits = Waits()
    waits.deadline = 0.0
    block(waits, None, Reactor())
    assert not waits.left.is_set()
