"""What a reader has taken of an answer buys them time; what our kernel keeps for them does not."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.core.storage.lent import LentFile
from collab.serving.messages.outgoing import DELETED_S, LOOK_S, MIN_BYTES_PER_S, Outgoing, Terms
from collab.serving.messages.spool import Share, Spool

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


# -- files ----------------------------------------------------------------------------------------

#: More than all buffers, and worth more than a minute once its half is taken.
FILE_BYTES = 8 * 2**20


@pytest.fixture
def sending(ends: tuple[socket.socket, socket.socket], tmp_path: Path) -> Iterator[Outgoing]:
    """Return an answer with a file, of which its reader has taken half, and takes no more."""
    path = tmp_path / "file"
    path.write_bytes(bytes(FILE_BYTES))
    made = Outgoing(ends[0], Terms(PATIENCE_S, threading.BoundedSemaphore(1)), spool_of(tmp_path))
    made.begin()
    with path.open("rb") as file:
        made.sendfile(file)
    take(made, ends[1], FILE_BYTES // 2)
    yield made
    made.close()


def spool_of(folder: Path) -> Share:
    return Spool(folder, 2**30, 2**30).of("x")


def take(outgoing: Outgoing, reader: socket.socket, size: int) -> None:
    while size > 0:
        outgoing.flush()
        size -= len(reader.recv(min(size, 65536)))


def test_what_was_taken_of_a_file_buys_time(sending: Outgoing) -> None:
    assert sending.deadline - sending._begun > DELETED_S


def test_a_file_that_is_deleted_meanwhile_is_kept_for_a_minute(
    sending: Outgoing, tmp_path: Path
) -> None:
    (tmp_path / "file").unlink()
    assert sending.deadline == sending._begun + DELETED_S


def test_whether_a_file_was_deleted_is_looked_at_before_the_time_that_was_bought(
    sending: Outgoing,
) -> None:
    assert sending.looked_at <= time.monotonic() + LOOK_S < sending.deadline


def test_a_file_that_never_had_a_name_is_no_deleted_one(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    out = Outgoing(ends[0], Terms(PATIENCE_S, threading.BoundedSemaphore(1)), spool_of(tmp_path))
    out.begin()
    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(bytes(FILE_BYTES))
        file.seek(0)
        out.sendfile(file)
    take(out, ends[1], FILE_BYTES // 2)
    assert out.deadline - out._begun > DELETED_S
    out.close()


@pytest.mark.parametrize("is_read", [True, False], ids=["read to its end", "given up"])
def test_a_lent_file_is_over_when_its_reader_is(
    ends: tuple[socket.socket, socket.socket], tmp_path: Path, is_read: bool
) -> None:
    over: list[bool] = []
    path = tmp_path / "lent"
    path.write_bytes(bytes(FILE_BYTES))
    lent = LentFile(path.open("rb"), lambda: over.append(True))
    out = Outgoing(ends[0], Terms(PATIENCE_S, threading.BoundedSemaphore(1)), spool_of(tmp_path))
    out.sendfile(lent)
    lent.close()
    take(out, ends[1], FILE_BYTES // 2)
    assert over == []
    if is_read:
        take(out, ends[1], FILE_BYTES // 2)
    else:
        out.close()
    assert over == [True]
