"""The thread of datagrams, in the test's own: its rounds, its end, and where no socket can be."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collab.events.bell import datagram
from collab.events.bell.datagram import LOOK_S, MAX_PATH_BYTES, SOCKET_SUFFIX, Datagrams, reached
from collab.events.bell.neighbour import NAME_BYTES, RING_KIND, WHOLE_KIND

from .fakes import Keeps

#: A folder in which nobody may make a socket.
NO_PLACE = Path("/proc/self")
#: More than any system takes for a socket that nobody reads.
VERY_MANY = 2000


class Turned(Datagrams):
    """Notes what it does in each round, and ends after so many."""

    def __init__(self, folder: Path, rounds: int) -> None:
        super().__init__(folder)
        self.story: list[str] = []
        self.waits: list[float] = []
        self._rounds = rounds
        self._prepare()

    def _beat(self) -> None:
        self.story.append("beats")

    def _look(self) -> None:
        self.story.append("looks")

    def _go_on(self) -> None:
        self.story.append("goes on")

    def _hear(self) -> None:
        self.story.append("hears")
        self._rounds -= 1
        if not self._rounds:
            self._stopping.set()

    def _wait(self, until: float) -> None:
        self.story.append("waits")
        self.waits.append(until - time.monotonic())


class Breaking(Turned):
    """What it hears in its first round can't be taken."""

    def _hear(self) -> None:
        super()._hear()
        if self._rounds == 1:
            raise KeyError("a letter")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder by a short path."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


A_ROUND = ["beats", "goes on", "hears", "waits"]


def test_it_looks_around_at_the_beginning_and_waits_until_the_next_time(folder: Path) -> None:
    line = Turned(folder, 2)
    line._run()
    assert line.story == ["beats", "looks", *A_ROUND[1:], *A_ROUND]
    assert all(0 < left <= LOOK_S for left in line.waits)
    assert [*folder.iterdir()] == [], "and at its end it is found no more"
    assert line._ears.fileno() == -1


def test_what_can_not_be_taken_is_told_and_the_next_round_goes_on(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    line = Breaking(folder, 2)
    line._run()
    assert line.story == ["beats", "looks", *A_ROUND[1:3], *A_ROUND]
    assert caplog.messages == ["a letter can't be taken or sent, going on after it"]


def test_where_no_socket_can_be_had_it_says_so_and_runs_no_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING", datagram.log.name)
    line = Datagrams(NO_PLACE)
    line.start()
    assert line.state.startswith(f"off: no socket in {NO_PLACE} (")
    assert not line.started
    assert line._ears.fileno() == -1
    (told,) = caplog.messages
    assert told.startswith("other processes are told nothing: [Errno ")


def test_it_starts_where_there_is_a_place(folder: Path) -> None:
    line = Datagrams(folder)
    line.start()
    assert (line.alive, line.state) == (True, "ok")
    line.stop()


def test_what_somebody_said_last_who_has_ended_is_of_no_use(folder: Path) -> None:
    line, keeps = Datagrams(folder), Keeps()
    line._prepare()
    line.reader = keeps
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        place = f"{folder}/{line._token.hex()}{SOCKET_SUFFIX}"
        sender.sendto(WHOLE_KIND + b"x" * NAME_BYTES + b"a letter", place)
    line._hear()
    line._leave()
    assert keeps.letters == []


def test_a_path_is_taken_as_it_is_as_long_as_an_address_has_room(folder: Path) -> None:
    room = MAX_PATH_BYTES - 1 - len(f"{folder}/") - 2 * NAME_BYTES - len(SOCKET_SUFFIX)
    for length, short in ((room, True), (room + 1, False)):
        place = folder / ("x" * length)
        place.mkdir()
        with reached(place) as path:
            assert (path == str(place)) is short


def test_a_ring_passes_over_who_has_ended_and_does_not_wait_for_who_reads_nothing(
    folder: Path,
) -> None:
    (folder / f"ended{SOCKET_SUFFIX}").touch()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.setblocking(False)
        ear.bind(f"{folder}/reads-nothing{SOCKET_SUFFIX}")
        for _ in range(VERY_MANY):
            datagram.ring_once(folder)
        assert ear.recv(1) == RING_KIND
