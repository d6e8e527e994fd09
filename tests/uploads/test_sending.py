"""Sending files, as the body or in a form: what is taken, and under which name and type."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ..support.people import Person, ok
from ..support.problems import pointers, problem
from .disk import files_in
from .forms import fill_in, form, send

BYTES = "application/octet-stream"

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
    again = alice.get(f"/uploads/{made.json()['id']}")
    assert made.headers["ETag"] == again.headers["ETag"] != send(alice, b"x").headers["ETag"]


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
