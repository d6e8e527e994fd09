"""Limits go by the monotonic clock, in bounded memory, and start no threads."""

from __future__ import annotations

import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from collab.core.counting.shared_windows import WINDOWS_PER_BUCKET, SharedWindows, Table
from collab.core.counting.windows import MAX_WINDOWS, WINDOWS_PER_LOOK, MonotonicStorage
from collab.core.http.limits import Limits

from ..conftest import http_for
from ..support.clocks import Clock
from ..support.forks import forked
from ..support.people import Person

Kind = Callable[[Callable[[], float]], MonotonicStorage]

#: Windows of one process, and those that several share.
KINDS = (
    lambda clock: MonotonicStorage(clock=clock),
    lambda clock: SharedWindows(Table(buckets=4), "some:", clock),
)

keys = st.sampled_from(["a", "b", "c"])
act = st.tuples(st.sampled_from(["incr", "decr", "clear"]), keys, st.floats(0, 40))


@pytest.mark.parametrize("kind", KINDS)
@given(acts=st.lists(act, max_size=80))
def test_it_counts_as_a_plain_table_of_times_would(
    kind: Kind, acts: list[tuple[str, str, float]]
) -> None:
    clock = Clock()
    storage = kind(clock)
    model: dict[str, list[float]] = {}  # the count, and when it ends
    for what, key, seconds in acts:
        clock.now += seconds
        model = {name: one for name, one in model.items() if one[1] > clock.now and one[0] > 0}
        if what == "incr":
            one = model.setdefault(key, [0, clock.now + 60])
            one[0] += 1
            if one[0] % 2:
                assert storage.incr(key, 60) == one[0]
                assert storage.get_expiry(key) == one[1]
            else:
                assert storage.count(key, 60) == (one[0], one[1])
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


class Asked(MonotonicStorage):
    """Windows that know how often they were asked for something."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def count(self, *told: Any, **more: Any) -> tuple[int, float]:
        """Count, and be asked."""
        self.times += 1
        return super().count(*told, **more)

    def get(self, key: str) -> int:
        """Be asked for a count."""
        self.times += 1
        return super().get(key)

    def get_expiry(self, key: str) -> float:
        """Be asked for an end."""
        self.times += 1
        return super().get_expiry(key)


def test_what_is_left_is_told_with_one_look_at_the_windows() -> None:
    windows = Asked()
    limits = Limits("2 per minute", windows)
    counted = [limits.count("a") for _ in range(3)]
    assert [one and (one.within, one.remaining) for one in counted] == [
        (True, 1),
        (True, 0),
        (False, 0),
    ]
    assert all(one and 1 <= one.left_s <= 60 for one in counted)
    assert windows.times == 3


def test_millions_of_names_take_the_memory_of_some_thousands() -> None:
    """Measured in a part of the table, since tracing memory makes all slow: 512 bytes a window."""
    few = MAX_WINDOWS // 8
    storage = MonotonicStorage(most=few)
    tracemalloc.start()
    try:
        for number in range(few * 4):
            storage.incr(f"address:2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64", 900)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(storage) == few
    assert taken < few * 512


def test_a_table_is_as_large_as_it_says() -> None:
    storage = MonotonicStorage()
    for number in range(MAX_WINDOWS + 100):
        storage.incr(f"address:{number}", 900)
    assert len(storage) == MAX_WINDOWS


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
    before = threading.enumerate()
    for number in range(100):
        storage.incr(f"address{number}", 1)
    assert [one for one in threading.enumerate() if one not in before] == []


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


# -- shared by processes --------------------------------------------------------------------------


def test_all_who_share_a_table_count_together() -> None:
    table = Table()
    one, other = SharedWindows(table, "some:"), SharedWindows(table, "some:")
    assert [each.incr("key", 60) for each in (one, other, one)] == [1, 2, 3]
    assert other.take("key") == 3
    assert one.get("key") == 0


def test_names_keep_their_windows_apart() -> None:
    table = Table()
    SharedWindows(table, "some:").incr("key", 60)
    assert SharedWindows(table, "others:").get("key") == 0


def test_a_forked_process_counts_in_the_same_windows() -> None:
    windows = SharedWindows(Table(), "some:")
    windows.incr("key", 60)

    def count() -> None:
        for _ in range(200):
            windows.incr("key", 60)

    children = [forked(count) for _ in range(2)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    assert windows.get("key") == 401


def test_a_full_bucket_forgets_the_lowest_count() -> None:
    windows = SharedWindows(Table(buckets=1), "some:")
    for _ in range(5):
        windows.incr("often", 60)
    for number in range(50):
        windows.incr(f"once {number}", 60)
    assert windows.get("often") == 5
    assert sum(windows.get(f"once {number}") for number in range(50)) == WINDOWS_PER_BUCKET - 1
