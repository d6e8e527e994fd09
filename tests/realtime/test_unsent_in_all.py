"""What waits for slow readers has one bound for all of them together."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.realtime.transport.reactor import Reactor
from collab.realtime.transport.wire import MAX_UNSENT_BYTES, Wire
from collab.realtime.unsent import MAX_UNSENT_IN_ALL_BYTES, Scales, too_heavy

from ..support.waiting import eventually

#: Bytes of which a part waits, as two connected sockets take some themselves.
LARGE = MAX_UNSENT_BYTES
#: Readers for whom that is too much in all.
MANY = 5 * MAX_UNSENT_IN_ALL_BYTES // MAX_UNSENT_BYTES


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    made = Reactor()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def wires(reactor: Reactor) -> Iterator[list[Wire]]:
    """Return wires whose peers read nothing."""
    with ExitStack() as stack:
        made = []
        for _ in range(MANY):
            ours, theirs = (stack.enter_context(one) for one in socket.socketpair())
            theirs.setblocking(False)
            made.append(Wire(ours, reactor))
        yield made
        for one in made:
            one.abort()


def waiting(wires: list[Wire]) -> int:
    return sum(one.unsent for one in wires)


def test_more_than_that_cuts_some_off_and_leaves_the_others(wires: list[Wire]) -> None:
    for number, one in enumerate(wires):
        one.push(bytes([number]) * LARGE)
    eventually(lambda: any(one.closing for one in wires))
    eventually(lambda: waiting([one for one in wires if not one.dead]) <= MAX_UNSENT_IN_ALL_BYTES)
    assert not all(one.closing for one in wires)


def test_what_all_wait_for_is_there_once_and_cuts_nobody_off(wires: list[Wire]) -> None:
    same = b"x" * LARGE
    for one in wires:
        one.push(same)
    assert waiting(wires) > MAX_UNSENT_IN_ALL_BYTES
    scales = Scales()
    scales.more_waits()
    scales.weigh(time.monotonic(), wires)
    assert not any(one.closing for one in wires)


def test_it_is_looked_at_when_it_is_due_and_not_again_at_once() -> None:
    scales = Scales()
    scales.weigh(100.0, [])
    assert scales.due_at > 100
    scales.more_waits()
    assert scales.due_at < 100
    scales.weigh(100.0, [])
    scales.more_waits()
    assert 100 < scales.due_at < 101


WEIGHTS = st.dictionaries(
    st.integers(0, 30), st.dictionaries(st.integers(0, 12), st.just(10), max_size=12), max_size=12
)


@given(WEIGHTS, st.integers(0, 150))
def test_what_is_left_is_within_the_bound(unsent: dict[int, dict[int, int]], most: int) -> None:
    cut = too_heavy(unsent, most)
    assert len(cut) == len(set(cut))
    left = {key for one, weights in unsent.items() if one not in cut for key in weights}
    assert 10 * len(left) <= most
    without_last = cut[:-1]
    before = {key for one, weights in unsent.items() if one not in without_last for key in weights}
    assert not cut or 10 * len(before) > most


def test_those_go_first_who_wait_for_most_that_nobody_else_waits_for() -> None:
    alone, shared = {1: 50}, {2: 60, 3: 60}
    assert too_heavy({"a": shared, "b": alone, "c": shared}, 120) == ["b"]
