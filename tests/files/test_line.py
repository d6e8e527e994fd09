"""What the editors of one socket are sent: a message after the other, at the reader's pace."""

from __future__ import annotations

import threading

import pytest

from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.files.hocuspocus_door import protocol
from collab.files.hocuspocus_door.editor import NamedFollower
from collab.files.yjs.line import MAX_WAITING_MESSAGES, Line, OnLine
from collab.realtime.transport.follower import PIECE_BYTES
from collab.realtime.transport.frames import BINARY, fragments

LONG = bytes(10**6)


class Wire:
    """A wire whose reader takes what the test lets them take."""

    def __init__(self) -> None:
        self.sent, self.unsent = b"", 0
        self.amid_message = self.was_cut = False
        self.takes = True

    def push(self, piece: bytes) -> None:
        self.sent += piece
        self.unsent = 0 if self.takes else len(piece)

    def cut(self) -> None:
        self.was_cut = True


def whole(*messages: bytes) -> bytes:
    """Return messages as they stand on the wire."""
    return b"".join(b"".join(fragments(BINARY, one, PIECE_BYTES)) for one in messages)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def line(wire: Wire) -> Line:
    return Line(wire, None)  # type: ignore[arg-type]


@pytest.fixture
def stuck(wire: Wire, line: Line) -> Line:
    """Return a line on which a long message waits for its reader."""
    wire.takes = False
    line.send(LONG)
    return line


def drained(wire: Wire, line: Line) -> bytes:
    """Let the reader take all; returns what they were sent after the first message."""
    wire.takes, wire.unsent = True, 0
    line.pump()
    beginning = whole(LONG)
    assert wire.sent.startswith(beginning)
    return wire.sent[len(beginning) :]


def test_a_reader_who_takes_all_is_sent_a_long_message_at_once(wire: Wire, line: Line) -> None:
    line.send(LONG)
    assert (wire.sent, line.idle, wire.amid_message) == (whole(LONG), True, False)


def test_what_comes_while_a_message_is_on_its_way_is_sent_after_it(wire: Wire, stuck: Line) -> None:
    assert (stuck.idle, stuck.busy, wire.amid_message) == (False, True, True)
    stuck.send(b"second")
    stuck.add(b"third")
    assert drained(wire, stuck) == whole(b"second", b"third")
    assert (stuck.idle, wire.amid_message) == (True, False)


def test_a_frame_that_can_not_go_at_once_is_not_sent(wire: Wire, stuck: Line) -> None:
    assert not stuck.send_at_once(b"frame")
    assert drained(wire, stuck) == b""
    assert stuck.send_at_once(b"frame")
    assert wire.sent.endswith(b"frame")


class Asking:
    """An editor that asks."""


def asking() -> OnLine:
    return Asking()  # type: ignore[return-value]


def test_of_an_editors_questions_the_newest_is_asked_after_all_else(
    wire: Wire, stuck: Line
) -> None:
    one, other = asking(), asking()
    stuck.ask(one, b"old")
    stuck.ask(other, b"of another")
    stuck.ask(one, b"new")
    stuck.send(b"message")
    assert drained(wire, stuck) == whole(b"message", b"new", b"of another")


def test_who_leaves_asks_nothing(wire: Wire, stuck: Line) -> None:
    one = asking()
    stuck.ask(one, b"question")
    stuck.leave(one)
    assert drained(wire, stuck) == b""


def test_a_reader_for_whom_too_much_waits_is_cut_off(wire: Wire, stuck: Line) -> None:
    for _ in range(MAX_WAITING_MESSAGES):
        stuck.add(b"x")
    assert not wire.was_cut
    stuck.add(b"x")
    assert wire.was_cut


# -- several that find out ------------------------------------------------------------------------


class FoundOutTwice(NamedFollower):
    """A text whose loss another thread finds out in the moment in which this one looks."""

    _gone = False
    other: threading.Thread | None = None

    @property
    def gone(self) -> bool:  # type: ignore[override]
        seen = self._gone
        if self.other is not None:
            other, self.other = self.other, None
            other.start()
            other.join(0.2)  # it ends at once, if nothing keeps it
        return seen

    @gone.setter
    def gone(self, value: bool) -> None:
        self._gone = value


def test_a_text_that_is_lost_is_closed_once_however_many_find_out(wire: Wire, line: Line) -> None:
    who = Caller(1, 1, "Bob", "bob@example.com", False, utcnow())
    follower = FoundOutTwice(who, line, b"7", lambda: None, closes=False)
    loses = lambda: follower.lost(4404, "gone", "gone")  # noqa: E731
    follower.other = other = threading.Thread(target=loses)
    loses()
    other.join()
    assert wire.sent == whole(b"\x017" + protocol.denied("gone"))
