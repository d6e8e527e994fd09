"""Bodies as clients send them: packed, with a byte order mark, with numbers of any length."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import Unprocessable
from collab.core.http.blueprint import MAX_JSON_BYTES
from collab.core.http.heavy import TURNS
from collab.core.json import loads_sent
from collab.core.text.numbers import LARGEST_NUMBER, SMALLEST_NUMBER, refuse_large_numbers

from ..support.people import Person, ok
from ..support.problems import pointers, problem

PROJECT = b'{"name": "Apollo"}'


def posted(alice: Person, body: bytes, coding: str | None = None, **headers: str) -> httpx.Response:
    sent = {"Content-Type": "application/json"} | headers
    sent |= {"Content-Encoding": coding} if coding else {}
    return alice.post("/projects", content=body, headers=sent)


# -- codings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_gzip_is_taken(alice: Person, coding: str) -> None:
    assert ok(posted(alice, gzip.compress(PROJECT), coding))["name"] == "Apollo"


def test_a_packed_body_is_checked_as_any(alice: Person) -> None:
    assert pointers(posted(alice, gzip.compress(b'{"name": ""}'), "gzip"))[0] == "#/name"
    problem(posted(alice, gzip.compress(b"{"), "gzip"), 400)


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "compress", "aes128gcm"])
def test_other_codings_are_415_and_say_which_are_taken(alice: Person, coding: str) -> None:
    answer = posted(alice, PROJECT, coding)
    problem(answer, 415)
    assert answer.headers["Accept-Encoding"] == "gzip, identity"


def test_identity_is_none(alice: Person) -> None:
    ok(posted(alice, PROJECT, "identity"))


#: The same at each run: tests are known by it.
PACKED = gzip.compress(PROJECT, mtime=0)
NO_GZIP = {
    "plain": PROJECT,
    "cut off": PACKED[:-1],
    "longer": PACKED + b"x",
    "damaged": PACKED[:20] + b"\x00" + PACKED[21:],
    "zlib": zlib.compress(PROJECT),
}


@pytest.mark.parametrize("body", NO_GZIP.values(), ids=NO_GZIP)
def test_what_is_no_gzip_is_400(alice: Person, body: bytes) -> None:
    assert "gzip" in problem(posted(alice, body, "gzip"), 400)["detail"]


def test_what_becomes_too_large_is_413(alice: Person) -> None:
    """A hundred thousand times larger: no more is made of it than may be."""
    bomb = gzip.compress(b" " * (MAX_JSON_BYTES + 1))
    assert len(bomb) < 10_000
    problem(posted(alice, bomb, "gzip"), 413)
    ok(posted(alice, gzip.compress(PROJECT + b" " * 100_000), "gzip"))


def test_a_packed_body_takes_turns(app: Flask, alice: Person) -> None:
    """It may become large, so it counts as a large one; and gives its turn back."""
    ok(posted(alice, gzip.compress(PROJECT), "gzip"))
    with app.app_context():
        assert TURNS.here().counts == (0, 0)


def test_a_file_is_taken_as_it_is_only(alice: Person, project: int) -> None:
    where = f"/files/{alice.makes_file(alice.makes_workspace(project))['id']}/content"
    for answer in (
        alice.post("/uploads", content=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}),
        alice.put(where, content=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}),
    ):
        problem(answer, 415)
        assert answer.headers["Accept-Encoding"] == "identity"


# -- marks ----------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_ignored(alice: Person) -> None:
    assert ok(posted(alice, b"\xef\xbb\xbf" + PROJECT))["name"] == "Apollo"


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_400(alice: Person, coding: str) -> None:
    problem(posted(alice, '{"name": "é"}'.encode(coding)), 400)


# -- numbers --------------------------------------------------------------------------------------

TOO_LARGE = ["12345678901234567890123", str(2**64), str(-(2**63) - 1), "-" + "1" * 300]
KEPT = [2**64 - 1, 2**63, -(2**63), 10**18, 0]


@pytest.mark.parametrize("number", TOO_LARGE, ids=lambda text: text[:24])
def test_a_number_that_would_become_another_one_is_named(
    alice: Person, project: int, number: str
) -> None:
    body = f'{{"name": "x", "settings": {{"a/b": [1, {{"n": {number}}}]}}}}'.encode()
    headers = {"Content-Type": "application/json"}
    answer = alice.post(f"/projects/{project}/workspaces", content=body, headers=headers)
    assert pointers(answer) == ["#/settings/a~1b/1/n"]
    assert "string" in problem(answer, 422)["errors"][0]["detail"]


@pytest.mark.parametrize("number", ["1" * 400, "-" + "9" * 5000, "1e400"])
def test_a_number_that_no_double_reaches_is_400(alice: Person, number: str) -> None:
    problem(posted(alice, f'{{"name": {number}}}'.encode()), 400)


@pytest.mark.parametrize("number", KEPT)
def test_a_number_of_64_bits_is_kept(alice: Person, project: int, number: int) -> None:
    body = {"name": "x", "settings": {"n": number, "text": "1" * 30}}
    made = ok(alice.post(f"/projects/{project}/workspaces", body))
    assert made["settings"] == body["settings"]
    shown = alice.get(f"/workspaces/{made['id']}").text
    assert f":{number}," in shown


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict | list):
        return [
            one
            for inner in (value.values() if isinstance(value, dict) else value)
            for one in _integers(inner)
        ]
    return [value] if type(value) is int else []


def read_back(value: Any) -> Any:
    return loads_sent(json.dumps(value))


@given(VALUES)
def test_what_is_read_is_what_was_written_or_is_refused(value: Any) -> None:
    large = [one for one in _integers(value) if not SMALLEST_NUMBER <= one <= LARGEST_NUMBER]
    refused = ""
    try:
        refuse_large_numbers(json.dumps(value))
    except Unprocessable as error:
        refused = (error.errors or [{}])[0]["detail"]
    assert bool(large) == bool(refused)
    assert any(str(one) in refused for one in large) if large else read_back(value) == value
