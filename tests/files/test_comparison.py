"""Unified diffs, made of changes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from collab.files.history.comparison import Comparison, unified
from collab.files.text.common import split_lines
from collab.files.text.delta import apply
from collab.files.text.difference import difference

from .test_delta import changed

HEAD = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@\n")


def patched(old: str, diff: str) -> str:
    """Apply a unified diff as `patch` does, and check all that it says."""
    lines, made, at = split_lines(old), [], 0
    rows = split_lines(diff)
    while rows:
        head = HEAD.fullmatch(rows.pop(0))
        assert head is not None
        start, count, there, more = map(int, head.groups())
        first = start - 1 if count else start
        made += lines[at:first]
        assert len(made) == (there - 1 if more else there)
        had, has = [], []
        while rows and not rows[0].startswith("@@"):
            mark, line = rows[0][0], rows.pop(0)[1:]
            if rows and rows[0].startswith("\\"):
                rows.pop(0)
                line = line[:-1]
            had += [line] if mark in " -" else []
            has += [line] if mark in " +" else []
        assert (len(had), len(has)) == (count, more)
        assert lines[first : first + count] == had
        made += has
        at = first + count
    return "".join(made + lines[at:])


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c d\n", "x"]), max_size=20).map("".join)


@given(LINES, LINES)
def test_a_diff_makes_the_new_text_of_the_old(old: str, new: str) -> None:
    assert patched(old, unified(old, new, difference(old, new))) == new


@given(changed(1))
def test_a_diff_of_any_change_makes_the_new_text(drawn: tuple[str, list]) -> None:
    old, (delta,) = drawn
    new = apply(old, delta)
    assert patched(old, unified(old, new, delta)) == new


def test_it_is_what_diff_writes() -> None:
    old = "".join(f"{number}\n" for number in range(1, 10))
    new = old.replace("5\n", "five\n") + "ten"
    assert unified(old, new, difference(old, new)).startswith("@@ -2,8 +2,9 @@\n 2\n 3\n 4\n")
    assert unified("a\n", "a\nb\n", (2, "b\n")) == "@@ -1,1 +1,2 @@\n a\n+b\n"


def test_equal_texts_have_no_difference() -> None:
    assert unified("a\n", "a\n", ()) == ""


def test_a_missing_line_feed_at_the_end_is_told() -> None:
    told = "@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"
    assert unified("a", "a\n", (1, "\n")) == told


def test_of_equal_texts_there_is_no_difference() -> None:
    same = Comparison("a", 1, 2, "x\n", "x\n")
    assert (same.unified, same.edits) == ("", [])
