"""What one change costs the thread of the texts: counted in work, not in time."""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from collab.core.errors import Unavailable
from collab.files.editing import recent
from collab.files.editing.changes import waited
from collab.files.editing.compaction import TEXTS_PER_LOOK, Rounds
from collab.files.editing.document import Document
from collab.files.editing.library import ROOT_NAME
from collab.files.editing.live_text import LiveText
from collab.files.text import steps
from collab.files.text.delta import Delta, apply, coarser, normal
from collab.files.text.units import from_units, to_units
from collab.files.updates import pairs, parsing

WORDS = st.text("ab\né€😀", max_size=4)
#: Lengths that are kept, then deleted, then a word that is inserted.
STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), WORDS), max_size=40)


def change_of(text: str, wanted: list[tuple[int, int, str]]) -> Delta:
    """Return a change of a text, in code units, that cuts no character."""
    units: list[int | str] = []
    at = 0
    for kept, gone, word in wanted:
        for count, sign in ((kept, 1), (gone, -1)):
            part = text[at : at + count]
            units.append(sign * len(to_units(part)))
            at += len(part)
        units.append(to_units(word))
    return normal(units)


@given(st.text("ab\né€😀", max_size=60), STEPS)
def test_what_is_done_from_the_middle_makes_the_same_text(text, wanted):
    delta, data = change_of(text, wanted), text.encode()
    for place in steps.from_the_middle(steps.in_bytes(to_units(text), delta)):
        end = place.here + place.delete
        data = data[: place.here] + place.insert.encode() + data[end:]
    assert data.decode() == from_units(apply(to_units(text), delta))


@given(st.text("ab\né€😀", max_size=60), STEPS, st.integers(1, 5))
def test_a_coarser_change_makes_the_same_text_and_keeps_few_parts(text, wanted, places):
    units, delta = to_units(text), change_of(text, wanted)
    found = coarser(delta, units, places)
    assert apply(units, found) == apply(units, delta)
    assert sum(isinstance(step, int) and step > 0 for step in found) <= places


def divided(length: int, places: list[int]) -> int:
    """Return how long the pieces are, together, that are divided at places, one after the other."""
    ends, passed = [0, length], 0
    for place in places:
        at = bisect_right(ends, place)
        passed += ends[min(at, len(ends) - 1)] - ends[at - 1]
        insort(ends, place)
    return passed


def test_a_change_at_many_places_of_a_long_line_does_not_divide_all_of_it_each_time():
    count, length = 1000, 2**20
    places = [steps.Place(at) for at in range(1, length, length // count)]
    order = [place.here for place in steps.from_the_middle(places)]
    assert sorted(order) == [place.here for place in places]
    assert divided(length, order) <= length * (math.log2(count) + 2)
    assert divided(length, order[::-1]) > length  # the count can tell one order from another
    assert divided(length, sorted(order, reverse=True)) > length * count / 4


def in_pieces(count: int) -> Document:
    """Return a document of so many pieces: each stands before the one that came before it."""
    doc: Doc[Text] = Doc(client_id=7)
    text = doc.get(ROOT_NAME, type=Text)
    with doc.transaction():
        for _ in range(count):
            text.insert(0, "ab")
    document = Document()
    document.load([doc.get_update()])
    return document


def test_a_change_of_a_text_in_very_many_pieces_has_few_places():
    pieces = 20_000
    live_text = LiveText(1, 0, in_pieces(pieces))
    before, delta = live_text.document.units, tuple([30, "x"] * 1000)
    applied = live_text.change(delta, 0)
    kept = sum(isinstance(step, int) and step > 0 for step in applied.delta)
    assert steps.MIN_PLACES <= kept <= steps.MAX_PIECES_PASSED // (2 * pieces) < 100
    assert live_text.document.units == apply(before, delta) == apply(before, applied.delta)
    assert str(live_text.document._library.text) == live_text.document.units


def test_a_change_of_an_ordinary_text_is_made_as_it_was_sent():
    live_text = LiveText(1, 0, Document())
    live_text.change(("x" * 4000,), 0)
    delta = tuple([3, "y"] * 1000)
    assert live_text.change(delta, 1).delta == delta


@given(st.text("a€😀", max_size=20), st.data())
def test_characters_are_replaced_where_they_are_cut_and_nowhere_else(text, data):
    doc: Doc[Text] = Doc(client_id=7)
    doc.get(ROOT_NAME, type=Text).insert(0, text)
    units, update = to_units(text), parsing.read(doc.get_update())
    halves = [at for at, unit in enumerate(units) if "\udc00" <= unit <= "\udfff"]
    cut = data.draw(st.sets(st.sampled_from(halves))) if halves else set()
    other: Doc[Text] = Doc()
    other.apply_update(pairs.patched(update, {(7, clock) for clock in cut}))
    expected = list(units)
    for at in cut:
        expected[at - 1 : at + 1] = pairs.REPLACED_PAIR
    assert str(other.get(ROOT_NAME, type=Text)) == from_units("".join(expected))


def test_texts_in_memory_are_looked_at_in_turn_and_each_once_a_round():
    rounds, live_texts = Rounds(), range(5 * TEXTS_PER_LOOK // 2)
    looked_at: list[int] = []
    while True:
        some = rounds.next(live_texts)
        assert len(some) <= TEXTS_PER_LOOK
        looked_at += some
        if not rounds.unfinished:
            break
    assert looked_at == list(live_texts)


def test_who_waits_for_the_writer_is_told_at_last_and_what_was_not_begun_is_taken_back():
    waiting = Future()
    with pytest.raises(Unavailable):
        waited(waiting, 0)
    assert waiting.cancelled()


def test_what_was_begun_is_waited_for_once_more_and_not_taken_back():
    begun = Future()
    begun.set_running_or_notify_cancel()
    with pytest.raises(Unavailable):
        waited(begun, 0)
    assert begun.running()


def test_of_the_newest_updates_so_many_are_kept_and_the_oldest_go(monkeypatch):
    monkeypatch.setattr(recent, "MAX_UPDATES", 2)
    kept = recent.Recent()
    for version in (1, 2, 3):
        accepted = [(SimpleNamespace(file_id=7), SimpleNamespace(version=version, update=b"x"))]
        kept.remember(SimpleNamespace(accepted=accepted))
    assert list(kept) == [(7, 2), (7, 3)]
    kept.forget(SimpleNamespace(accepted=accepted))
    assert list(kept) == [(7, 2)]
