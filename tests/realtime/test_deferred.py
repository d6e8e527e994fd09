"""What another thread carries out it answers, in order; what is more than that is for a turn."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import Unavailable
from collab.realtime.json_door.deferred import (
    MAX_BYTES_ALONE,
    MAX_WAITING_MESSAGES,
    Deferred,
    Request,
)

#: How the other thread ends with a request: well, with an error, with what only a turn can answer.
ENDS = ("well", "badly", "at length")


class Connection:
    """Notes what is answered, and by whom."""

    def __init__(self, patience_s: float = 15.0) -> None:
        self.answered: list[tuple[str, int]] = []
        self.asked_for_turns = self.writes = 0
        wire: Any = self
        self.deferred = Deferred(wire, self.finish, patience_s)

    def rouse(self) -> None:
        self.asked_for_turns += 1

    def push(self, chunk: bytes, last_id: int = 0) -> None:
        self.writes += 1
        self.answered += [("at once", int(one)) for one in chunk.split()]

    def add(self, number: int, end: str = "well", size: int = 1) -> Future[int]:
        future: Future[int] = Future()

        def answer(result: int) -> bytes | None:
            return b"%d " % result if end == "well" else None

        self.deferred.add(number, size, future, answer)
        return future

    def finish(self, request: Request) -> None:
        try:
            self.answered.append(("in a turn", request.result()))
        except (ValueError, Unavailable) as error:
            self.answered.append((type(error).__name__, request.what))


def end(future: Future[int], number: int, how: str) -> None:
    if how == "badly":
        future.set_exception(ValueError())
    else:
        future.set_result(number)


@given(
    st.lists(st.sampled_from(ENDS), max_size=12).flatmap(
        lambda ends: st.tuples(st.just(ends), st.permutations(range(len(ends))))
    )
)
def test_answers_keep_the_order_of_their_requests_whichever_is_done_first(
    case: tuple[list[str], list[int]],
) -> None:
    ends, order = case
    one = Connection()
    futures = [one.add(number, how) for number, how in enumerate(ends)]
    for number in order:
        end(futures[number], number, ends[number])
        one.deferred.settle(wait=False)
    names = {"well": {"at once", "in a turn"}, "badly": {"ValueError"}, "at length": {"in a turn"}}
    assert [number for _, number in one.answered] == list(range(len(ends)))
    assert all(name in names[how] for (name, _), how in zip(one.answered, ends, strict=True))


def test_what_went_well_is_answered_without_a_turn_in_one_write() -> None:
    one = Connection()
    first, second = one.add(1), one.add(2)
    second.set_result(2)
    assert one.answered == []
    first.set_result(1)
    assert one.answered == [("at once", 1), ("at once", 2)]
    assert (len(one.deferred), one.asked_for_turns, one.writes) == (0, 0, 1)


@pytest.mark.parametrize("how", ["badly", "at length"])
def test_all_else_asks_for_a_turn_and_what_is_after_it_waits(how: str) -> None:
    one = Connection()
    first, second = one.add(1, how), one.add(2)
    end(second, 2, "well")
    end(first, 1, how)
    assert (one.answered, one.asked_for_turns) == ([], 1)
    one.deferred.settle(wait=False)
    assert [number for _, number in one.answered] == [1, 2]


def test_an_answer_that_can_not_be_made_is_left_to_a_turn() -> None:
    one = Connection()
    future: Future[int] = Future()
    one.deferred.add(1, 1, future, lambda result: b"%d" % (result / 0))
    future.set_result(1)
    assert (one.answered, one.asked_for_turns) == ([], 1)
    one.deferred.settle(wait=False)
    assert one.answered == [("in a turn", 1)]


def test_what_takes_too_long_is_refused_and_not_answered_later() -> None:
    one = Connection(patience_s=0.0)
    future = one.add(1)
    assert one.deferred.patience() <= 0
    one.deferred.settle(wait=False)
    future.set_result(1)
    assert one.answered == [("Unavailable", 1)]


def test_there_is_room_without_a_thread_for_what_is_short_and_few() -> None:
    one = Connection()
    assert one.deferred.has_room(MAX_BYTES_ALONE)
    one.add(1, size=MAX_BYTES_ALONE - 1)
    assert one.deferred.has_room(1)
    assert not one.deferred.has_room(2)
    many = Connection()
    for number in range(MAX_WAITING_MESSAGES - 1):
        assert many.deferred.has_room(1)
        many.add(number)
    assert not many.deferred.has_room(1)


def test_a_turn_waits_for_what_is_long() -> None:
    one = Connection()
    with ThreadPoolExecutor(1) as other:
        future = one.add(1, size=MAX_BYTES_ALONE + 1)
        other.submit(future.set_result, 1)
        one.deferred.settle(wait=False)
        assert [number for _, number in one.answered] == [1]
