"""What a document has besides the letters of its text is counted by what is still there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab.files.updates.others import Others
from collab.files.updates.structs import BINARY, Struct

CLOCKS = 40

#: Where things begin and end, each after the one before; and what is deleted.
lengths = st.lists(st.integers(1, 8), max_size=10)
ranges = st.lists(st.tuples(st.integers(0, CLOCKS), st.integers(1, 12)), max_size=8)


def thing(client: int, clock: int, length: int) -> Struct:
    """Return something that takes ten bytes a clock."""
    made = Struct()
    made.client, made.clock, made.length, made.kind = client, clock, length, BINARY
    made.start, made.end = 0, 10 * length
    return made


@given(lengths, ranges)
def test_each_byte_counts_until_it_is_deleted_and_no_more(
    found: list[int], deleted: list[tuple[int, int]]
) -> None:
    others, there, clock = Others(), set[int](), 0
    for length in found:
        others.note(thing(1, clock, length), clock)
        there |= set(range(clock, clock + length))
        clock += length + 1
    assert others.bytes == 10 * len(there)
    for at, length in deleted * 2:  # what is told again takes nothing more
        others.forget({1: [(at, length)], 2: [(0, CLOCKS)]})
        there -= set(range(at, at + length))
        assert others.bytes == 10 * len(there)
