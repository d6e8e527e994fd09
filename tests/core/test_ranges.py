"""`Range` as RFC 9110 §14 has it, wherever files are sent."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import httpx
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from collab.core.http.representations.ranges import MAX_RANGES, parts

from ..support.jobs import Desk
from ..support.people import Person
from ..support.problems import problem

BODY = b"0123456789"

#: What is no range of bytes, or none that anybody needs: the whole is sent.
IGNORED = [
    "lines=0-1",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=5-2",
    "bytes=0-1,5-2",
    "bytes 0-1",
    "bytes=0-1;2-3",
    "bytes=--1",
    "bytes=+1-2",
    "bytes=0 - 1",
    "bytes=0-5,3-9",
    "bytes=" + ",".join(["0-0"] * 2000),
    "0-1",
    "",
]
ONE = {
    "bytes=0-3": (b"0123", "bytes 0-3/10"),
    "bytes=4-": (b"456789", "bytes 4-9/10"),
    "bytes=-2": (b"89", "bytes 8-9/10"),
    "bytes=-99": (BODY, "bytes 0-9/10"),
    "bytes=8-99": (b"89", "bytes 8-9/10"),
    "bytes=8-99999999999999999999999999": (b"89", "bytes 8-9/10"),
    "bytes=0000000000000000000000000002-02": (b"2", "bytes 2-2/10"),
    "BYTES=9-9": (b"9", "bytes 9-9/10"),
    "bytes= 0-0 , ,\t": (b"0", "bytes 0-0/10"),
    "bytes=50-60, 1-2": (b"12", "bytes 1-2/10"),
}
BEYOND = ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-", "bytes=10-,-0"]


@pytest.fixture(params=["upload", "file", "text", "output"])
def address(request: pytest.FixtureRequest, alice: Person, project: int, desk: Desk) -> str:
    """Return where ten bytes are served, by each way that serves files."""
    if request.param == "upload":
        return f"/uploads/{alice.uploads(BODY)['id']}/content"
    if request.param == "output":
        made = alice.submits("test_file", project_id=project)["id"]
        desk.work()
        return f"/jobs/{made}/output"
    workspace = alice.makes_workspace(project)
    if request.param == "text":
        return f"/files/{alice.makes_file(workspace, 'a.txt', BODY.decode())['id']}/content"
    return f"/files/{alice.sends_file(workspace, 'a.png', BODY)['id']}/content"


def fetched(alice: Person, address: str, asked: str, **headers: str) -> httpx.Response:
    return alice.get(address, headers={"Range": asked} | headers)


def test_each_way_serves_parts(alice: Person, address: str) -> None:
    whole = alice.get(address)
    got = fetched(alice, address, "bytes=1-2")
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "bytes")
    assert (got.status_code, got.content) == (206, whole.content[1:3])
    problem(fetched(alice, address, "bytes=999-"), 416)
    assert fetched(alice, address, "lines=1").content == whole.content


@pytest.fixture
def upload(alice: Person) -> str:
    """Return where an upload of ten bytes is."""
    return f"/uploads/{alice.uploads(BODY)['id']}/content"


@pytest.mark.parametrize("asked", IGNORED, ids=lambda text: ascii(text)[:30])
def test_what_can_not_be_read_is_ignored(alice: Person, upload: str, asked: str) -> None:
    got = fetched(alice, upload, asked)
    assert (got.status_code, got.content) == (200, BODY)
    assert "Content-Range" not in got.headers


@pytest.mark.parametrize("asked", ONE)
def test_one_part_is_sent(alice: Person, upload: str, asked: str) -> None:
    got = fetched(alice, upload, asked)
    assert (got.status_code, got.content, got.headers["Content-Range"]) == (206, *ONE[asked])
    assert got.headers["Content-Length"] == str(len(got.content))


@pytest.mark.parametrize("asked", BEYOND)
def test_what_is_beyond_the_end_is_416(alice: Person, upload: str, asked: str) -> None:
    got = fetched(alice, upload, asked)
    problem(got, 416)
    assert got.headers["Content-Range"] == "bytes */10"


def test_several_parts_are_one_answer(alice: Person, upload: str) -> None:
    got = fetched(alice, upload, "bytes=0-1,-2, 4-5,77-")
    assert (got.status_code, len(got.content)) == (206, int(got.headers["Content-Length"]))
    assert "Content-Range" not in got.headers
    head = f"Content-Type: {got.headers['Content-Type']}\r\n\r\n".encode()
    found = [
        (one["Content-Range"], one.get_payload(decode=True))
        for one in message_from_bytes(head + got.content).get_payload()  # type: ignore[union-attr]
    ]
    assert found == [
        ("bytes 0-1/10", b"01"),
        ("bytes 8-9/10", b"89"),
        ("bytes 4-5/10", b"45"),
    ]


def test_if_range_compares_strongly(alice: Person, upload: str) -> None:
    whole = alice.get(upload)
    tag, date = whole.headers["ETag"], whole.headers["Last-Modified"]
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    known = {tag: 206, date: 206, f"W/{tag}": 200, '"other"': 200, later: 200, "nonsense": 200}
    found = {
        one: fetched(alice, upload, "bytes=0-1", **{"If-Range": one}).status_code for one in known
    }
    assert found == known


def test_only_get_has_parts(alice: Person, upload: str) -> None:
    got = alice.request("HEAD", upload, headers={"Range": "bytes=0-1"})
    assert (got.status_code, got.headers["Content-Length"]) == (200, "10")


def test_what_is_known_already_is_304_before_any_part(alice: Person, upload: str) -> None:
    tag = alice.get(upload).headers["ETag"]
    assert fetched(alice, upload, "bytes=0-1", **{"If-None-Match": tag}).status_code == 304


def test_an_empty_file_is_whole(alice: Person, project: int) -> None:
    made = alice.makes_file(alice.makes_workspace(project), "empty.txt", "")["id"]
    problem(fetched(alice, f"/files/{made}/content", "bytes=0-"), 416)
    assert alice.get(f"/files/{made}/content").content == b""


def _written(ranges: list[tuple[str, int, int]]) -> str:
    forms = {"both": "{}-{}", "from": "{}-", "last": "-{}"}
    return "bytes=" + ",".join(forms[kind].format(a, a + b) for kind, a, b in ranges)


RANGES = st.lists(
    st.tuples(st.sampled_from(["both", "from", "last"]), st.integers(0, 30), st.integers(0, 30)),
    min_size=1,
    max_size=MAX_RANGES,
)


@given(RANGES, st.integers(0, 25))
def test_parts_are_in_the_file_and_apart(ranges: list[tuple[str, int, int]], size: int) -> None:
    """By another road: each asked byte that there is, is sent once, or the whole is."""
    found = parts(_written(ranges), size)
    asked: list[int] = []
    for kind, a, b in ranges:
        low, high = {"both": (a, a + b), "from": (a, size), "last": (size - a, size)}[kind]
        asked += range(max(0, low), min(high + (kind == "both"), size))
    if found is None:
        assert len(set(asked)) < len(asked)
    else:
        assert [at for part in found for at in range(part.start, part.end)] == asked


def test_the_bytes_of_a_large_file_are_the_right_ones(app: Flask, alice: Person) -> None:
    body: Any = bytes(range(256)) * 1024
    where = f"/uploads/{alice.uploads(body)['id']}/content"
    assert fetched(alice, where, "bytes=65530-200001").content == body[65530:200002]


def test_parts_of_another_version_are_a_problem(alice: Person, address: str) -> None:
    tag = alice.get(address).headers.get("ETag", "*")
    for wanted in (tag, "*"):
        assert fetched(alice, address, "bytes=0-1", **{"If-Match": wanted}).status_code == 206
    problem(fetched(alice, address, "bytes=0-1", **{"If-Match": '"other"'}), 412)


def test_what_was_changed_after_a_date_is_a_problem(alice: Person, upload: str) -> None:
    date = alice.get(upload).headers["Last-Modified"]
    before = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    assert fetched(alice, upload, "bytes=0-1", **{"If-Unmodified-Since": date}).status_code == 206
    assert fetched(alice, upload, "bytes=0-1", **before, **{"If-Match": "*"}).status_code == 206
    problem(fetched(alice, upload, "bytes=0-1", **before), 412)


def test_a_part_is_not_taken_for_the_whole(alice: Person, project: int) -> None:
    path = f"/files/{alice.makes_file(alice.makes_workspace(project), 'a.txt', 'whole')['id']}"
    part = {"Content-Range": "bytes 0-0/5"}
    for method, where in (("PUT", f"{path}/content"), ("POST", "/uploads")):
        wrong = problem(alice.request(method, where, content=b"x", headers=part), 400)
        assert "Content-Range" in wrong["detail"]
    assert alice.get(f"{path}/content").text == "whole"
