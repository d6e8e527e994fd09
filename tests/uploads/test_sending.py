"""Sending files: as the body or in a form, up to 25 MiB each and a quota together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask

from ..conftest import http_for
from ..support.people import Person, ok
from ..support.problems import pointers, problem
from ..support.servers import ThreadServer
from .disk import files_in

LIMIT = 25 * 2**20
BYTES = "application/octet-stream"


def send(person: Person, content: Any, kind: str | None = None, **query: Any) -> httpx.Response:
    """Send a file as the body."""
    headers = {"Content-Type": kind} if kind else {}
    return person.request("POST", "/uploads", content=content, headers=headers, params=query)


def fill_in(person: Person, *file: Any, **query: Any) -> httpx.Response:
    """Send a file in a form: its name, content and type."""
    return person.request("POST", "/uploads", files={"file": file}, params=query)


def form(head: bytes, content: bytes = b"x") -> dict[str, Any]:
    """Write a form by hand, with the headers of its one part."""
    body = b"--b\r\n" + head + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 2**16):
        yield bytes(min(2**16, size - start))


# -- what comes back ------------------------------------------------------------------------------


def test_a_body_is_taken_as_the_file(alice: Person) -> None:
    made = ok(send(alice, b"a,b\n", "text/csv", name="t.csv"))
    assert {key: made[key] for key in ("owner_id", "project_id", "name", "content_type")} == {
        "owner_id": alice.id,
        "project_id": None,
        "name": "t.csv",
        "content_type": "text/csv",
    }
    assert (made["size"], made["sha256"]) == (4, hashlib.sha256(b"a,b\n").hexdigest())


def test_a_form_brings_name_and_type_with_it(alice: Person) -> None:
    made = ok(fill_in(alice, "t.csv", b"a,b\n", "text/csv"))
    assert (made["name"], made["content_type"], made["size"]) == ("t.csv", "text/csv", 4)


def test_the_name_in_the_query_goes_before_that_of_the_form(alice: Person) -> None:
    assert ok(fill_in(alice, "t.csv", b"x", name="mine.csv"))["name"] == "mine.csv"


def test_a_file_without_a_name_is_called_upload(alice: Person) -> None:
    assert ok(send(alice, b"x"))["name"] == "upload"


def test_it_has_an_etag(alice: Person) -> None:
    made = send(alice, b"x")
    assert made.headers["ETag"] == f'"{made.json()["sha256"]}"'


def test_any_bytes_are_kept_as_they_are(alice: Person) -> None:
    content = bytes(range(256)) * 3 + b"\r\n--b--\r\n\x00"
    made = ok(send(alice, content))
    assert alice.get(f"/uploads/{made['id']}/content").content == content


def test_a_form_s_bytes_are_kept_as_they_are(alice: Person) -> None:
    content = bytes(range(256)) * 3 + b"\r\n--other--\r\n\x00"
    made = ok(fill_in(alice, "x", content))
    assert alice.get(f"/uploads/{made['id']}/content").content == content


def test_a_stranger_is_told_so(nobody: Person) -> None:
    problem(send(nobody, b"x"), 401)


# -- names ----------------------------------------------------------------------------------------

PATHS = [
    "/etc/report.csv",
    "../../report.csv",
    r"C:\data\report.csv",
    r"..\report.csv",
    "./a/b\\report.csv",
]


@pytest.mark.parametrize("name", PATHS)
def test_a_form_s_name_is_kept_without_its_folders(alice: Person, name: str) -> None:
    escaped = name.replace("\\", r"\\").encode()
    head = b'Content-Disposition: form-data; name="file"; filename="%s"' % escaped
    made = ok(alice.request("POST", "/uploads", **form(head)))
    assert made["name"] == "report.csv"


@pytest.mark.parametrize("name", PATHS)
def test_a_name_in_the_query_is_kept_without_its_folders(alice: Person, name: str) -> None:
    assert ok(send(alice, b"x", name=name))["name"] == "report.csv"


@pytest.mark.parametrize("name", ["/etc/", "a\\"])
def test_a_name_of_folders_alone_is_none(alice: Person, name: str) -> None:
    assert ok(fill_in(alice, name, b"x"))["name"] == "upload"


UNICODE = ["Bücher.csv", "書籍.csv", "📚.csv", "a b; c=d.csv", "it's 100%.csv", 'say "so".csv']


@pytest.mark.parametrize("name", UNICODE)
def test_a_name_may_have_any_visible_characters(alice: Person, name: str) -> None:
    assert ok(fill_in(alice, name, b"x"))["name"] == name


@pytest.mark.parametrize("name", UNICODE)
def test_a_name_in_the_query_may_have_any_visible_characters(alice: Person, name: str) -> None:
    assert ok(send(alice, b"x", name=name))["name"] == name


def test_a_form_s_name_is_cut_at_255_characters(alice: Person) -> None:
    assert ok(fill_in(alice, "ü" * 300, b"x"))["name"] == "ü" * 255


@pytest.mark.parametrize("name", ["a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\tb", " "])
def test_an_invisible_name_in_a_form_is_refused(alice: Person, instance: Path, name: str) -> None:
    head = b'Content-Disposition: form-data; name="file"; filename="%s"' % name.encode()
    assert pointers(alice.request("POST", "/uploads", **form(head))) == ["#/file"]
    assert files_in(instance) == []


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\x7fb", " ", "", "x" * 256, "a/ "])
def test_an_invisible_name_in_the_query_is_refused(alice: Person, name: str) -> None:
    assert set(pointers(send(alice, b"x", name=name))) == {"#/query/name"}


# -- types ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text/csv; charset=utf-8", "text/csv"),
        ("Image/PNG", "image/png"),
        ("application/vnd.api+json", "application/vnd.api+json"),
        ("application/json", "application/json"),
        # what curl says of any `--data-binary`
        ("application/x-www-form-urlencoded", BYTES),
        (None, BYTES),
        ("nonsense", BYTES),
        ("text/", BYTES),
        ("te xt/plain", BYTES),
        ("text/" + "x" * 96, BYTES),
    ],
)
def test_a_body_s_type_is_kept_if_it_is_one(alice: Person, sent: str | None, kept: str) -> None:
    assert ok(send(alice, b"a=b", sent))["content_type"] == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("text/csv", "text/csv"),
        ("text/жук", BYTES),
        ("text/\x01", BYTES),
        ("nonsense", BYTES),
        ("", BYTES),
    ],
)
def test_a_part_s_type_is_kept_if_it_is_one(alice: Person, sent: str, kept: str) -> None:
    head = b'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Type: %s'
    made = ok(alice.request("POST", "/uploads", **form(head % sent.encode())))
    assert made["content_type"] == kept
    assert alice.get(f"/uploads/{made['id']}/content").status_code == 200


# -- what is no file ------------------------------------------------------------------------------


def test_an_empty_body_is_400(alice: Person, instance: Path) -> None:
    problem(send(alice, b""), 400)
    assert files_in(instance) == []


def test_an_empty_file_in_a_form_is_400(alice: Person, instance: Path) -> None:
    problem(fill_in(alice, "a.csv", b""), 400)
    assert files_in(instance) == []


HEADS = [
    b'Content-Disposition: form-data; name="other"; filename="a"',
    b'Content-Disposition: form-data; name="file"',
    b"X-Nothing: here",
]


@pytest.mark.parametrize("head", HEADS)
def test_a_form_without_the_file_is_400(alice: Person, head: bytes) -> None:
    problem(alice.request("POST", "/uploads", **form(head)), 400)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=c"])
def test_a_form_that_can_not_be_read_is_400(alice: Person, kind: str) -> None:
    problem(send(alice, b"--b\r\n\r\nx\r\n--b--\r\n", kind), 400)


# -- how large ------------------------------------------------------------------------------------


@pytest.fixture
def wired(server: ThreadServer, over: Callable[..., Person], alice: Person) -> Person:
    """Return alice, over a real connection."""
    return over(server, alice)


def test_25_mib_are_taken(wired: Person, instance: Path) -> None:
    assert ok(send(wired, bytes(LIMIT)))["size"] == LIMIT
    assert [len(one) for one in files_in(instance)] == [LIMIT]


def test_25_mib_in_a_form_are_taken(wired: Person) -> None:
    assert ok(fill_in(wired, "large", bytes(LIMIT)))["size"] == LIMIT


def test_25_mib_without_a_length_are_taken(wired: Person) -> None:
    assert ok(send(wired, pieces(LIMIT)))["size"] == LIMIT


def test_one_byte_more_is_413_and_leaves_nothing(alice: Person, instance: Path) -> None:
    problem(send(alice, bytes(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_one_byte_more_in_a_form_is_413_and_leaves_nothing(alice: Person, instance: Path) -> None:
    problem(fill_in(alice, "large", bytes(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_one_byte_more_without_a_length_is_413_and_leaves_nothing(
    wired: Person, instance: Path
) -> None:
    problem(send(wired, pieces(LIMIT + 1)), 413)
    assert files_in(instance) == []


def test_far_too_much_is_413_by_its_length_alone(alice: Person) -> None:
    headers = {"Content-Length": str(10**12)}
    problem(alice.request("POST", "/uploads", content=b"x", headers=headers), 413)


def test_a_body_without_a_length_is_taken(wired: Person) -> None:
    made = ok(send(wired, pieces(200_000)))
    assert (made["size"], made["sha256"]) == (
        200_000,
        hashlib.sha256(bytes(200_000)).hexdigest(),
    )


def test_an_empty_body_without_a_length_is_400(wired: Person) -> None:
    problem(send(wired, iter([b""])), 400)


# -- the quota ------------------------------------------------------------------------------------


@pytest.fixture
def tight(make_app: Callable[..., Flask], alice: Person, bob: Person) -> Iterator[list[Person]]:
    """Return alice and bob, who may keep 1 MiB each."""
    with http_for(make_app(UPLOAD_QUOTA_MB="1")) as client:
        yield [alice.at(client), bob.at(client)]


MIB = 2**20


def test_the_quota_can_be_used_up(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB - 1))
    assert send(tight[0], b"x").status_code == 201


def test_more_than_the_quota_is_413_and_leaves_nothing(tight: list[Person], instance: Path) -> None:
    tight[0].uploads(bytes(MIB))
    problem(send(tight[0], b"x"), 413)
    assert [len(one) for one in files_in(instance)] == [MIB]


def test_the_same_bytes_count_again(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB))
    problem(send(tight[0], bytes(MIB)), 413)


def test_what_is_deleted_counts_no_more(tight: list[Person]) -> None:
    made = tight[0].uploads(bytes(MIB))
    tight[0].delete(f"/uploads/{made['id']}")
    assert send(tight[0], b"x").status_code == 201


def test_each_person_has_a_quota(tight: list[Person]) -> None:
    tight[0].uploads(bytes(MIB))
    assert send(tight[1], b"x").status_code == 201


def test_uploads_to_a_project_count_for_who_sent_them(tight: list[Person]) -> None:
    project_id = tight[0].makes_project(bob="collaborator")
    tight[1].uploads(bytes(MIB), project_id=project_id)
    assert send(tight[0], b"x", project_id=project_id).status_code == 201
    problem(send(tight[1], b"x"), 413)


# -- once -----------------------------------------------------------------------------------------

KEY = {"Idempotency-Key": "k"}


def test_a_key_makes_one_upload_of_two_requests(alice: Person) -> None:
    answers = [alice.request("POST", "/uploads", content=b"x", headers=KEY) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert len(ok(alice.get("/uploads"))["items"]) == 1


def test_a_form_takes_a_key_too(alice: Person) -> None:
    head = b'Content-Disposition: form-data; name="file"; filename="a"'
    sent = form(head)
    sent["headers"] |= KEY
    answers = [alice.request("POST", "/uploads", **sent) for _ in range(2)]
    assert ok(answers[0]) == ok(answers[1])


def test_another_file_under_the_same_key_is_422(alice: Person) -> None:
    alice.request("POST", "/uploads", content=b"x", headers=KEY)
    problem(alice.request("POST", "/uploads", content=b"y", headers=KEY), 422)


def test_another_name_under_the_same_key_is_422(alice: Person) -> None:
    alice.request("POST", "/uploads?name=a", content=b"x", headers=KEY)
    problem(alice.request("POST", "/uploads?name=b", content=b"x", headers=KEY), 422)


def test_25_mib_with_a_key_are_taken(alice: Person) -> None:
    made = ok(alice.request("POST", "/uploads", content=bytes(LIMIT), headers=KEY))
    assert made["size"] == LIMIT


def test_too_much_with_a_key_leaves_the_key_free(alice: Person) -> None:
    problem(alice.request("POST", "/uploads", content=bytes(LIMIT + 1), headers=KEY), 413)
    assert alice.request("POST", "/uploads", content=b"x", headers=KEY).status_code == 201
