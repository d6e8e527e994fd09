"""The thread of a reader, in the test's own: what it does in which order, and what it survives."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.globals import app_ctx
from sqlalchemy.exc import OperationalError

from collab.core.errors import Conflict
from collab.core.storage.chores import Chore
from collab.events.log import BELL
from collab.events.numbers import READERS
from collab.events.reader import Reader
from collab.events.reader_thread import GATHER_S, POLL_S, ReaderThread

HOUR = 3600


class Noted(threading.Event):
    """Notes in a story what is done with it, and waits for nothing."""

    def __init__(self, name: str, story: list[object]) -> None:
        super().__init__()
        self._name, self._story = name, story

    def wait(self, timeout: float | None = None) -> bool:
        self._story.append((self._name, timeout))
        return self.is_set()

    def clear(self) -> None:
        self._story.append(f"{self._name} cleared")
        super().clear()


class Reading(Reader):
    """Notes what it is asked for; what it answers is taken from a list."""

    def __init__(self, story: list[object]) -> None:
        super().__init__("test", ["a.wanted"], lambda rows: None)
        self._story = story
        self.answers: list[bool | Exception] = []

    def begin(self) -> None:
        self._story.append("begins")

    def read_some(self) -> bool:
        self._story.append("reads")
        answer = self.answers.pop(0) if self.answers else False
        if isinstance(answer, Exception):
            raise answer
        return answer


class Turned(ReaderThread):
    """Notes its signs of life, and ends after so many rounds."""

    def __init__(self, app: Flask, *chores: Chore, rounds: int = 1) -> None:
        self.story: list[object] = []
        self.reading = Reading(self.story)
        super().__init__(app, self.reading, *chores, Chore("a round", 0, self._counts))
        self._rung = Noted("rung", self.story)
        self._stopping = Noted("stopping", self.story)
        self._rounds = rounds

    def _beat(self) -> None:
        super()._beat()
        self.story.append("beats")

    def _counts(self) -> bool:
        self._rounds -= 1
        if not self._rounds:
            self.close()
        return False

    def runs(self) -> list[object]:
        """Run until its end; returns what it did since."""
        self.story.clear()
        self._run()
        return self.story


def done(story: list[object], name: str) -> Callable[[], bool]:
    def step() -> bool:
        story.append(name)
        return False

    return step


def test_in_each_round_it_waits_for_a_ring_and_for_what_comes_along_and_reads(app: Flask) -> None:
    a_round = ["beats", ("rung", POLL_S), ("stopping", GATHER_S), "rung cleared", "reads"]
    assert Turned(app, rounds=2).runs() == a_round * 2


def test_it_reads_on_and_shows_that_it_lives_while_there_is_more(app: Flask) -> None:
    one = Turned(app)
    one.reading.answers = [True, True]
    assert one.runs()[4:] == ["reads", "beats", "reads", "beats", "reads"]


def test_told_to_end_it_ends_after_what_it_is_reading(app: Flask) -> None:
    one = Turned(app)
    one.reading.answers = [True] * 3
    reads = one.reading.read_some

    def ends() -> bool:
        one.close()
        return reads()

    one.reading.read_some = ends  # type: ignore[method-assign]
    assert one.runs().count("reads") == 1
    assert one._rung.is_set(), "whoever waits for a ring sees at once that it is over"


def test_chores_are_done_after_the_reading_in_steps_and_at_their_times(app: Flask) -> None:
    one = Turned(app, rounds=2)
    left = [True, True, False]

    def in_steps() -> bool:
        one.story.append("a step")
        return left.pop(0)

    one._agenda.chores.insert(0, Chore("hourly", HOUR, in_steps))
    first = ["reads", *["a step", "beats"] * 2, "a step"]
    assert one.runs()[4:10] == first
    assert one.story.count("reads") == 2
    assert one.story.count("a step") == 3


def test_a_chore_is_left_in_the_middle_when_it_is_told_to_end(app: Flask) -> None:
    one = Turned(app)

    def ends() -> bool:
        one.story.append("a step")
        one.close()
        return True

    one._agenda.chores.insert(0, Chore("without end", 0, ends))
    assert one.runs().count("a step") == 1


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (OperationalError("SELECT", {}, Exception("busy")), "test waits, the database does not"),
        (Conflict("later"), "test waits, the database does not answer: later"),
        (KeyError("poison"), "test stumbled, trying again"),
    ],
    ids=["database", "refused", "unforeseen"],
)
def test_what_fails_is_told_and_tried_in_the_next_round(
    trouble: Exception, said: str, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    one = Turned(app, rounds=2)
    one.reading.answers = [trouble]
    assert one.runs().count("reads") == 2
    (message,) = caplog.messages
    assert message.startswith(said)


def test_a_chore_that_fails_is_not_tried_again_before_its_time(app: Flask) -> None:
    one = Turned(app, rounds=2)

    def fails() -> bool:
        one.story.append("fails")
        raise KeyError("nothing")

    one._agenda.chores.insert(0, Chore("failing", HOUR, fails))
    assert one.runs().count("fails") == 1


def test_it_works_in_the_applications_context(app: Flask) -> None:
    seen: list[Flask] = []

    def looks() -> bool:
        seen.append(app_ctx.app)
        return False

    Turned(app, Chore("looks", HOUR, looks)).runs()
    assert seen == [app]


def test_before_it_runs_it_keeps_its_place_and_its_reader_is_known(app: Flask) -> None:
    one = Turned(app)
    one._prepare()
    assert one.story == ["begins"]
    assert READERS.of(app)["test"] is one.reading


def test_each_ring_is_for_it_too(app: Flask) -> None:
    one = ReaderThread(app, Reading([]))
    BELL.of(app).ring()
    assert one._rung.is_set()


def test_it_is_called_as_its_reader_and_is_off_where_another_process_does_it(app: Flask) -> None:
    one, off = ReaderThread(app, Reading([])), ReaderThread(app, Reading([]), enabled=False)
    assert one._name == "test"
    assert (one.state, off.state) == ("stopped", "off: another process must do it")
