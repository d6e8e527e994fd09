"""Whoever logs does not wait until others have written their lines."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from collab.core.logging.console import MAX_TURNS_IN_A_ROW, MAX_WAITING_LINES, Console

from ..support.waiting import eventually


class Slow(io.StringIO):
    """A terminal of which each write waits until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.reached, self.may_go_on = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, text: str) -> int:
        self.writes += 1
        self.reached.release()
        assert self.may_go_on.acquire(timeout=60)
        return super().write(text)


def said(console: Console, *lines: str) -> None:
    for line in lines:
        console.handle(logging.makeLogRecord({"msg": line}))


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_who_logs_while_another_writes_leaves_the_line_there(
    slow: Slow, pool: ThreadPoolExecutor
) -> None:
    console = Console(slow)
    first = pool.submit(said, console, "one")
    assert slow.reached.acquire(timeout=60)
    said(console, "two", "three")  # returns, though the first has not been written
    slow.may_go_on.release(2)
    first.result(60)
    assert (slow.getvalue(), slow.writes) == ("one\ntwo\nthree\n", 2)


def test_who_writes_for_others_does_so_a_few_times_and_then_the_next_goes_on(
    slow: Slow, pool: ThreadPoolExecutor
) -> None:
    console = Console(slow)
    first = pool.submit(said, console, "0")
    for number in range(1, MAX_TURNS_IN_A_ROW):
        assert slow.reached.acquire(timeout=60)
        said(console, str(number))
        slow.may_go_on.release()
    assert slow.reached.acquire(timeout=60)  # its last turn: who comes now waits
    last = pool.submit(said, console, "last")
    assert not first.done()
    slow.may_go_on.release()
    first.result(60)
    slow.may_go_on.release()
    last.result(60)
    assert slow.getvalue().split() == [*map(str, range(MAX_TURNS_IN_A_ROW)), "last"]


def test_no_more_lines_wait_than_a_number(slow: Slow, pool: ThreadPoolExecutor) -> None:
    console = Console(slow)
    first = pool.submit(said, console, "first")
    assert slow.reached.acquire(timeout=60)
    said(console, *["waits"] * MAX_WAITING_LINES)
    over = pool.submit(said, console, "over")
    eventually(lambda: len(console._lines) > MAX_WAITING_LINES)
    assert not over.done()
    slow.may_go_on.release(10)
    first.result(60)
    over.result(60)
    assert len(slow.getvalue().split()) == MAX_WAITING_LINES + 2


def test_of_many_threads_each_line_is_there_once_and_in_order(pool: ThreadPoolExecutor) -> None:
    stream = io.StringIO()
    console = Console(stream)
    told = [[f"{thread} {number}" for number in range(300)] for thread in range(16)]
    list(pool.map(lambda lines: said(console, *lines), told))
    found = stream.getvalue().splitlines()
    assert sorted(found) == sorted(line for lines in told for line in lines)
    for thread, lines in enumerate(told):
        assert [line for line in found if line.startswith(f"{thread} ")] == lines


def test_a_line_that_breaks_is_reported_and_the_next_is_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = io.StringIO()
    console = Console(stream)
    console.handle(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))
    said(console, "next")
    assert stream.getvalue() == "next\n"
    assert "no number" in capsys.readouterr().err


def test_a_line_that_logs_while_it_is_written_is_written_with_it() -> None:
    class Telling(io.StringIO):
        """Logs once while it is written to, as what is collected as garbage may do."""

        def write(self, text: str) -> int:
            if text == "outer\n":
                said(console, "inner")
            return super().write(text)

    stream = Telling()
    console = Console(stream)
    said(console, "outer")
    assert sorted(stream.getvalue().split()) == ["inner", "outer"]
