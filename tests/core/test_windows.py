"""Limits go by the monotonic clock, in bounded memory, and start no threads."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from collab.core.counting.windows import MAX_WINDOWS, WINDOWS_PER_LOOK, MonotonicStorage

from ..conftest import http_for
from ..support.clocks import Clock
from ..support.people import Person

keys = st.sampled_from(["a", "b", "c"])
act = st.tuples(st.sampled_from(["incr", "decr", "clear"]), keys, st.floats(0, 40))


@given(st.lists(act, max_size=80))
def test_it_counts_as_a_plain_table_of_times_would(acts: list[tuple[str, str, float]]) -> None:
    clock = Clock()
    storage = MonotonicStorage(clock=clock)
    model: dict[str, list[float]] = {}  # the count, and when it ends
    for what, key, seconds in acts:
        clock.now += seconds
        model = {name: one for name, one in model.items() if one[1] > clock.now and one[0] > 0}
        if what == "incr":
            one = model.setdefault(key, [0, clock.now + 60])
            one[0] += 1
            assert storage.incr(key, 60) == one[0]
            assert storage.get_expiry(key) == one[1]
        elif what == "decr":
            storage.decr(key)
            model.get(key, [0, 0])[0] -= 1
        else:
            storage.clear(key)
            model.pop(key, None)
        for name in "abc":
            assert storage.get(name) == max(0, model.get(name, [0, 0])[0])


def test_the_strategies_of_the_library_take_it() -> None:
    limiter, limit = FixedWindowRateLimiter(storage_from_string("monotonic://")), parse("2/minute")
    assert [limiter.hit(limit, "a") for _ in range(3)] == [True, True, False]
    limiter.clear(limit, "a")
    assert limiter.hit(limit, "a")


def test_millions_of_names_take_the_memory_of_some_thousands() -> None:
    storage = MonotonicStorage()
    tracemalloc.start()
    try:
        for number in range(MAX_WINDOWS * 4):
            storage.incr(f"address:2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64", 900)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(storage) == MAX_WINDOWS
    assert taken < 16 * 2**20


@given(st.integers(2, 9), st.integers(1, 400))
def test_new_names_push_out_no_count_that_is_higher(count: int, names: int) -> None:
    storage = MonotonicStorage(most=WINDOWS_PER_LOOK * 2)
    for _ in range(count):
        storage.incr("victim", 900)
    for number in range(names):
        storage.incr(f"new{number}", 900)
    assert storage.get("victim") == count


def test_counting_starts_no_thread() -> None:
    storage = MonotonicStorage()
    before = threading.active_count()
    for number in range(100):
        storage.incr(f"address{number}", 1)
    assert threading.active_count() == before


@pytest.mark.parametrize("jump_s", [86_400, -86_400])
def test_setting_the_clock_changes_no_limit(
    make_app: Callable[..., Flask], alice: Person, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    """The wall clock is set while somebody is active, and set back; nobody has to wait for it."""
    person = alice.at(http_for(make_app(RATE_LIMIT="3 per minute")))
    real = time.time
    answers = [person.get("/auth/me")]
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + jump_s)
        answers.append(person.get("/posts"))
    answers += [person.get("/auth/me"), person.get("/auth/me")]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers[:3]] == [
        "r=2",
        "r=1",
        "r=0",
    ]
