"""How much one message, and one turn of the texts' thread, may take: counted, never timed."""

from __future__ import annotations

import math
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.files.editing.changes import Change, Question, Waiting, of_update
from collab.files.editing.document import (
    DOCUMENT_BYTES,
    MAX_DOCUMENT_BYTES,
    MAX_PIECES,
    Document,
    TooHeavy,
)
from collab.files.editing.in_memory import LONG_BYTES
from collab.files.editing.live_text import MAX_STRUCTS_PER_TURN
from collab.files.updates import parsing
from collab.files.updates.bounds import Unusable
from collab.files.updates.structs import Update

from ..support.texts import caller_of
from ..support.updates import item, section, sized, update
from ..support.updates import text as letter
from ..support.waiting import eventually


def apart(count: int, start: int = 0) -> bytes:
    """Return an update of so many letters, each before the one that came before it."""
    places = ((7, clock - 1) if clock else None for clock in range(start, start + count))
    return update(section(7, start, *(letter("a", None, place) for place in places)))


@given(st.integers(1, 60), st.integers(1, 60), st.booleans())
def test_an_update_is_merged_in_turns_of_bounded_work(length, at_once, deletes):
    """However much somebody sends: each turn takes so many structs, and all become the whole."""
    gone = {7: [(0, 1)]} if deletes else {}
    rest = (letter("b", None, (7, at)) for at in range(length - 1))
    data = update(section(7, 0, letter("a"), *rest), deletes=gone)
    whole, document = Document(), Document()
    document.at_once = at_once
    whole.merge(data)
    left: Update | None = parsing.read(data)
    turns = 0
    while left is not None:
        before = sum(document.clocks.values())
        document.merge(left)
        left, turns = document.left, turns + 1
        assert sum(document.clocks.values()) - before <= at_once
    assert turns == math.ceil(length / at_once)
    assert (document.units, document.clocks) == (whole.units, whole.clocks)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20))
def test_what_waited_is_merged_in_turns_too(first, second, at_once):
    document, whole = Document(), Document()
    document.at_once = at_once
    late = update(section(5, 0, letter("x")))
    waits = [
        update(section(client, 0, *(letter("a", (5, 0)) for _ in range(count))))
        for client, count in ((8, first), (9, second))
    ]
    for one in (document, whole):
        for each in waits:
            one.merge(each)
    whole.merge(late)
    left: Update | None = parsing.read(late)
    while left is not None:
        before = sum(document.clocks.values())
        document.merge(left)
        left = document.left
        # One that waited is begun while there is room, and no other after that.
        assert sum(document.clocks.values()) - before <= 2 * at_once + 1
    assert (document.units, document.clocks) == (whole.units, whole.clocks)


def test_who_sends_much_goes_on_after_the_others(text, alice, bob):
    """A long update takes turns; what others send to the text comes between them."""
    desk = text
    desk.changes(alice, "start")
    count = 3 * MAX_STRUCTS_PER_TURN
    with desk.app.app_context():
        alices, bobs = caller_of(alice), caller_of(bob)
    start = [Change(desk.id, bobs, "rest", ("!",), base=1) for _ in range(2)]
    long = of_update(desk.id, alices, apart(count))
    done = [desk.writer.soon(one) for one in (start[0], long, start[1])]
    first, last, between = (one.result(30) for one in done)
    assert first.version < last.version
    assert between.version < last.version
    assert desk.live.count("a") == count + 1  # and that of "start"
    versions = last.version - 1
    assert versions >= math.ceil(count / MAX_STRUCTS_PER_TURN) + len(start)


def asked() -> Question:
    return Question(1, lambda _: None)


@pytest.mark.parametrize("wanted", [0, 1, 3])
def test_a_commit_waits_for_as_many_as_the_last_had_and_not_for_more(wanted):
    """Here it would wait for a minute: who edits alone never waits, and others no longer."""
    waiting = Waiting(gather_s=60)
    waiting.put(asked())
    with ThreadPoolExecutor(1) as others:
        for _ in range(wanted - 1):
            others.submit(waiting.put, asked())
        items, is_last = waiting.take([], patience_s=60, wanted=wanted)
    assert (len(items), is_last) == (max(1, wanted), False)


def test_a_commit_that_has_waited_long_enough_takes_what_is_there():
    waiting = Waiting(gather_s=0.001)
    waiting.put(asked())
    assert len(waiting.take([], patience_s=60, wanted=9)[0]) == 1


def test_a_document_keeps_no_more_than_its_bound_in_all_its_roots():
    document = Document()
    hidden = item(3, sized(b"\0" * 2**20), parent="hidden")
    document.merge(update(section(7, 0, letter("seen"))))
    kept = MAX_DOCUMENT_BYTES // 2**20 - 1
    for client in range(kept):
        document.merge(update(section(100 + client, 0, hidden)))
    with pytest.raises(TooHeavy):
        document.merge(update(section(99, 0, hidden)))
    assert document.merge(update(section(8, 0, letter("more", (7, 3))))) is not None


def test_a_document_is_in_no_more_pieces_than_its_bound():
    document = Document()
    for start in range(0, MAX_PIECES, MAX_PIECES // 4):
        document.merge(apart(MAX_PIECES // 4, start))
    with pytest.raises(Unusable, match="pieces"):
        document.merge(update(section(8, 0, letter("b", None, (7, 5)))))
    document.change((50, "by the service"))


def test_texts_in_memory_have_a_budget_and_those_used_last_stay(text, alice, workspace):
    desk = text
    desk.writer._texts.most_bytes = 6 * DOCUMENT_BYTES
    texts = [alice.makes_file(workspace, f"{one}", "x" * 10_000)["id"] for one in range(20)]
    for one in texts:
        assert desk.writer.ask(one, lambda document, _: len(document.units)) == 10_000
        assert len(desk.writer.in_memory) <= 12
    assert desk.writer.in_memory[-1] == texts[-1]
    eventually(lambda: len(desk.writer.in_memory) <= 6)
    assert desk.writer.ask(texts[0], lambda document, _: len(document.units)) == 10_000


def test_a_long_text_is_taken_apart_by_who_asks_for_it(text, alice):
    """The thread of the texts is left what only it can do."""
    desk = text
    desk.changes(alice, "x" * (2 * LONG_BYTES))
    desk.writer._texts.clear()
    desk.writer._texts.prepare(desk.id)
    ((stored, loading),) = desk.writer._texts._prepared.values()
    assert (stored.version, len(loading.parts)) == (1, 1)
    assert desk.writer.ask(desk.id, lambda document, _: len(document.units)) == 2 * LONG_BYTES
    assert not desk.writer._texts._prepared


def test_a_document_that_is_let_go_of_is_gone():
    """One that is observed keeps itself alive in the library: each took its whole text for ever."""
    document = Document()
    document.change(("x" * 2**21,))
    state = document.state()
    kept = []
    for _ in range(30):
        again = Document()
        again.load([state])
        kept.append(weakref.ref(again._library.doc))
        del again
    assert [one() for one in kept] == [None] * 30
