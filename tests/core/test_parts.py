"""The base of all threads of a process: started once, stopped for good."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from collab.core.parts import BackgroundThread, Parts
from collab.core.slots import Slot

from ..support.waiting import PATIENCE

STARTERS = 8


class Part(BackgroundThread):
    """Notes what was done with it."""

    def __init__(self, *, off: str | None = None) -> None:
        super().__init__("a part", off=off)
        self.done: list[str] = []
        self.running = threading.Event()

    def _prepare(self) -> None:
        self.done.append("prepared")

    def _wake(self) -> None:
        self.done.append("woken")

    def _run(self) -> None:
        self.done.append("run")
        self.running.set()
        self._stopping.wait(PATIENCE)


@pytest.fixture
def part():
    made = Part()
    yield made
    made.stop()


def test_many_who_start_it_at_once_start_one_thread(part):
    together = threading.Barrier(STARTERS)

    def start(_: int) -> None:
        together.wait(PATIENCE)
        part.start()

    with ThreadPoolExecutor(STARTERS) as pool:
        list(pool.map(start, range(STARTERS)))
    assert part.running.wait(PATIENCE)
    assert part.done == ["prepared", "run"]


def test_it_is_prepared_by_whoever_starts_it_and_before_it_runs(part):
    assert part.state == "stopped"
    part.start()
    assert part.done[0] == "prepared"
    assert part.running.wait(PATIENCE)
    assert part.state == "ok"


def test_what_was_stopped_has_ended_and_stays_so(part):
    part.start()
    part.stop()
    assert (part.alive, part.started, part.state) == (False, True, "stopped")
    part.start()
    assert part.done.count("run") == 1


def test_what_was_stopped_before_it_began_never_begins(part):
    part.stop()
    part.start()
    assert part.done == ["woken"]


def test_what_is_off_says_why_and_never_begins():
    off = Part(off="NOTIFIER is off")
    off.start()
    assert (off.done, off.state) == ([], "off: NOTIFIER is off")


def test_what_could_not_be_prepared_is_tried_again(part):
    class Broken(Part):
        def _prepare(self) -> None:
            super()._prepare()
            if len(self.done) == 1:
                raise OSError

    broken = Broken()
    with pytest.raises(OSError):
        broken.start()
    broken.start()
    assert broken.running.wait(PATIENCE)
    broken.stop()


class Eager(Part):
    """One that no request in hand needs."""

    def close(self) -> None:
        self._end()


def test_when_the_server_is_told_to_stop_what_requests_need_goes_on_until_they_have_ended():
    parts, made = Parts(Flask("two parts")), [Part(), Eager()]
    for one in made:
        parts.add(str(one), Slot(str(one), lambda _, one=one: one))
    parts.start()
    assert all(one.running.wait(PATIENCE) for one in made)
    parts.close()
    assert [one.done.count("woken") for one in made] == [0, 1]
    assert made[0].alive
    parts.stop()
    assert not any(one.alive for one in made)
