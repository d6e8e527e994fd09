"""Archives take turns, so that nobody's packing and unpacking is what all others wait for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import TooManyRequests, Unavailable
from collab.files.archives.turns import (
    MAX_ARCHIVES_AT_ONCE,
    MAX_ARCHIVES_AT_WORK,
    MAX_ARCHIVES_PER_PERSON,
    MAX_ARCHIVES_WAITING,
    TURNS,
    ArchiveTurns,
    Turn,
)

from ..support.made_once import made_once
from ..support.memory import MIB, peak_of
from ..support.people import Person
from ..support.problems import problem
from ..support.waiting import eventually
from ..support.zips import packed, unpacked


@pytest.fixture
def turns() -> ArchiveTurns:
    return ArchiveTurns()


@made_once
def desk(bob: Person, project: int) -> int:
    desk = bob.makes_workspace(project)
    bob.makes_file(desk, "a.txt", "a text")
    return desk


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def full(turns: ArchiveTurns) -> list[Turn]:
    """Take all places, each for somebody else."""
    return [turns.begin(f"user:{number}") for number in range(MAX_ARCHIVES_AT_ONCE)]


def test_one_person_has_few_and_others_begin_at_once(turns: ArchiveTurns) -> None:
    mine = [turns.begin("mallory") for _ in range(MAX_ARCHIVES_PER_PERSON)]
    with pytest.raises(TooManyRequests):
        turns.begin("mallory")
    turns.begin("alice")
    mine[0].close()
    turns.begin("mallory")


def test_whoever_waits_for_a_place_begins_when_one_is_free(turns: ArchiveTurns) -> None:
    first, *_ = full(turns)
    waiting = in_a_thread(lambda: turns.begin("alice"))
    eventually(lambda: turns.counts[2] == 1)
    first.close()
    waiting.join(60)
    assert turns.counts == (MAX_ARCHIVES_AT_ONCE, MAX_ARCHIVES_AT_ONCE, 0)


def test_those_who_wait_are_bounded(turns: ArchiveTurns) -> None:
    places = full(turns)

    def wait(who: str) -> None:
        with suppress(Unavailable):  # the test is over then
            turns.begin(who)

    for number in range(MAX_ARCHIVES_WAITING):
        in_a_thread(partial(wait, f"waiting:{number}"))
    eventually(lambda: turns.counts[2] == MAX_ARCHIVES_WAITING)
    with pytest.raises(Unavailable):
        turns.begin("alice")
    for one in places:
        one.close()


def test_who_waits_too_long_is_told_to_come_back_and_has_nothing_open() -> None:
    turns = ArchiveTurns(patience_s=0)
    full(turns)
    for _ in range(MAX_ARCHIVES_PER_PERSON + 1):
        with pytest.raises(Unavailable):
            turns.begin("alice")
    assert turns.counts == (MAX_ARCHIVES_AT_ONCE, MAX_ARCHIVES_AT_ONCE, 0)


def test_who_waits_for_a_slow_reader_keeps_nobody_from_a_place() -> None:
    turns = ArchiveTurns(patience_s=0)
    first, *_ = full(turns)
    with first.paused():
        turns.begin("alice")
    assert turns.counts == (MAX_ARCHIVES_AT_ONCE + 1, MAX_ARCHIVES_AT_ONCE + 1, 0)


def test_what_ends_while_its_reader_is_waited_for_has_no_place_again(turns: ArchiveTurns) -> None:
    turn = turns.begin("alice")
    with turn.paused():
        turn.close()
    turn.close()
    assert turns.counts == (0, 0, 0)


def test_few_use_the_processor_at_once(turns: ArchiveTurns) -> None:
    over = threading.Event()
    at_work: list[int] = []

    def work(number: int) -> None:
        with turns.work():
            at_work.append(number)
            over.wait(60)

    threads = [in_a_thread(partial(work, number)) for number in range(2 * MAX_ARCHIVES_AT_WORK)]
    eventually(lambda: len(at_work) >= MAX_ARCHIVES_AT_WORK)
    assert len(at_work) == MAX_ARCHIVES_AT_WORK
    over.set()
    for thread in threads:
        thread.join(60)
    assert len(at_work) == 2 * MAX_ARCHIVES_AT_WORK


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=60))
def test_the_bounds_hold_and_nothing_is_left_whatever_comes_and_goes(
    steps: list[tuple[str, bool]],
) -> None:
    turns, in_hand = ArchiveTurns(patience_s=0), list[tuple[str, Turn]]()
    for who, comes in steps:
        mine = [one for one in in_hand if one[0] == who]
        if comes:
            try:
                in_hand.append((who, turns.begin(who)))
            except (TooManyRequests, Unavailable):
                assert len(mine) == MAX_ARCHIVES_PER_PERSON or len(in_hand) == MAX_ARCHIVES_AT_ONCE
        elif mine:
            mine[0][1].close()
            in_hand.remove(mine[0])
        assert turns.counts == (len(in_hand), len(in_hand), 0)
    for _, turn in in_hand:
        turn.close()
    assert turns.counts == (0, 0, 0)


# -- the doors ------------------------------------------------------------------------------------


def asks(who: Person, desk: int) -> list[Callable[[], object]]:
    """Return what asks for an archive, or sends one: as it should, and not."""
    place = f"/workspaces/{desk}/archive"
    good, clash = packed(("b.txt", b"b"), ("b.png", bytes(9))), packed(("a.txt", b"again"))
    return [
        lambda: who.get(place),
        lambda: who.request("HEAD", place),
        lambda: who.request("POST", place, content=good, params={"conflict": "replace"}),
        lambda: who.request("POST", place, content=clash),
        lambda: who.request("POST", place, content=b"no archive"),
        lambda: who.request("POST", place, content=good[:-30]),
    ]


def test_every_archive_gives_its_turn_back_however_it_ends(
    app: Flask, bob: Person, vera: Person, charlie: Person, desk: int
) -> None:
    for who in (bob, vera, charlie):
        for ask in asks(who, desk):
            ask()
            assert TURNS.of(app).counts == (0, 0, 0)


def test_both_ways_count_and_others_are_served(
    app: Flask, bob: Person, alice: Person, desk: int
) -> None:
    place = f"/workspaces/{desk}/archive"
    mine = [TURNS.of(app).begin(f"user:{bob.id}") for _ in range(MAX_ARCHIVES_PER_PERSON)]
    problem(bob.get(place), 429)
    problem(bob.request("POST", place, content=packed(("b.txt", b"b"))), 429)
    assert unpacked(alice.get(place).content) == {"a.txt": b"a text"}
    mine[0].close()
    assert bob.get(place).status_code == 200


def test_a_large_file_is_never_whole_in_memory(bob: Person, desk: int) -> None:
    zip_of_it = packed(("a.bin", bytes(1) + os.urandom(MIB // 4) + bytes(24 * MIB)))
    place = f"/workspaces/{desk}/archive"
    assert peak_of(lambda: bob.request("POST", place, content=zip_of_it)) < 10 * MIB
