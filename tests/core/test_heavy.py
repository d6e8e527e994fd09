"""Requests that take much memory take turns, and of one person fewer are carried out at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import TooManyRequests, Unavailable
from collab.core.http.heavy import (
    HEAVY_BYTES,
    LARGEST_BYTES,
    MAX_BYTES_AT_ONCE,
    MAX_HEAVY_AT_ONCE,
    MAX_HEAVY_PER_PERSON,
    MAX_HEAVY_WAITING,
    MAX_HEAVY_WAITING_PER_PERSON,
    TURNS,
    HeavyTurns,
)

from ..support.people import Person, ok
from ..support.problems import problem
from ..support.waiting import eventually

LARGE = "x" * HEAVY_BYTES


@pytest.fixture
def turns() -> HeavyTurns:
    return HeavyTurns()


def waits(turns: HeavyTurns, who: str) -> threading.Thread:
    """Enter in a thread, and return that once it waits."""
    before = turns.counts[1]

    def enter() -> None:
        with suppress(Unavailable):  # the test is over then
            turns.enter(who)

    thread = threading.Thread(target=enter, daemon=True)
    thread.start()
    eventually(lambda: turns.counts[1] == before + 1)
    return thread


def test_one_person_is_at_a_few_only_and_leaves_room_for_others(turns: HeavyTurns) -> None:
    for _ in range(MAX_HEAVY_PER_PERSON):
        turns.enter("mallory")
    waiting = [waits(turns, "mallory") for _ in range(MAX_HEAVY_WAITING_PER_PERSON)]
    with pytest.raises(TooManyRequests):
        turns.enter("mallory")
    turns.enter("alice")  # at once
    turns.leave("mallory")
    eventually(lambda: sum(not one.is_alive() for one in waiting) == 1)
    assert turns.counts == (MAX_HEAVY_PER_PERSON + 1, MAX_HEAVY_WAITING_PER_PERSON - 1)


def test_all_together_are_bounded_and_so_are_those_who_wait(turns: HeavyTurns) -> None:
    for number in range(MAX_HEAVY_AT_ONCE):
        turns.enter(f"user:{number}")
    waiting = [waits(turns, f"user:{number}") for number in range(MAX_HEAVY_WAITING)]
    with pytest.raises(Unavailable):
        turns.enter("alice")
    for number in range(MAX_HEAVY_AT_ONCE):
        turns.leave(f"user:{number}")
    eventually(lambda: sum(not one.is_alive() for one in waiting) == MAX_HEAVY_AT_ONCE)


def test_of_the_largest_two_are_carried_out_at_once(turns: HeavyTurns) -> None:
    for name in ("alice", "bob"):
        turns.enter(name, LARGEST_BYTES)
    thread = waits(turns, "charlie")
    turns.leave("alice", LARGEST_BYTES)
    thread.join(60)
    assert (turns.counts, turns.bytes_at_once) == ((2, 0), LARGEST_BYTES + HEAVY_BYTES)


def test_whoever_is_alone_has_a_turn_whatever_the_size(turns: HeavyTurns) -> None:
    turns.enter("alice", 2 * MAX_BYTES_AT_ONCE)
    turns.leave("alice", 2 * MAX_BYTES_AT_ONCE)
    assert turns.bytes_at_once == 0


def test_who_waits_too_long_is_told_to_come_back() -> None:
    turns = HeavyTurns(patience_s=0)
    for _ in range(MAX_HEAVY_PER_PERSON):
        turns.enter("alice")
    with pytest.raises(Unavailable):
        turns.enter("alice")
    assert turns.counts == (MAX_HEAVY_PER_PERSON, 0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40))
def test_the_bounds_hold_and_nothing_is_left_whatever_comes_and_goes(
    steps: list[tuple[str, bool]],
) -> None:
    turns, at_it = HeavyTurns(patience_s=0), []
    for who, comes in steps:
        if comes:
            try:
                turns.enter(who)
                at_it.append(who)
            except (TooManyRequests, Unavailable):
                full = len(at_it) == MAX_HEAVY_AT_ONCE or at_it.count(who) == MAX_HEAVY_PER_PERSON
                assert full
        elif who in at_it:
            turns.leave(who)
            at_it.remove(who)
        assert turns.counts == (len(at_it), 0)
    for who in at_it:
        turns.leave(who)
    assert turns.counts == (0, 0)


@pytest.fixture
def of_the_app(app: Flask) -> HeavyTurns:
    return TURNS.of(app)


def heavy_requests(person: Person, file: int) -> list[Callable[[], object]]:
    """Return what asks in each way that counts: large bodies, large texts, what is put together."""
    body = {"content": LARGE, "path": "b.txt"}
    return [
        lambda: person.post("/events", {"type": "x.y", "payload": {"a": LARGE}}),
        lambda: person.post("/nowhere", body),
        lambda: person.post("/auth/login", body),
        lambda: person.get(f"/files/{file}/content"),
        lambda: person.get(f"/files/{file}/content", params={"version": 0}),
        lambda: person.get(f"/files/{file}/history", params={"edits": True}),
        lambda: person.get(f"/files/{file}/diff", params={"from": 0}),
        lambda: person.post(f"/files/{file}/undo", {"from_version": 1}),
        lambda: person.post(f"/files/{file}/restore", {"version": 0}),
        lambda: person.put(f"/files/{file}/content", content=LARGE + "y"),
    ]


def test_every_heavy_request_gives_its_turn_back_however_it_ends(
    alice: Person, nobody: Person, project: int, of_the_app: HeavyTurns
) -> None:
    file = alice.makes_text(project, LARGE)
    for person in (alice, nobody):
        for ask in heavy_requests(person, file):
            ask()
            assert of_the_app.counts == (0, 0)


def test_heavy_requests_are_counted_and_others_are_not(
    alice: Person, project: int, of_the_app: HeavyTurns
) -> None:
    file, small = alice.makes_text(project, LARGE), alice.makes_text(project, "small")
    for _ in range(MAX_HEAVY_PER_PERSON):
        of_the_app.enter(f"user:{alice.id}")
    for _ in range(MAX_HEAVY_WAITING_PER_PERSON):
        waits(of_the_app, f"user:{alice.id}")
    for ask in (heavy_requests(alice, file)[place] for place in (0, 3, 4, 6)):
        problem(ask(), 429)
    assert alice.reads(small) == "small"
    assert alice.get("/projects", headers={"Content-Type": "application/json"}).status_code == 200
    ok(alice.post("/events", {"type": "x.y"}))
