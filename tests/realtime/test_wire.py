"""The only writer of a socket: never blocks, loses nothing, interleaves nothing, ends in time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, TextMessage

from collab.realtime.transport.frames import close_frame, text_frame
from collab.realtime.transport.reactor import Reactor
from collab.realtime.transport.wire import MAX_UNSENT_BYTES, Wire

from ..support.waiting import PATIENCE, eventually

#: More than two connected sockets hold between them.
MUCH = 700_000


@pytest.fixture(scope="module")
def reactor() -> Iterator[Reactor]:
    made = Reactor()
    made.start()
    yield made
    made.stop()


class Line:
    """A wire and its peer, connected."""

    def __init__(self, reactor: Reactor) -> None:
        self.ours, self.peer = socket.socketpair()
        self.peer.settimeout(PATIENCE)
        self.wire = Wire(self.ours, reactor, too_big=b"too big")

    def read(self, size: int) -> bytes:
        """Read as many bytes as asked for, or up to the end."""
        data = b""
        while len(data) < size and (got := self.peer.recv(min(65536, size - len(data)))):
            data += got
        return data

    def rest(self) -> bytes:
        return self.read(1 << 40)

    def told(self) -> tuple[list[int], CloseConnection]:
        """Read like a client up to the close frame: the lengths of the messages, and the close."""
        client, sizes, size = Connection(ConnectionType.CLIENT), [], 0
        while got := self.peer.recv(65536):
            client.receive_data(got)
            for event in client.events():
                if isinstance(event, CloseConnection):
                    return sizes, event
                assert isinstance(event, TextMessage)
                size += len(event.data)
                if event.message_finished:
                    sizes.append(size)
                    size = 0
        raise EOFError("no close frame")

    def close(self) -> None:
        self.wire.abort()
        for one in (self.ours, self.peer):
            one.close()


@pytest.fixture
def line(reactor: Reactor) -> Iterator[Line]:
    with contextlib.closing(Line(reactor)) as made:
        yield made


# -- sending --------------------------------------------------------------------------------------


def test_what_is_pushed_arrives(line: Line) -> None:
    line.wire.push(b"hello")
    assert line.read(5) == b"hello"


def test_what_a_short_write_left_arrives_too(line: Line) -> None:
    data = bytes(range(256)) * (MUCH // 256)
    line.wire.push(data)
    assert line.read(len(data)) == data


def test_what_is_pushed_after_it_comes_after_it(line: Line) -> None:
    line.wire.push(b"a" * MUCH)
    line.wire.push(b"b")
    assert line.read(MUCH + 1)[-2:] == b"ab"


def test_frames_of_many_threads_are_not_mixed(line: Line) -> None:
    letters = "abcdefgh"

    def push(letter: str) -> None:
        for _ in range(50):
            line.wire.push(text_frame(letter.encode() * 2000))

    threads = [threading.Thread(target=push, args=(letter,)) for letter in letters]
    for thread in threads:
        thread.start()
    data = line.read(50 * len(letters) * len(text_frame(b"x" * 2000)))
    for thread in threads:
        thread.join()
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    texts = [one.data for one in client.events() if isinstance(one, TextMessage)]
    assert sorted(texts) == sorted(letter * 2000 for letter in letters * 50)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=25), st.randoms())
def test_any_pattern_of_pushes_and_reads_gives_exactly_what_was_pushed(
    reactor: Reactor, sizes: list[int], random: object
) -> None:
    with contextlib.closing(Line(reactor)) as line:
        sent, received = b"", b""
        for number, size in enumerate(sizes):
            chunk = bytes((number + index) % 256 for index in range(size))
            line.wire.push(chunk, number)
            sent += chunk
            wanted = random.randint(0, len(sent) - len(received))  # type: ignore[attr-defined]
            received += line.read(wanted)
        received += line.read(len(sent) - len(received))
        assert received == sent


def test_a_row_counts_as_sent_when_the_kernel_has_all_of_it(line: Line) -> None:
    line.wire.push(b"a", 1)
    line.wire.push(b"b" * MUCH, 2)
    half = line.wire.sent_id
    drained = threading.Event()
    line.wire.when_drained(drained.set)
    line.read(MUCH + 1)
    assert drained.wait(PATIENCE)
    assert (half, line.wire.sent_id) == (1, 2)


def test_a_peer_that_is_gone_is_no_error(line: Line) -> None:
    line.peer.close()
    for _ in range(3):
        line.wire.push(b"a" * MUCH)
    assert (line.wire.drained, line.wire.unsent) == (True, 0)


# -- too slow -------------------------------------------------------------------------------------

SIZE = 50_000


@pytest.fixture
def full(line: Line) -> Line:
    """Return a line whose peer was sent more than it may leave unread."""
    for number in range(1, 3 * MAX_UNSENT_BYTES // SIZE):
        line.wire.push(text_frame(b"x" * SIZE), number)
    return line


def test_who_leaves_too_much_unread_is_closed_with_4008(full: Line) -> None:
    assert full.told()[1].code == 4008


def test_the_close_names_the_row_that_came_last(full: Line) -> None:
    messages, close = full.told()
    assert close.reason == f"You read too slowly. Resume after {len(messages)}."


def test_what_comes_before_the_close_is_whole(full: Line) -> None:
    assert set(full.told()[0]) == {SIZE}


def test_no_more_is_kept_than_the_limit_and_what_went_over_it(full: Line) -> None:
    in_the_kernel = full.ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert sum(full.told()[0]) < MAX_UNSENT_BYTES + in_the_kernel + SIZE


def test_a_row_that_was_cut_off_in_the_middle_is_sent_to_its_end(line: Line) -> None:
    line.wire.push(text_frame(b"x" * MUCH), 1)
    line.wire.cut()
    messages, close = line.told()
    assert (messages, close.reason) == ([MUCH], "You read too slowly. Resume after 1.")


def test_who_is_cut_off_with_nothing_waiting_is_told_at_once(line: Line) -> None:
    line.wire.push(text_frame(b"x"), 5)
    line.wire.cut()
    assert line.told()[1].reason == "You read too slowly. Resume after 5."


def test_a_replay_that_is_cut_off_is_resumed_where_it_was(line: Line) -> None:
    line.wire.push(text_frame(b"live"), 900)
    line.wire.push(text_frame(b"replayed"), 5)
    line.wire.push(text_frame(b"x" * MUCH), 6)
    line.wire.cut()
    assert line.told()[1].reason == "You read too slowly. Resume after 6."


# -- the end --------------------------------------------------------------------------------------


def test_the_close_comes_after_what_was_waiting(line: Line) -> None:
    line.wire.push(text_frame(b"x" * MUCH))
    line.wire.shut(1000, "bye")
    assert line.told() == ([MUCH], CloseConnection(1000, "bye"))


def test_nothing_is_sent_after_the_close(line: Line) -> None:
    line.wire.shut(1000, "bye", linger=0.05)
    line.wire.push(b"more")
    line.wire.shut(1001, "again")
    assert line.rest() == close_frame(1000, "bye")


def test_a_peer_that_does_not_answer_the_close_is_ended_when_its_time_is_over(line: Line) -> None:
    line.wire.push(b"a" * MUCH)
    line.wire.shut(1000, "", linger=0.05)
    eventually(lambda: line.wire.dead)
    assert len(line.rest()) < MUCH


def test_a_message_that_is_too_big_is_explained_before_the_close(line: Line) -> None:
    line.wire.shut_too_big()
    wanted = b"too big" + close_frame(1009, "Message is too big")
    assert line.read(len(wanted)) == wanted


def test_a_wire_whose_reader_has_ended_sends_what_is_left(line: Line) -> None:
    line.wire.push(b"a" * MUCH)
    line.wire.close()
    assert len(line.rest()) == MUCH


def test_a_wire_whose_reader_has_ended_with_nothing_left_ends(line: Line) -> None:
    line.wire.close()
    assert line.rest() == b""


def test_an_aborted_wire_is_dead(line: Line) -> None:
    line.wire.push(b"a" * MUCH)
    line.wire.abort()
    eventually(lambda: line.wire.dead)
    assert len(line.rest()) < MUCH


def test_aborting_tells_who_waits_for_the_end(line: Line) -> None:
    told = threading.Event()
    line.wire.push(b"a" * MUCH)
    line.wire.serve_by(told.set)
    line.wire.abort()
    assert told.is_set()


# -- the reactor ----------------------------------------------------------------------------------


def test_a_descriptor_that_is_used_again_serves_its_new_wire(reactor: Reactor) -> None:
    for _ in range(20):
        with contextlib.closing(Line(reactor)) as old:
            old.wire.push(b"a" * MUCH)
            old.wire.abort()
        with contextlib.closing(Line(reactor)) as new:
            new.wire.push(b"b" * MUCH)
            assert new.read(MUCH) == b"b" * MUCH


def test_a_socket_that_is_closed_under_its_wire_harms_no_other(reactor: Reactor) -> None:
    with contextlib.closing(Line(reactor)) as broken, contextlib.closing(Line(reactor)) as other:
        broken.wire.push(b"a" * MUCH)
        broken.ours.close()
        broken.wire.push(b"a")
        other.wire.push(b"b" * MUCH)
        assert other.read(MUCH) == b"b" * MUCH
