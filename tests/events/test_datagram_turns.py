"""The line of datagrams without its thread: what is sent when, what waits, who is let go."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from collab.events.bell import datagram
from collab.events.bell.datagram import MAX_NEIGHBOURS, SOCKET_SUFFIX, Datagrams, names, reached
from collab.events.bell.line import MAX_WAITING_BYTES
from collab.events.bell.neighbour import (
    FIRST_KIND,
    LAST_KIND,
    MORE_KIND,
    NAME_BYTES,
    PIECE_BYTES,
    WHOLE_KIND,
    Neighbour,
    _pieces,
)

from .fakes import Keeps

ANYBODY = b"n" * NAME_BYTES
#: More than any system takes for a socket that nobody reads.
VERY_MANY = 2000


class Ear:
    """A socket of another process."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(self.path)

    def hears(self) -> list[bytes]:
        """Return what has come."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(PIECE_BYTES + 1 + NAME_BYTES))
            except BlockingIOError:
                return found

    def ends(self) -> None:
        self._socket.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder for sockets, by a path that is short enough."""
    with reached(tmp_path) as path:
        yield Path(path)


@pytest.fixture
def ear(folder: Path) -> Iterator[Ear]:
    made = Ear(folder / f"{ANYBODY.hex()}{SOCKET_SUFFIX}")
    yield made
    made.ends()


# -- one neighbour --------------------------------------------------------------------------------


@pytest.fixture
def neighbour(ear: Ear) -> Iterator[Neighbour]:
    made = Neighbour(ear.path)
    yield made
    made.close()


def fill(one: Neighbour, head: bytes = b"") -> int:
    """Send until there is no room; returns how many were sent, the last of which waits."""
    for number in range(VERY_MANY):
        one.send(head + b"%d" % number)
        if one.waits:
            return number + 1
    raise AssertionError("there is room for all")


def test_who_is_not_there_or_has_ended_is_told_apart(folder: Path, ear: Ear) -> None:
    with pytest.raises(FileNotFoundError):
        Neighbour(str(folder / "nobody"))
    ear.ends()
    with pytest.raises(ConnectionRefusedError):
        Neighbour(ear.path)


def test_what_there_is_room_for_is_sent_at_once(neighbour: Neighbour, ear: Ear) -> None:
    neighbour.send(b"one")
    neighbour.nudge(b"two")
    neighbour.nudge(b"two")
    assert ear.hears() == [b"one", b"two", b"two"]
    assert neighbour.waits is False


def test_what_waits_is_sent_later_in_its_order(neighbour: Neighbour, ear: Ear) -> None:
    sent = fill(neighbour)
    neighbour.send(b"later")
    heard = ear.hears()
    neighbour.send(b"last")  # there is room, and not for what would overtake
    while neighbour.waits:
        neighbour.go_on()
        heard += ear.hears()
    assert heard == [*(b"%d" % number for number in range(sent)), b"later", b"last"]
    assert neighbour._bytes == 0


def test_what_says_nothing_new_waits_once(neighbour: Neighbour, ear: Ear) -> None:
    fill(neighbour)
    for said in (b"ring", b"ring", b"alive", b"ring"):
        neighbour.nudge(said)
    assert list(neighbour._waiting)[1:] == [b"ring", b"alive", b"ring"]


def test_of_what_waits_no_more_is_kept_than_the_bound(neighbour: Neighbour) -> None:
    fill(neighbour)
    neighbour.send(b"x" * (MAX_WAITING_BYTES - neighbour._bytes))
    assert (neighbour.behind, neighbour._bytes) == (False, MAX_WAITING_BYTES)
    neighbour.send(b"x")
    assert (neighbour.behind, neighbour._bytes, len(neighbour._waiting)) == (True, 0, 0)
    assert neighbour.waits is True


def test_who_has_ended_is_noted_and_nothing_waits_for_them(neighbour: Neighbour, ear: Ear) -> None:
    ear.ends()
    assert neighbour.ended is False
    neighbour.send(b"one")
    assert (neighbour.ended, neighbour.waits, len(neighbour._waiting)) == (True, True, 0)


def test_a_neighbour_lets_go_of_its_socket(neighbour: Neighbour) -> None:
    neighbour.close()
    assert neighbour._socket.fileno() == -1


@pytest.mark.parametrize(
    ("size", "kinds"),
    [
        (0, [WHOLE_KIND]),
        (PIECE_BYTES, [WHOLE_KIND]),
        (PIECE_BYTES + 1, [FIRST_KIND, LAST_KIND]),
        (2 * PIECE_BYTES, [FIRST_KIND, LAST_KIND]),
        (2 * PIECE_BYTES + 1, [FIRST_KIND, MORE_KIND, LAST_KIND]),
        (4 * PIECE_BYTES, [FIRST_KIND, MORE_KIND, MORE_KIND, LAST_KIND]),
    ],
)
def test_a_letter_goes_in_as_few_pieces_as_it_takes(size: int, kinds: list[bytes]) -> None:
    letter = bytes(number % 251 for number in range(size))
    pieces = list(_pieces(letter))
    assert [kind for kind, _ in pieces] == kinds
    assert b"".join(piece for _, piece in pieces) == letter
    assert all(len(piece) <= PIECE_BYTES for _, piece in pieces)


def test_each_piece_says_what_it_is_and_whose(neighbour: Neighbour, ear: Ear) -> None:
    neighbour.send_letter(ANYBODY, b"x" * (PIECE_BYTES + 1))
    first, last = ear.hears()
    assert first == FIRST_KIND + ANYBODY + b"x" * PIECE_BYTES
    assert last == LAST_KIND + ANYBODY + b"x"


# -- the line -------------------------------------------------------------------------------------

Lines = Callable[..., Datagrams]


@pytest.fixture
def lines(folder: Path) -> Iterator[Lines]:
    """Return a maker of lines that have a socket and no thread."""
    made: list[Datagrams] = []

    def make(greeting: bytes = b"") -> Datagrams:
        line = Datagrams(folder)
        line.reader = Keeps(greeting)
        line._prepare()
        made.append(line)
        return line

    yield make
    for line in made:
        line._leave()


def kept(line: Datagrams) -> Keeps:
    assert isinstance(line.reader, Keeps)
    return line.reader


def name_of(line: Datagrams) -> str:
    return line._token.hex()


def turn(line: Datagrams) -> None:
    line._look()
    line._go_on()
    line._hear()


def wakings(line: Datagrams) -> bytes:
    """Return what would wake its thread."""
    line._woken.setblocking(False)
    try:
        return line._woken.recv(100)
    except BlockingIOError:
        return b""


@pytest.fixture
def here(lines: Lines) -> Datagrams:
    return lines(b"of here")


@pytest.fixture
def there(here: Datagrams, lines: Lines) -> Datagrams:
    """Return another line, which here knows, and which has heard all that was said so far."""
    made = lines(b"of there")
    here._look()
    made._hear()
    here._hear()
    for one in (here, made):
        kept(one).forgets()
    return made


def test_a_line_has_a_socket_of_a_name_that_nobody_had(here: Datagrams, lines: Lines) -> None:
    other = lines()
    found = {name_of(here), name_of(other)}
    assert names(here._folder) == found
    assert {len(one) for one in found} == {2 * NAME_BYTES}


def test_the_folder_is_made_and_is_nobody_elses(tmp_path: Path) -> None:
    line = Datagrams(tmp_path / "one" / "two")
    line._prepare()
    assert line._folder.stat().st_mode & 0o777 == 0o700
    line._leave()
    assert names(line._folder) == set()


def test_whoever_is_met_is_told_everything_and_meets_in_turn(lines: Lines) -> None:
    here, there = lines(b"of here"), lines(b"of there")
    assert (here.alone, there.alone) == (True, True)
    here._look()
    there._hear()
    assert (kept(there).letters, kept(there).rings) == ([b"of here"], 1)
    assert kept(there).met_ones == [name_of(here)]
    here._hear()
    assert (kept(here).letters, kept(here).rings) == ([b"of there"], 1)
    assert (here.alone, there.alone) == (False, False)


def test_nobody_is_met_twice_and_nobody_meets_themselves(here: Datagrams, there: Datagrams) -> None:
    for line in (here, there, here):
        turn(line)
    assert (kept(here).met_ones, kept(there).met_ones) == ([], [])
    assert (list(here._neighbours), list(there._neighbours)) == (
        [name_of(there)],
        [name_of(here)],
    )


def test_letters_come_whole_whatever_their_length(here: Datagrams, there: Datagrams) -> None:
    sent = [b"short", b"x" * (2 * PIECE_BYTES + 1), b"", b"y" * PIECE_BYTES]
    for letter in sent:
        here.send(letter)
        there._hear()
    assert kept(there).letters == sent
    assert kept(there).origins == [name_of(here)] * len(sent)


def test_a_ring_is_heard_and_asks_for_nothing_else(lines: Lines, here: Datagrams) -> None:
    there = lines()
    datagram.ring_once(here._folder)
    for line in (here, there):
        line._hear()
        assert (kept(line).rings, kept(line).met_ones) == (1, [])


def test_a_sign_of_life_says_nothing_to_who_knows(here: Datagrams, there: Datagrams) -> None:
    here._look()
    there._hear()
    assert (kept(there).rings, kept(there).letters) == (0, [])


def test_the_end_of_a_letter_whose_beginning_was_dropped_is_passed_over(
    here: Datagrams, there: Datagrams
) -> None:
    said = next(iter(here._neighbours.values()))
    for kind in (LAST_KIND, MORE_KIND):
        said.send(kind + here._token + b"the rest")
    here.send(b"next")
    there._hear()
    assert kept(there).letters == [b"next"]


def test_a_letter_that_begins_ends_the_one_before(here: Datagrams, there: Datagrams) -> None:
    said = next(iter(here._neighbours.values()))
    for kind, piece in ((FIRST_KIND, b"cut"), (WHOLE_KIND, b"whole"), (LAST_KIND, b"rest")):
        said.send(kind + here._token + piece)
    for kind, piece in ((FIRST_KIND, b"cut"), (FIRST_KIND, b"a"), (LAST_KIND, b"b")):
        said.send(kind + here._token + piece)
    there._hear()
    assert kept(there).letters == [b"whole", b"ab"]


def test_a_letter_that_does_not_end_is_dropped_past_the_bound(
    here: Datagrams, there: Datagrams
) -> None:
    name = name_of(here)
    for kind in (FIRST_KIND, MORE_KIND):
        there._take(name, kind, b"x" * (MAX_WAITING_BYTES // 2))
    assert name in there._begun
    there._take(name, MORE_KIND, b"x")
    assert name not in there._begun
    assert kept(there).letters == []


def test_who_was_killed_is_missed_with_the_next_word(here: Datagrams, there: Datagrams) -> None:
    here._begun[name_of(there)] = bytearray(b"begun")
    there._ears.close()
    here._look()
    assert wakings(here)
    here._go_on()
    assert kept(here).lost_ones == [name_of(there)]
    assert (here.alone, here._begun) == (True, {})


def test_the_socket_of_who_was_killed_is_tidied_away(here: Datagrams, there: Datagrams) -> None:
    there._ears.close()
    turn(here)
    here._look()
    assert names(here._folder) == {name_of(here)}


def test_who_has_missed_letters_is_told_everything_again_and_rung(
    here: Datagrams, there: Datagrams
) -> None:
    next(iter(here._neighbours.values())).behind = True
    here._go_on()
    there._hear()
    assert kept(here).met_ones == [name_of(there)]
    assert (kept(there).letters, kept(there).rings) == ([b"of here"], 1)
    here._go_on()
    there._hear()
    assert (kept(there).letters, kept(there).rings) == ([b"of here"], 1)


def test_who_has_no_room_for_everything_is_not_told_that_it_was_all(
    here: Datagrams, there: Datagrams
) -> None:
    asked: list[bytes] = []

    class Much(Keeps):
        def met(self, origin: str) -> Generator[bytes, None, None]:
            for letter in (b"first", b"x" * 2 * MAX_WAITING_BYTES, b"that was all"):
                asked.append(letter[:5])
                yield letter

    (whom,) = here._neighbours.values()
    here.reader, whom.behind = Much(), True
    here._go_on()
    assert asked == [b"first", b"xxxxx"]
    assert whom.behind


def test_what_waits_for_somebody_wakes_the_thread(here: Datagrams, there: Datagrams) -> None:
    here.send(b"room")
    assert wakings(here) == b""
    for _ in range(VERY_MANY):
        here.send(b"x")
        if wakings(here):
            break
    assert any(one.waits for one in here._neighbours.values())


def test_what_waits_is_sent_when_there_is_room(here: Datagrams, there: Datagrams) -> None:
    (whom,) = here._neighbours.values()
    sent = fill(whom, WHOLE_KIND + here._token)
    while whom.waits:
        there._hear()
        here._go_on()
    there._hear()
    assert kept(there).letters == [b"%d" % number for number in range(sent)]


def test_a_thread_that_is_woken_already_or_has_ended_needs_no_more(here: Datagrams) -> None:
    for _ in range(VERY_MANY):
        here._wake()
    here._leave()
    assert here._waker is not None
    assert here._waker.fileno() == -1, "and yet nothing is raised"
    here._wake()


def test_who_runs_no_thread_rings_whoever_has_a_socket(lines: Lines, folder: Path) -> None:
    there = lines()
    Datagrams(folder).ring()
    there._hear()
    assert kept(there).rings == 1


def test_who_runs_the_thread_rings_those_that_it_knows(here: Datagrams, there: Datagrams) -> None:
    here._thread = threading.current_thread()
    (here._folder / f"{name_of(there)}{SOCKET_SUFFIX}").unlink()  # the folder is not asked
    here.ring()
    there._hear()
    assert kept(there).rings == 1


def test_who_can_not_be_told_anything_is_noted_and_passed_over(
    here: Datagrams, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", datagram.log.name)
    name = "y" * (2 * datagram.MAX_PATH_BYTES)
    (folder / f"{name}{SOCKET_SUFFIX}").touch()
    here._look()
    assert here.alone
    assert f"process {name} can't be told anything: " in caplog.text


def test_so_many_neighbours_are_told_and_no_more(here: Datagrams, folder: Path) -> None:
    ears = [Ear(folder / f"{n:016x}{SOCKET_SUFFIX}") for n in range(MAX_NEIGHBOURS + 1)]
    here._look()
    assert len(here._neighbours) == MAX_NEIGHBOURS
    for one in ears:
        one.ends()


def test_who_leaves_is_found_no_more_and_refuses_what_is_sent(
    here: Datagrams, there: Datagrams
) -> None:
    (mine,) = there._neighbours.values()
    there._leave()
    assert names(here._folder) == {name_of(here)}
    assert (there.alone, mine._socket.fileno()) == (True, -1)
    assert {one.fileno() for one in (there._ears, there._woken)} == {-1}
    here._look()
    here._go_on()
    assert kept(here).lost_ones == [name_of(there)]


def test_a_long_path_is_reached_by_another_and_a_short_one_as_it_is(tmp_path: Path) -> None:
    longest = datagram.MAX_PATH_BYTES - 2 * NAME_BYTES - len(SOCKET_SUFFIX)
    short, long = Path("/" + "x" * (longest - 2)), tmp_path / ("x" * longest)
    with reached(short) as path:
        assert path == str(short)
    long.mkdir()
    with reached(long) as path:
        assert len(path) < longest
        assert Path(path).samefile(long)
    assert not Path(path).exists()


def test_where_there_is_no_folder_there_is_nobody(tmp_path: Path) -> None:
    (tmp_path / "other.txt").touch()
    assert names(tmp_path) == set()
    assert names(tmp_path / "nothing") == set()
    datagram.ring_once(tmp_path / "nothing")


def test_the_thread_sleeps_until_it_is_woken_or_hears_something(
    here: Datagrams, there: Datagrams
) -> None:
    never = time.monotonic() + 10_000
    here._wake()
    here._wait(never)
    assert wakings(here) == b""
    there.send(b"letter")
    here._wait(never)
    here._hear()
    assert kept(here).letters == [b"letter"]


def test_the_thread_looks_around_in_time_and_tries_again_soon(
    here: Datagrams, there: Datagrams
) -> None:
    here._wait(time.monotonic() - 10)
    next(iter(here._neighbours.values())).behind = True
    here._wait(time.monotonic() + 10_000)
