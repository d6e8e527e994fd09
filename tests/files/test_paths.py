"""Paths: which there are, and which of them can be side by side."""

from __future__ import annotations

import unicodedata

import marshmallow as ma
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.files.paths import clash, folders_of, moved, name_of
from collab.files.schemas import Path

GOOD = [
    "a",
    "main.py",
    "src/deep/er/main.py",
    ".gitignore",
    "..a/b",
    "with space/in it.txt",
    "späße/日本語/😀.md",
    "~root",
    "console.log",
    "aux-1.txt",
    "com10",
    ".github/workflows/ci.yml",
    "family 👨‍👩‍👧.txt",
    "می‌خواهم.txt",
    "❤️",
    "-rf",
    "a" * 255,
    "/".join("a" * 40),
    f"{'a' * 249}/{'b' * 250}",
]
BAD = [
    "",
    "/",
    "/etc/passwd",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "a/./b",
    " a",
    "a ",
    "a /b",
    "a/ b",
    "\u3000a",
    "a\ufeff",
    "a\\b",
    "..\\a",
    "a\x00b",
    "a\nb",
    "a\n",
    "a\x7f",
    "a\x85",
    "a" * 256,
    "/".join("a" * 41),
    f"{'a' * 250}/{'b' * 250}",
    None,
    1,
    # What other systems refuse, obey or show as something else.
    "C:",
    "C:x",
    "a/C:/b",
    "a.txt:stream",
    "what?",
    "a*b",
    'say "a"',
    "<a>",
    "a|b",
    "...",
    "a.",
    "a./b",
    "b..",
    "con",
    "CON",
    "aux.txt",
    "nul/x",
    "src/prn .tar.gz",
    "com1",
    "LPT9.log",
    "com²",
    "conin$",
    ".git/config",
    ".GIT/hooks/post-checkout",
    "a/.Git",
    "GIT~1/config",
    ".g\u200cit/config",
    "invoice\u202etxt.exe",
    "a\u200eb",
    "a\u2066b",
    "a\u200bb",
    "a\u00adb",
    "a\u2028b",
    "\u3164",
    "\U000e0041",
]


@pytest.mark.parametrize("path", GOOD)
def test_a_path_is_taken(path):
    assert Path().deserialize(path) == path


@pytest.mark.parametrize("path", BAD)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ma.ValidationError):
        Path().deserialize(path)


def test_what_looks_the_same_is_the_same():
    assert Path().deserialize("cafe\u0301.txt") == "caf\u00e9.txt"


def test_a_path_that_grows_too_long_by_composing_is_refused():
    longer = "\ufb2c"
    assert len(unicodedata.normalize("NFC", longer)) == 3
    with pytest.raises(ma.ValidationError):
        Path().deserialize("/".join([longer * 200] * 2))


@given(st.text("ab./\\ \x00\n..é\u0301😀", max_size=12))
def test_a_path_leads_nowhere_but_below(path):
    try:
        taken = Path().deserialize(path)
    except ma.ValidationError:
        return
    assert Path().deserialize(taken) == taken
    for part in taken.split("/"):
        assert part.strip(" ") == part
        assert part not in ("", ".", "..")


@pytest.mark.parametrize(
    ("kept", "added", "found"),
    [
        ([], ["a", "b/c"], None),
        (["a"], ["a"], ("a", "a")),
        (["a/b"], ["a"], ("a", "a/b")),
        (["a"], ["a/b/c"], ("a/b/c", "a")),
        (["a/b"], ["a/c", "a.txt", "a b"], None),
        ([], ["x", "x"], ("x", "x")),
        ([], ["x", "x/y"], ("x/y", "x")),
        ([], ["x/y", "x"], ("x", "x/y")),
    ],
)
def test_a_file_is_never_where_another_or_a_folder_is(kept, added, found):
    assert clash(kept, added) == found


PARTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(st.lists(PARTS, unique=True, max_size=8))
def test_what_has_no_clash_makes_a_tree(paths):
    folders = {folder for path in paths for folder in folders_of(path)}
    assert (clash([], paths) is None) == (not folders & set(paths))


def test_names_and_folders_of_a_path():
    assert (name_of("a/b/c"), name_of("a")) == ("c", "a")
    assert list(folders_of("a/b/c")) == ["a/b", "a"]
    assert moved("src/x/y.py", "src/x", "lib") == "lib/y.py"
