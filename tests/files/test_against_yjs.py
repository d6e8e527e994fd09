"""A text is the same as with stock Yjs, whatever is sent; nothing that is sent kills a process.

The documents are made in a process of their own, so that a crash in the CRDT's library is a
finding and not the end of the run. They are the same in each run, so that a red one is about the
change; another SEED tries others, and `bench/fuzz_updates.py` a million of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest
from pycrdt import merge_updates

from collab.files.editing.document import Document
from collab.files.text import delta
from collab.files.text.units import from_units, to_units
from collab.files.updates.bounds import Unusable

from ..support.apart import outcomes
from ..support.fuzzing import crafted, disordered, fault, mutated
from ..support.oracle import StockYjs
from ..support.updates import section, text, update

SEED = int(os.environ.get("SEED") or 1)
#: Sessions of each kind, of some 16 updates each: 10,000 updates in all.
SESSIONS = 160

Change = Callable[[list[bytes], random.Random], list[bytes]]
KINDS: dict[str, Change] = {
    "as they were sent": lambda updates, chance: updates,
    "in any order, some lost": disordered,
    "with bytes changed": mutated,
}


@pytest.fixture(scope="module")
def yjs() -> Iterator[StockYjs]:
    stock = StockYjs()
    yield stock
    stock.close()


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_what_stock_yjs_makes_of_updates_at_random(kind: str, yjs: StockYjs) -> None:
    sessions = []
    for seed in range(SEED, SEED + SESSIONS):
        chance = random.Random(f"{kind} {seed}")
        sessions.append(KINDS[kind](yjs.make(seed, chance.randint(3, 40)), chance))
    compared = 0
    for number, outcome in enumerate(outcomes(sessions)):
        where = f"SEED={SEED + number}"
        assert outcome.wrong == [], where
        found = fault(outcome, yjs, changed=kind == "with bytes changed")
        assert not found, where
        if found is None:
            continue
        # Changed bytes may say what no editor does; `wrong` tells if that is not put right.
        assert not outcome.moved or kind == "with bytes changed", where
        compared += 1
    assert compared > SESSIONS // 5


def test_what_no_editor_makes_crashes_nothing_and_is_kept() -> None:
    """Its order may be another one where it is loaded; then it is put right at a checkpoint."""
    sessions = [crafted(random.Random(f"crafted {SEED + number}")) for number in range(SESSIONS)]
    for number, outcome in enumerate(outcomes(sessions)):
        assert outcome.wrong == [], f"SEED={SEED + number}"


# -- characters cut in two ------------------------------------------------------------------------

CLIENT, OTHER = 5, 6
FACE = "x😀y"


def cut(left: int, word: str = "M") -> bytes:
    """Return an insertion after a code unit of the text of CLIENT."""
    return update(section(OTHER, 0, text(word, (CLIENT, left), (CLIENT, left + 1))))


CUTS = {
    "the second half deleted": update(deletes={CLIENT: [(2, 1)]}),
    "the first half deleted": update(deletes={CLIENT: [(1, 1)]}),
    "up to the middle deleted": update(deletes={CLIENT: [(0, 2)]}),
    "from the middle deleted": update(deletes={CLIENT: [(2, 2)]}),
    "text put between": cut(1),
    "text put after the first half": update(section(OTHER, 0, text("M", (CLIENT, 1)))),
    "text put before the second half": update(section(OTHER, 0, text("M", None, (CLIENT, 2)))),
    "the face replaced by code units": update(
        section(OTHER, 0, text("\ufffd", (CLIENT, 1), (CLIENT, 2))), deletes={CLIENT: [(2, 1)]}
    ),
}
WHOLE = update(section(CLIENT, 0, text(FACE)))


def stored_by(document: Document, *updates: bytes) -> list[bytes]:
    return [one.update for one in map(document.merge, updates) if one is not None]


@pytest.mark.parametrize("what", CUTS)
@pytest.mark.parametrize("order", ["there already", "in the same update", "not yet there"])
def test_a_character_cut_in_two_becomes_two_marks_as_in_yjs(
    what: str, order: str, yjs: StockYjs
) -> None:
    updates = [WHOLE, CUTS[what]] if order != "not yet there" else [CUTS[what], WHOLE]
    if order == "in the same update":
        updates = [_both(updates)]
    theirs = yjs.apply(updates)
    document, loaded, state = Document(), Document(), Document()
    stored = stored_by(document, *updates)
    loaded.load(stored)
    state.load([document.state()])
    seen = [from_units(one.units) for one in (document, loaded, state)]
    assert seen == [theirs["text"]] * 3
    assert "\ufffd" in theirs["text"]
    assert "😀" not in theirs["text"]
    fresh = yjs.apply([document.missing(b"\0")])
    assert (fresh["text"], fresh["pending"], fresh["failed"]) == (theirs["text"], False, [])


def _both(updates: list[bytes]) -> bytes:
    return merge_updates(*updates)


def test_what_is_told_of_a_cut_makes_the_same_text(yjs: StockYjs) -> None:
    """Readers through the other doors have the deltas alone."""
    document = Document()
    document.change((to_units("a😀b😁c"),))
    reader = document.units
    client = next(iter(document.clocks))
    for at in (5, 2):  # in units of the text: the middle of each
        merged = document.merge(update(deletes={client: [(at, 1)]}))
        assert merged is not None
        reader = delta.apply(reader, merged.delta)
    assert reader == document.units == "a\ufffdb\ufffdc"


def test_edits_after_a_cut_go_where_yjs_puts_them(yjs: StockYjs) -> None:
    after = [
        update(section(OTHER, 0, text("typed on", (CLIENT, 3)))),
        update(section(7, 0, text("!", (CLIENT, 0), (CLIENT, 1)))),
    ]
    for one in CUTS.values():
        if one[0]:
            continue  # of OTHER, too
        updates = [WHOLE, one, *after]
        document = Document()
        stored_by(document, *updates)
        assert from_units(document.units) == yjs.apply(updates)["text"]


def test_a_reader_who_knows_half_a_character_gets_it_whole(yjs: StockYjs) -> None:
    document = Document()
    stored_by(document, WHOLE)
    rest = document.missing(bytes((1, CLIENT, 2)))
    assert yjs.apply([update(section(CLIENT, 0, text("x"))), rest])["text"] == FACE
    with pytest.raises(Unusable):
        document.missing(bytes((1, CLIENT)))
