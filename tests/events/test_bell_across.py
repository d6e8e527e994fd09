"""What crosses from process to process: rings, signals and who is present.

Two lines of one process stand for two processes: between them are the same sockets.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from collab.events.bell.datagram import Datagrams, reached, ring_once
from collab.events.bell.exchange import Exchange, on_exchange
from collab.events.bell.line import MAX_WAITING_BYTES, Nobody
from collab.events.bell.waking import Bell
from collab.events.hub import Hub
from collab.events.message import Message

from ..support.waiting import eventually
from .fakes import Fake, Keeps

Lines = Callable[..., Datagrams]


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Lines]:
    """Return a starter of lines in one folder."""
    made: list[Datagrams] = []

    def start(reader: Any, folder: Path = tmp_path / "processes") -> Datagrams:
        """Start a line; without a reader, leave that to others."""
        line = Datagrams(folder)
        made.append(line)
        if reader is not None:
            line.reader = reader
            line.start()
        return line

    yield start
    for line in made:
        line.stop()


@pytest.fixture
def pair(lines: Lines) -> tuple[Datagrams, Keeps]:
    """Return a line, and what comes to another one that it knows."""
    there = Keeps()
    lines(there)
    here = lines(Nobody())
    eventually(lambda: not here.alone)
    return here, there


def test_a_ring_comes_across(pair: tuple[Datagrams, Keeps]) -> None:
    here, there = pair
    here.ring()
    eventually(lambda: there.rings)


def test_who_has_no_line_rings_too(pair: tuple[Datagrams, Keeps], tmp_path: Path) -> None:
    ring_once(tmp_path / "processes")
    eventually(lambda: pair[1].rings)


def test_letters_of_any_length_come_whole_and_in_order(pair: tuple[Datagrams, Keeps]) -> None:
    here, there = pair
    sent = [b"short", b"x" * 1_000_000, b"", b"y" * 65_536, b"z" * 65_537]
    for letter in sent:
        here.send(letter)
    eventually(lambda: len(there.letters) >= len(sent))
    assert there.letters == sent


def test_each_tells_a_newcomer_what_it_should_know(lines: Lines) -> None:
    old, new = Keeps(b"of the old"), Keeps(b"of the new")
    lines(old)
    lines(new)
    eventually(lambda: old.letters and new.letters)
    assert (old.letters, new.letters) == ([b"of the new"], [b"of the old"])


def test_who_has_missed_letters_is_told_everything_anew(lines: Lines) -> None:
    busy, release = threading.Event(), threading.Event()

    class Slow(Keeps):
        def take(self, origin: str, letter: bytes) -> None:
            super().take(origin, letter)
            if letter == b"first":
                busy.set()
                release.wait(30)

    slow = Slow()
    lines(slow)
    here = lines(Keeps(b"everything"))
    eventually(lambda: slow.letters == [b"everything"])
    here.send(b"first")
    assert busy.wait(30)
    for _ in range(2 * MAX_WAITING_BYTES // 50_000):
        here.send(b"x" * 50_000)
    here.ring()
    release.set()
    eventually(lambda: slow.rings)
    eventually(lambda: slow.letters.count(b"everything") == 2)
    here.send(b"last")
    eventually(lambda: slow.letters[-1] == b"last")


def test_who_ends_is_missed(lines: Lines) -> None:
    keeps = Keeps()
    here, there = lines(keeps), lines(Nobody())
    eventually(lambda: not here.alone)
    there.stop()
    eventually(lambda: keeps.lost_ones and here.alone)


def test_what_a_killed_process_left_is_tidied_away(lines: Lines, tmp_path: Path) -> None:
    folder = tmp_path / "processes"
    killed = lines(Nobody())
    (name,) = [one.name for one in folder.iterdir()]
    killed.stop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead, reached(folder) as path:
        dead.bind(f"{path}/{name}")
    assert lines(Nobody()).alive
    eventually(lambda: not (folder / name).exists())


def test_a_folder_with_a_long_name_will_do(lines: Lines, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120) / "processes"
    keeps = Keeps()
    lines(keeps, folder)
    here = lines(Nobody(), folder)
    eventually(lambda: not here.alone)
    here.ring()
    eventually(lambda: keeps.rings)


def test_without_a_folder_it_says_that_it_polls(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = Datagrams(tmp_path / "file" / "processes")
    line.start()
    line.ring()
    line.send(b"nobody hears")
    assert line.state.startswith("off: no socket in ")


# -- what followers hear --------------------------------------------------------------------------

TOPIC = "project:1"


class Process:
    """A hub with a line to others, without a broadcaster: `tell` does its part."""

    def __init__(self, line: Datagrams, app: Flask) -> None:
        self.bell, self.line = Bell(), line
        self.hub = Hub(self.bell)
        self.exchange = Exchange(app, self.hub, self.bell, line)
        line.start()

    def come(self, **person: Any) -> Fake:
        """Let somebody follow the topic."""
        subscriber = Fake(**person)
        self.hub.add(subscriber, {TOPIC: 1})
        self.tell()
        return subscriber

    def tell(self) -> None:
        """Tell what waits, here and elsewhere."""
        self.exchange.tell(len(self.hub.crossing))
        self.hub.tell([self.hub.signals.popleft() for _ in range(len(self.hub.signals))])

    def told(self) -> list[tuple[str, Any]]:
        """Return what waits for followers here."""
        return [(one.type, one.data) for one in self.hub.signals]

    @property
    def present(self) -> list[str]:
        return [one["name"] for one in self.hub.present(TOPIC)]


@pytest.fixture
def here_and_there(lines: Lines, app_of_tellers: Flask) -> tuple[Process, Process]:
    """Return two processes that know each other."""
    pair = [Process(lines(None), app_of_tellers) for _ in range(2)]
    eventually(lambda: not pair[0].line.alone and not pair[1].line.alone)
    return pair[0], pair[1]


@pytest.fixture
def app_of_tellers() -> Flask:
    return Flask("test")


def typing(text: str = "") -> Message:
    return Message.signal(TOPIC, "typing", 7, {"text": text})


def test_a_signal_is_heard_with_the_id_that_it_has(here_and_there: Any) -> None:
    here, there = here_and_there
    sent = typing("Grüße")
    here.hub.signal(sent)
    here.tell()
    eventually(lambda: there.hub.signals)
    (heard,) = there.hub.signals
    assert heard.envelope() == sent.envelope()


def test_what_was_heard_is_not_told_on(here_and_there: Any) -> None:
    here, there = here_and_there
    here.hub.signal(typing())
    here.tell()
    eventually(lambda: there.hub.signals)
    assert not there.hub.crossing


def test_who_is_alone_keeps_no_signals_for_others(here_and_there: Any) -> None:
    here, there = here_and_there
    there.line.stop()
    eventually(lambda: here.line.alone and not here.hub.crosses)
    here.hub.signal(typing())
    assert not here.hub.crossing


def test_a_signal_has_the_log_read_up_to_what_its_sender_had_told(here_and_there: Any) -> None:
    here, there = here_and_there
    there.bell.take_rows()
    here.hub.position = 5
    here.hub.signal(typing())
    here.tell()
    eventually(lambda: there.hub.signals)
    assert there.bell.take_rows()


def test_who_follows_in_two_processes_is_present_once(here_and_there: Any) -> None:
    here, there = here_and_there
    bob = there.come(user_id=2, name="Bob")
    eventually(lambda: here.present == ["Bob"])
    here.tell()
    again = here.come(user_id=2, name="Bob")
    alice = here.come(user_id=1, name="Alice")
    eventually(lambda: "Alice" in there.present)
    assert (here.present, there.present) == (["Bob", "Alice"], ["Bob", "Alice"])
    there.hub.leave(bob)
    there.tell()
    here.hub.leave(again)
    here.tell()
    eventually(lambda: there.present == ["Alice"])
    came_and_went = [one for one in there.told() if one[1]["user_id"] == 2]
    assert [kind for kind, _ in came_and_went] == ["user.left"]
    eventually(lambda: here.present == ["Alice"])
    here.tell()
    assert len(alice.got) == 1 + 1  # that they came themselves, and that Bob went


def test_who_was_there_before_is_told_to_a_new_process(
    here_and_there: Any, lines: Lines, app_of_tellers: Flask
) -> None:
    here, _ = here_and_there
    here.come(user_id=2, name="Bob")
    here.hub.note(TOPIC, 2, {"position": 4})
    new = Process(lines(None), app_of_tellers)
    eventually(lambda: new.present == ["Bob"])
    assert new.hub.notes(TOPIC) == {2: {"position": 4}}


def test_the_people_of_a_process_that_ends_go_with_it(here_and_there: Any) -> None:
    here, there = here_and_there
    here.come(user_id=1, name="Alice")
    there.come(user_id=2, name="Bob")
    eventually(lambda: here.present == ["Alice", "Bob"])
    here.tell()
    there.line.stop()
    eventually(lambda: here.present == ["Alice"])
    assert here.told() == [("user.left", {"user_id": 2, "name": "Bob"})]


def test_a_note_moves_and_goes_with_its_person(here_and_there: Any) -> None:
    here, there = here_and_there
    bob = here.come(user_id=2, name="Bob")
    for position in (3, 5):
        here.hub.note(TOPIC, 2, position)
        here.tell()
    eventually(lambda: there.hub.notes(TOPIC) == {2: 5})
    here.hub.leave(bob)
    here.tell()
    eventually(lambda: there.hub.notes(TOPIC) == {})


def test_a_letter_that_nobody_can_read_harms_nobody(here_and_there: Any) -> None:
    here, there = here_and_there
    for letter in (b"", b"[]]", b"[1, [2], 3]", b'[0, [], [["project:1"]]]', b"[1, 2, 3, 4]"):
        here.line.send(letter)
    here.come(user_id=2, name="Bob")
    eventually(lambda: there.present == ["Bob"])


def test_a_package_keeps_what_its_signals_say(lines: Lines, app_of_tellers: Flask) -> None:
    heard: list[tuple[str, str]] = []

    class Teller:
        def write(self, message: Message) -> Any:
            return message.data

        def hear(self, origin: str, message: Message) -> Message:
            heard.append((origin, message.data["text"]))
            return message

        def in_order(self) -> AbstractContextManager[Any]:
            return nullcontext()

        def tell(self) -> Iterable[Message]:
            return [typing("known before")]

        def doubt(self, origin: str) -> None:
            """Know that all is told again."""

        def settle(self, origin: str) -> Iterable[Message]:
            return ()

        def forget(self, origin: str) -> Iterable[Message]:
            heard.append((origin, "gone"))
            return [typing("somebody has gone")]

    on_exchange(app_of_tellers, "typing", Teller())
    here, there = (Process(lines(None), app_of_tellers) for _ in range(2))
    eventually(lambda: len(heard) == 2)
    assert [text for _, text in heard] == ["known before"] * 2
    there.line.stop()
    eventually(lambda: heard[2:])
    assert heard[2][1] == "gone"
    assert here.told()[-1] == ("typing", {"text": "somebody has gone"})


def test_a_bell_rings_others_itself_until_somebody_does_it_for_it() -> None:
    rings: list[str] = []
    bell = Bell(afar=lambda: rings.append("ring"))
    bell.ring()
    bell.attended = True
    bell.ring()
    bell.ring()
    assert rings == ["ring"]
    bell.tell_afar()
    bell.tell_afar()
    bell.ring_here()
    bell.tell_afar()
    assert rings == ["ring", "ring"]


def test_a_bell_wakes_readers_that_have_time_after_who_attends_to_it() -> None:
    bell = Bell()
    reader = bell.wake_too()
    bell.ring()
    assert reader.is_set()
    reader.clear()
    bell.attended = True
    bell.ring()
    bell.ring_here()
    assert not reader.is_set()
    bell.wake_others()
    assert reader.is_set()
