"""The CRDT and the text beside it: the same, whoever changed either."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, XmlElement, XmlFragment, XmlText

from collab.files.editing import library
from collab.files.editing.document import Document
from collab.files.text.delta import normal
from collab.files.text.steps import in_units
from collab.files.text.units import byte_offset, from_units, splits, to_units
from collab.files.updates.bounds import Unusable
from collab.files.updates.merge_cost import Spoilt

#: One, two, three and four bytes of UTF-8; one and two code units; a combining mark.
WORDS = st.text("ab\né€😀\u0301", max_size=8)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), WORDS), max_size=12)


def whole(units: str, share: float) -> int:
    """Return a position at about a share of a text, between two characters."""
    at = round(share * len(units))
    return at - 1 if splits(units, at) else at


def edited(document: Document, start: float, end: float, word: str) -> bytes:
    first, last = sorted((whole(document.units, start), whole(document.units, end)))
    return document.change(normal([first, to_units(word), first - last]))


class Editor:
    """Somebody with a Yjs document of their own."""

    def __init__(self) -> None:
        self.doc: Doc = Doc()
        self.text = self.doc.get("content", type=Text)
        self.sent: list[bytes] = []
        self.subscription = self.doc.observe(lambda event: self.sent.append(event.update))

    def edits(self, start: float, end: float, word: str) -> None:
        units = to_units(str(self.text))
        first, last = sorted((whole(units, start), whole(units, end)))
        here, there = byte_offset(units, first), byte_offset(units, last)
        with self.doc.transaction():
            del self.text[here:there]
            self.text.insert(here, word)


@given(EDITS)
def test_changes_of_ours_make_the_same_text_in_both_forms(edits: list) -> None:
    document, editor = Document(), Editor()
    for edit in edits:
        if update := edited(document, *edit):
            editor.doc.apply_update(update)
    assert str(editor.text) == from_units(document.units)


@given(EDITS)
def test_an_editors_updates_make_the_same_text_in_both_forms(edits: list) -> None:
    document, editor = Document(), Editor()
    for edit in edits:
        editor.edits(*edit)
    for update in editor.sent:
        document.merge(update)
    assert from_units(document.units) == str(editor.text)


@given(EDITS, EDITS)
def test_changes_from_both_sides_at_once_converge(ours: list, theirs: list) -> None:
    document, editor = Document(), Editor()
    updates = [edited(document, *edit) for edit in ours]
    for edit in theirs:
        editor.edits(*edit)
    for update in list(editor.sent):
        document.merge(update)
    for update in filter(None, updates):
        editor.doc.apply_update(update)
    assert from_units(document.units) == str(editor.text)


@given(EDITS)
def test_what_is_loaded_is_what_was_stored(edits: list) -> None:
    document, again = Document(), Document()
    updates = [edited(document, *edit) for edit in edits]
    again.load([update for update in updates if update])
    assert again.units == document.units
    state = Document()
    state.load([document.state()])
    assert state.units == document.units


@given(EDITS)
def test_a_merged_update_says_what_it_changed(edits: list) -> None:
    document, editor, follower = Document(), Editor(), Document()
    for edit in edits:
        editor.edits(*edit)
    for update in editor.sent:
        merged = document.merge(update)
        if merged:
            follower.change(merged.delta)
    assert follower.units == document.units


def test_an_update_that_came_before_is_nothing_new() -> None:
    document, editor = Document(), Editor()
    editor.edits(0, 0, "hello")
    assert document.merge(editor.sent[0]) is not None
    assert document.merge(editor.sent[0]) is None


def test_an_update_whose_beginning_is_missing_waits_for_it() -> None:
    document, editor = Document(), Editor()
    editor.edits(0, 0, "he")
    editor.edits(1, 1, "llo")
    assert document.merge(editor.sent[1]) is None
    assert document.units == ""
    merged = document.merge(editor.sent[0])
    assert merged is not None
    assert document.units == "hello"
    other = Document()
    other.load([merged.update])
    assert other.units == "hello"


def test_what_is_missing_is_told_by_the_state_vector() -> None:
    document, editor = Document(), Editor()
    document.change(("hello",))
    editor.doc.apply_update(document.missing(editor.doc.get_state()))
    assert str(editor.text) == "hello"


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\xff" * 20, b"\x01\x01\x05\x00", b"x" * 1000])
def test_what_is_no_update_is_refused_and_changes_nothing(junk: bytes) -> None:
    document = Document()
    document.change(("hello",))
    with pytest.raises(Unusable):
        document.merge(junk)
    assert document.units == "hello"


def test_something_embedded_is_refused() -> None:
    document, editor = Document(), Editor()
    editor.text.insert_embed(0, {"image": "x"})
    with pytest.raises(Unusable, match="plain text"):
        document.merge(editor.sent[0])


def test_formatting_changes_no_text() -> None:
    document, editor = Document(), Editor()
    editor.edits(0, 0, "hello")
    editor.text.format(0, 3, {"bold": True})
    deltas = [document.merge(update) for update in editor.sent]
    assert [one and one.delta for one in deltas] == [("hello",), ()]


def test_half_a_character_is_refused() -> None:
    document = Document()
    document.change((to_units("a😀b"),))
    with pytest.raises(ValueError, match="surrogate"):
        document.change((2, "x"))
    assert from_units(document.units) == "a😀b"


@given(WORDS)
def test_text_and_units_are_two_forms_of_one(word: str) -> None:
    units = to_units(word)
    assert from_units(units) == word
    assert len(units) == len(word.encode("utf-16-le")) // 2


@given(WORDS, st.floats(0, 1))
def test_positions_in_units_and_bytes_are_two_forms_of_one(word: str, share: float) -> None:
    units = to_units(word)
    at = whole(units, share)
    before = word.encode()[: byte_offset(units, at)]
    assert to_units(before.decode()) == units[:at]


@pytest.mark.parametrize("text", ["abc", "a€c"], ids=["ascii", "beyond"])
def test_an_event_that_reaches_past_the_text_is_not_of_it(text: str) -> None:
    size = len(text.encode())
    assert in_units(text, [{"retain": size}, {"insert": "d"}]) == (3, "d")
    for beyond in {"retain": size + 1}, {"delete": size + 1}:
        with pytest.raises(ValueError, match="shorter"):
            in_units(text, [beyond, {"insert": "d"}])


def test_a_document_is_freed_where_it_is_let_go_of() -> None:
    gc.disable()
    try:
        document = Document()
        document.change(("hello",))
        gone = weakref.ref(document)
        del document
        assert gone() is None
    finally:
        gc.enable()


def test_rich_text_beside_the_shared_text_is_kept_and_changes_no_text() -> None:
    """TipTap and ProseMirror keep theirs in a fragment of its own, named `default`."""
    document, editor = Document(), Editor()
    fragment = editor.doc.get("default", type=XmlFragment)
    fragment.children.append(XmlElement("paragraph", {}, [XmlText("hello")]))
    merged = [document.merge(update) for update in editor.sent]
    assert [one.delta for one in merged if one] == [()] * len(editor.sent)
    again, other = Document(), Editor()
    again.load([one.update for one in merged if one])
    other.doc.apply_update(again.state())
    assert "hello" in str(other.doc.get("default", type=XmlFragment))


# -- what the library refuses ---------------------------------------------------------------------


def test_of_what_was_stored_all_is_kept_that_the_library_can_take():
    whole = Document()
    parts = [whole.change((word,)) for word in ("b", "a")]
    made, good, errors = library.salvaged(7, [parts[0], b"no update", parts[1]])
    assert (str(made.text), good, len(errors)) == ("ab", parts, 1)
    assert made.taken() == b""


def test_what_the_library_refuses_is_spoilt_and_no_crash():
    with pytest.raises(Spoilt):
        library.loaded(7, [b"no update"])
