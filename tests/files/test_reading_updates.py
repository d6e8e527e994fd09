"""Updates as bytes: which values of lib0 are passed, and what parts of updates can be said of."""

from __future__ import annotations

import time

import pytest

from collab.files.updates import parsing
from collab.files.updates.bounds import MAX_CLIENT, Unusable
from collab.files.updates.cursor import Cursor
from collab.files.updates.deletions import deletes_anything
from collab.files.updates.joining import Joined
from collab.files.updates.merge_cost import LOADING_S, UNPROVEN_STEPS, Spoilt, Stopwatch, look
from collab.files.updates.pairs import Pairs

from ..support.updates import GC, SKIP, blank, number, section, sized, update
from ..support.updates import text as word

CLIENT = 5


def integer(value: int, *, negative: bool = False) -> bytes:
    """Write a whole number as lib0 does: a sign, six bits, and seven in each further byte."""
    rest = value >> 6
    first = value & 63 | 64 * negative | 128 * (rest > 0)
    return bytes((125, first)) + (number(rest) if rest else b"")


@pytest.mark.parametrize(
    "value",
    [
        b"\x7f",
        b"\x7e",
        b"\x78",
        b"\x79",
        integer(0),
        integer(63),
        integer(64, negative=True),
        integer(MAX_CLIENT),
        b"\x7c" + bytes(4),
        b"\x7b" + bytes(8),
        b"\x7a" + bytes(8),
        b"\x77" + sized("é".encode()),
        b"\x74" + sized(b"\xff"),
        b"\x75\x02" + integer(5) + b"\x7e",
        b"\x76\x01" + sized(b"name") + b"\x7e",
        b"\x75\x00",
    ],
)
def test_a_value_is_passed_as_a_whole(value: bytes) -> None:
    cursor = Cursor(value + b"rest")
    assert cursor.any() == value[0]
    assert cursor.data[cursor.at :] == b"rest"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"", "too early"),
        (b"\x7b" + bytes(7), "too early"),
        (integer(MAX_CLIENT + 1), "too large"),
        (b"\x7d" + b"\xff" * 20, "too large"),
        (b"\x77" + sized(b"\xff"), "not UTF-8"),
        (b"\x76\x01" + sized(b"\xff") + b"\x7e", "not UTF-8"),
        (b"\x73", "no value 115"),
    ],
)
def test_what_is_no_value_is_refused(value: bytes, told: str) -> None:
    with pytest.raises(Unusable, match=told):
        Cursor(value).any()


# -- what is deleted ------------------------------------------------------------------------------

ABC = section(CLIENT, 0, word("abc"))


@pytest.mark.parametrize(
    ("deletes", "anything"),
    [
        ({}, False),
        ({CLIENT: [(1, 1)]}, False),
        ({CLIENT: [(0, 1)]}, True),
        ({CLIENT: [(1, 2)]}, True),
        ({6: [(0, 1)]}, True),
    ],
)
def test_an_update_deletes_something_if_any_of_it_is_there(
    deletes: dict[int, list[tuple[int, int]]], anything: bool
) -> None:
    state = update(ABC, deletes={CLIENT: [(1, 1)]})
    assert deletes_anything(state, parsing.read(update(deletes=deletes))) is anything


# -- many that follow on one another --------------------------------------------------------------


def test_updates_that_go_on_become_one() -> None:
    joined = Joined()
    rest = section(CLIENT, 3, word("d", (CLIENT, 2)))
    assert joined.add(update(ABC))
    assert joined.add(update(rest))
    again = parsing.read(joined.written())
    assert [one.next for one in again.structs[CLIENT]] == [3, 4]


@pytest.mark.parametrize(
    "other",
    [
        b"no update",
        update(section(CLIENT, 4, word("gap", (CLIENT, 2)))),
        update(section(CLIENT, 3, blank(SKIP, 2), word("later", (CLIENT, 2)))),
    ],
)
def test_what_does_not_go_on_is_left_for_itself(other: bytes) -> None:
    joined = Joined()
    assert joined.add(update(ABC))
    assert not joined.add(other)
    assert joined.written() == update(ABC)


# -- pieces ---------------------------------------------------------------------------------------


def test_a_piece_that_is_blanked_is_as_long_as_it_was() -> None:
    sent = parsing.read(update(ABC))
    (piece,) = sent.structs[CLIENT]
    assert piece.make_blank() is False
    assert piece.make_blank() is True
    assert piece.written(sent.data) == blank(GC, 3)


@pytest.mark.parametrize(
    ("cut", "divided"), [((1, 1), set()), ((2, 1), {(CLIENT, 2)}), ((1, 2), set())]
)
def test_a_cut_between_the_halves_of_a_character_is_found(
    cut: tuple[int, int], divided: set[tuple[int, int]]
) -> None:
    pairs = Pairs()
    cuts = [parsing.read(update(deletes={CLIENT: [cut]}))]
    assert pairs.divided_by(cuts) == set()
    pairs.note(parsing.read(update(section(CLIENT, 0, word("x😀y")))).structs[CLIENT])
    assert pairs.divided_by(cuts) == divided | ({(CLIENT, 2)} if sum(cut) == 2 else set())


# -- what merging costs ---------------------------------------------------------------------------


def test_an_update_that_took_too_long_is_not_gone_on_with() -> None:
    with pytest.raises(Spoilt, match="too long"):
        Stopwatch(-1.0).apply(None, b"")  # type: ignore[arg-type]


class Slow:
    """A document that takes the processor a while to load."""

    def get_update(self) -> bytes:
        return b""

    def apply_update(self, _: bytes) -> None:
        until = time.thread_time() + LOADING_S
        while time.thread_time() <= until:
            pass


def test_a_document_of_many_edits_in_one_place_takes_no_more() -> None:
    with pytest.raises(Unusable, match="in one place"):
        look(Slow(), 1, 1, UNPROVEN_STEPS)  # type: ignore[arg-type]


def test_few_edits_of_a_document_are_not_checked() -> None:
    assert not look(Slow(), 1, 0, UNPROVEN_STEPS + 1)  # type: ignore[arg-type]
    assert not look(Slow(), 1, 1, UNPROVEN_STEPS - 1)  # type: ignore[arg-type]
