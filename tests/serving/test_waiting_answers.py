"""An answer that its reader does not take at once: where it waits, and when its thread has to."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from collab.serving.messages.outgoing import Outgoing, Terms, TooSlow
from collab.serving.messages.spool import PIECE_BYTES, Spool

from ..support.waiting import PATIENCE

#: More than the buffers of a connection take.
MUCH = bytes(range(256)) * 2**14
Sender = Callable[..., Outgoing]


class Reader:
    """The other end of a connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def reads(self, size: int) -> bytes:
        """Return the next bytes."""
        self.sock.settimeout(PATIENCE)
        found = bytearray()
        while len(found) < size:
            got = self.sock.recv(min(2**16, size - len(found)))
            assert got, "the connection has ended"
            found += got
        return bytes(found)


@pytest.fixture
def ends() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


@pytest.fixture
def reader(ends: tuple[socket.socket, socket.socket]) -> Reader:
    yield Reader(ends[1])
    ends[1].close()


@pytest.fixture
def sender(ends: tuple[socket.socket, socket.socket], reader: Reader, tmp_path: Path) -> Sender:
    """Return a maker of an answer; without room, nothing of it may wait."""
    made: list[Outgoing] = []
    ends[0].setblocking(False)

    def make(*, room: int = 2**30, patience: float = PATIENCE, waiters: int = 1) -> Outgoing:
        terms = Terms(patience, threading.Semaphore(waiters))
        spool = Spool(tmp_path, room, room, memory_bytes=min(room, PIECE_BYTES))
        made.append(Outgoing(ends[0], terms, spool.of("x")))
        made[0].begin()
        return made[0]

    yield make
    for one in made:
        one.close()
        assert one._spool.spool.used == (0, 0), "all room is given back"
    ends[0].close()


def in_a_thread(step: Callable[[], object]) -> threading.Thread:
    started = threading.Thread(target=step)
    started.start()
    return started


def test_what_the_reader_does_not_take_waits_on_the_disk_and_comes_in_its_order(
    sender: Sender, reader: Reader
) -> None:
    out = sender()
    for piece in (MUCH, b"more", MUCH):
        out.sendall(piece)
    assert out._spool.spool.used[1] > len(MUCH)
    sending = in_a_thread(out._wait_until_sent)
    assert reader.reads(2 * len(MUCH) + 4) == MUCH + b"more" + MUCH
    sending.join()
    assert out.empty


def test_without_room_the_thread_waits_for_its_reader(sender: Sender, reader: Reader) -> None:
    out = sender(room=0)
    sending = in_a_thread(lambda: (out.sendall(MUCH), out.sendall(MUCH), out._wait_until_sent()))
    assert reader.reads(2 * len(MUCH)) == MUCH * 2
    sending.join()


def test_no_more_threads_wait_than_may(sender: Sender) -> None:
    out = sender(room=0, waiters=0)
    out.sendall(MUCH)  # the piece that is being sent
    with pytest.raises(TooSlow, match="too many threads wait"):
        out.sendall(MUCH)


def test_who_takes_nothing_in_time_is_given_up_and_lets_the_next_one_wait(sender: Sender) -> None:
    out = sender(room=0, patience=0.0)
    out.sendall(MUCH)
    for _ in range(2):
        with pytest.raises(TooSlow, match="takes too little"):
            out.sendall(MUCH)


def test_each_piece_of_a_stream_is_sent_before_the_next_is_made(
    sender: Sender, reader: Reader
) -> None:
    out = sender(waiters=0)  # a stream has a thread of its own, and counts for nothing here
    out.paced = True
    left: list[bool] = []
    sending = in_a_thread(lambda: (out.sendall(MUCH), left.append(out.empty)))
    assert reader.reads(len(MUCH)) == MUCH
    sending.join()
    assert left == [True]


def test_a_file_follows_what_waits_before_it(
    sender: Sender, reader: Reader, tmp_path: Path
) -> None:
    out, path = sender(), tmp_path / "file"
    path.write_bytes(b"the file's end")
    out.sendall(MUCH)
    read: list[bytes] = []
    reading = in_a_thread(lambda: read.append(reader.reads(len(MUCH) + 3)))
    with path.open("rb") as file:
        assert out.sendfile(file, 11) == 3
    out._wait_until_sent()
    reading.join()
    assert read == [MUCH + b"end"]


def test_a_file_that_becomes_shorter_ends_the_connection(sender: Sender, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    with path.open("rb") as file, pytest.raises(TooSlow, match="shorter"):
        sender().sendfile(file, 0, 100)


def test_who_leaves_has_the_files_closed_that_were_theirs(sender: Sender, tmp_path: Path) -> None:
    out, path = sender(), tmp_path / "file"
    path.write_bytes(MUCH)
    with path.open("rb") as file:
        out.sendfile(file)
    (part,) = out._parts
    os.fstat(part.descriptor)
    out.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(part.descriptor)


def test_the_end_of_an_answer_that_waits_is_kept_in_little_memory(
    sender: Sender, reader: Reader
) -> None:
    out = sender()
    out._parts.append(memoryview(MUCH))
    out.settle()
    assert not out._joined
    assert not [part for part in out._parts if len(part) > PIECE_BYTES]
    sending = in_a_thread(out._wait_until_sent)
    assert reader.reads(len(MUCH)) == MUCH
    sending.join()
