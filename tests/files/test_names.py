"""Names are good on every system: bad ones are refused, and archives rename what is there."""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from itertools import product
from pathlib import PureWindowsPath

import marshmallow as ma
from hypothesis import given
from hypothesis import strategies as st

from collab.files import names
from collab.files.schemas import Path

from ..support.people import Person
from ..support.texts import TextDesk
from ..support.zips import unpacked

ODD = st.text('aAbß.: <>?*"|~\u202e\u200d\u200b\u00adéE\u0301xX01²', min_size=1, max_size=8)
KNOWN = st.sampled_from(
    [
        "con",
        "Aux.txt",
        "nul",
        ".git",
        ".GIT",
        "git~1",
        "com1",
        "a.",
        "a ",
        "...",
        "A",
        "a",
        "É",
        "é",
    ]
)
PART = st.one_of(ODD, KNOWN, st.text(min_size=1, max_size=6)).map(lambda one: one.replace("/", "_"))
PATHS = st.lists(st.lists(PART, min_size=1, max_size=3).map("/".join), unique=True, max_size=12)


def is_good(part: str) -> bool:
    """What Windows, Git and people want of a name, said in another way than the code does."""
    return (
        not PureWindowsPath(part).is_reserved()
        and PureWindowsPath(part).parts == (part,)
        and not part.endswith((".", " "))
        and not set(part) & set('<>:"|?*\u202e\u2066\u200b\u00ad')
        and part.replace("\u200d", "").replace("\u200c", "").lower() not in (".git", "git~1")
        and all(unicodedata.category(one) not in ("Cc", "Zl", "Zp", "Cs") for one in part)
    )


@given(PATHS)
def test_what_is_taken_is_good_everywhere(paths: list[str]) -> None:
    for path in paths:
        try:
            taken = Path().deserialize(path)
        except ma.ValidationError:
            continue
        assert all(map(is_good, taken.split("/"))), taken


@given(PATHS)
def test_what_an_archive_has_is_good_and_different_everywhere(paths: list[str]) -> None:
    called = names.portable(paths)
    assert called.keys() == set(paths)
    for name in called.values():
        assert all(map(is_good, name.split("/"))), name
    folded = [unicodedata.normalize("NFC", name).casefold() for name in called.values()]
    assert len(set(folded)) == len(paths)
    below = {one.rsplit("/", depth)[0] for one in folded for depth in range(1, one.count("/") + 1)}
    assert not below & set(folded)


@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1).map(sorted))
def test_good_names_stay_as_they_are(parts: list[str]) -> None:
    paths = [f"src/{one}.py" for one in parts]
    assert names.portable(paths) == {path: path for path in paths}


def test_names_from_before_are_changed_in_an_archive(
    app: object, alice: Person, project: int
) -> None:
    desk = alice.makes_workspace(project)
    for path in ("con.txt", "a:b?.txt", "Read.me", "read.me", ".git/config", "A", "a/b"):
        TextDesk(app, desk, path)  # type: ignore[arg-type]
    packed = unpacked(alice.get(f"/workspaces/{desk}/archive").content)
    assert set(packed) == {
        "_con.txt",
        "a_b_.txt",
        "Read.me",
        "read (2).me",
        "_.git/config",
        "A",
        "a (2)/b",
    }


def test_naming_files_that_are_called_alike_takes_a_few_steps_each() -> None:
    cases = ["".join(one) for one in product("aA", "bB", "cC", "dD", "eE", "fF", "gG")]
    long = [f"{start}{'x' * 245}{number}" for number in range(100, 150) for start in "yY"]
    endings = [f"{one}.{'z' * 250}" for one in "aA"]
    paths = [*cases, *(f"{one}/c" for one in "mM"), *long, *endings]
    steps: Counter[str] = Counter()
    sys.setprofile(lambda frame, kind, _: steps.update([frame.f_code.co_name] * (kind == "call")))
    try:
        called = names.portable(paths)
    finally:
        sys.setprofile(None)
    assert len(paths) < steps["_folded"] < 10 * len(paths)
    folded = [unicodedata.normalize("NFC", name).casefold() for name in called.values()]
    assert len(set(folded)) == len(paths)
    assert all(len(part) <= 255 for one in called.values() for part in one.split("/"))
