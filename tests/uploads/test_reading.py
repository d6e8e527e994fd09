"""Reading uploads: what they are, their bytes, and lists; and who may."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..support.made_once import made_once
from ..support.people import Person, ok, paged
from ..support.problems import pointers, problem


@made_once
def mine(alice: Person) -> dict[str, Any]:
    """Return an upload of alice's that is in no project."""
    return alice.uploads(b"0123456789", name="digits.txt")


@made_once
def shared(alice: Person, project: int) -> dict[str, Any]:
    """Return an upload of alice's in her project."""
    return alice.uploads(b"0123456789", name="digits.txt", project_id=project)


def person(request: pytest.FixtureRequest, name: str) -> Person:
    found: Person = request.getfixturevalue(name)
    return found


def content(who: Person, upload: dict[str, Any], **headers: str) -> httpx.Response:
    """Fetch an upload's bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return who.get(f"/uploads/{upload['id']}/content", headers=named)


# -- what it is -----------------------------------------------------------------------------------


def test_it_is_shown_as_it_was_made(alice: Person, mine: dict[str, Any]) -> None:
    assert ok(alice.get(f"/uploads/{mine['id']}")) == mine


def test_who_knows_it_already_is_told_304(alice: Person, mine: dict[str, Any]) -> None:
    path = f"/uploads/{mine['id']}"
    known = {"If-None-Match": alice.get(path).headers["ETag"]}
    assert alice.get(path, headers=known).status_code == 304


@pytest.mark.parametrize("path", ["/uploads/99", "/uploads/99/content"])
def test_what_is_not_there_is_404(alice: Person, path: str) -> None:
    problem(alice.get(path), 404)


# -- its bytes ------------------------------------------------------------------------------------


def test_the_bytes_come_as_they_were_sent(alice: Person, mine: dict[str, Any]) -> None:
    assert content(alice, mine).content == b"0123456789"


def test_a_browser_saves_the_file_and_never_opens_it(alice: Person) -> None:
    page = alice.request(
        "POST",
        "/uploads?name=page.html",
        content=b"<script>alert(1)</script>",
        headers={"Content-Type": "text/html"},
    ).json()
    got = content(alice, page).headers
    assert got["Content-Disposition"] == "attachment; filename=page.html"
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Type"] == "text/html"


def test_the_bytes_are_not_for_shared_caches(alice: Person, mine: dict[str, Any]) -> None:
    got = alice.get(f"/uploads/{mine['id']}/content").headers
    assert (got["Cache-Control"], got["Vary"]) == ("private, no-cache", "Authorization")


def test_a_name_beyond_ascii_is_written_as_rfc_8187_says(alice: Person) -> None:
    made = alice.uploads(b"x", name="Bücher.csv")
    assert "filename*=UTF-8''B%C3%BCcher.csv" in content(alice, made).headers["Content-Disposition"]


def test_a_name_in_quotes_can_not_end_the_header_s_value(alice: Person) -> None:
    made = alice.uploads(b"x", name='a"; filename="evil.exe')
    sent = content(alice, made).headers["Content-Disposition"]
    assert sent == r'attachment; filename="a\"; filename=\"evil.exe"'


@pytest.mark.parametrize(
    ("asked", "part", "where"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_served(
    alice: Person, mine: dict[str, Any], asked: str, part: bytes, where: str
) -> None:
    got = content(alice, mine, Range=asked)
    assert (got.status_code, got.content, got.headers["Content-Range"]) == (206, part, where)


def test_a_range_past_the_end_is_416(alice: Person, mine: dict[str, Any]) -> None:
    got = content(alice, mine, Range="bytes=10-")
    problem(got, 416)
    assert got.headers["Content-Range"] == "bytes */10"


def test_a_range_of_another_version_is_served_whole(alice: Person, mine: dict[str, Any]) -> None:
    got = content(alice, mine, Range="bytes=0-3", If_Range='"another"')
    assert (got.status_code, got.content) == (200, b"0123456789")


def test_bytes_that_are_known_already_are_304(alice: Person, mine: dict[str, Any]) -> None:
    tag = content(alice, mine).headers["ETag"]
    got = content(alice, mine, If_None_Match=tag)
    assert (tag, got.status_code, got.content) == (f'"{mine["sha256"]}"', 304, b"")


def test_its_size_can_be_asked_alone(alice: Person, mine: dict[str, Any]) -> None:
    got = alice.request("HEAD", f"/uploads/{mine['id']}/content")
    assert (got.headers["Content-Length"], got.content) == ("10", b"")


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob", "charlie", "ada"])
@pytest.mark.parametrize("path", ["", "/content"])
def test_a_personal_upload_is_its_owner_s_alone(
    request: pytest.FixtureRequest, mine: dict[str, Any], name: str, path: str
) -> None:
    problem(person(request, name).get(f"/uploads/{mine['id']}{path}"), 404)


@pytest.mark.parametrize("name", ["bob", "charlie", "ada"])
def test_a_personal_upload_is_nobody_else_s_to_delete(
    request: pytest.FixtureRequest, alice: Person, mine: dict[str, Any], name: str
) -> None:
    problem(person(request, name).delete(f"/uploads/{mine['id']}"), 404)
    assert content(alice, mine).status_code == 200


@pytest.mark.parametrize("name", ["alice", "bob", "vera", "ada"])
def test_members_read_what_is_in_their_project(
    request: pytest.FixtureRequest, shared: dict[str, Any], name: str
) -> None:
    assert content(person(request, name), shared).content == b"0123456789"


@pytest.mark.parametrize("path", ["", "/content"])
def test_an_outsider_does_not_learn_that_it_exists(
    charlie: Person, shared: dict[str, Any], path: str
) -> None:
    problem(charlie.get(f"/uploads/{shared['id']}{path}"), 404)


@pytest.mark.parametrize(("name", "status"), [("bob", 201), ("vera", 403), ("charlie", 404)])
def test_only_who_writes_in_a_project_sends_to_it(
    request: pytest.FixtureRequest, project: int, name: str, status: int
) -> None:
    who = person(request, name)
    sent = who.request("POST", f"/uploads?project_id={project}", content=b"x")
    assert sent.status_code == status


@pytest.mark.parametrize(("name", "status"), [("bob", 204), ("vera", 403), ("charlie", 404)])
def test_only_who_writes_in_a_project_deletes_from_it(
    request: pytest.FixtureRequest, shared: dict[str, Any], name: str, status: int
) -> None:
    assert person(request, name).delete(f"/uploads/{shared['id']}").status_code == status


@pytest.mark.parametrize("path", ["", "/content"])
def test_a_removed_member_loses_what_they_sent(
    alice: Person, bob: Person, project: int, path: str
) -> None:
    made = bob.uploads(project_id=project)
    alice.delete(f"/projects/{project}/members/{bob.id}")
    problem(bob.get(f"/uploads/{made['id']}{path}"), 404)


def test_a_removed_member_has_it_in_no_list(alice: Person, bob: Person, project: int) -> None:
    bob.uploads(project_id=project)
    alice.delete(f"/projects/{project}/members/{bob.id}")
    assert ok(bob.get("/uploads"))["items"] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/1"), ("GET", "/1/content"), ("DELETE", "/1")],
)
def test_a_stranger_is_told_so(
    nobody: Person, mine: dict[str, Any], method: str, path: str
) -> None:
    problem(nobody.request(method, f"/uploads{path}"), 401)


# -- lists ----------------------------------------------------------------------------------------


def listed(who: Person, **query: Any) -> list[int]:
    return [one["id"] for one in ok(who.get("/uploads", params=query))["items"]]


def test_a_list_shows_the_own_uploads_the_newest_first(
    alice: Person, bob: Person, project: int
) -> None:
    bob.uploads()
    bob.uploads(project_id=project)
    mine = [alice.uploads()["id"], alice.uploads(project_id=project)["id"]]
    assert listed(alice) == mine[::-1]


def test_a_project_s_list_shows_what_is_in_it(alice: Person, vera: Person, project: int) -> None:
    alice.uploads()
    made = alice.uploads(project_id=project)["id"]
    assert listed(vera, project_id=project) == [made]


def test_a_project_s_list_is_not_for_outsiders(charlie: Person, project: int) -> None:
    problem(charlie.get(f"/uploads?project_id={project}"), 404)


def test_a_list_can_be_sorted(alice: Person) -> None:
    made = [alice.uploads(b"x" * size, name=name)["id"] for name, size in SENT]
    assert listed(alice, sort="name") == [made[1], made[2], made[0]]
    assert listed(alice, sort="-size") == [made[1], made[0], made[2]]


SENT = [("c", 2), ("a", 3), ("b", 1)]


@pytest.mark.parametrize("sort", ["id", "-id", "name", "-name", "size", "-size"])
def test_pages_lead_through_all_of_it_once(alice: Person, sort: str) -> None:
    for number in range(5):
        alice.uploads(b"x" * (number % 2 + 1), name=f"n{number % 2}")
    found = paged(alice, f"/uploads?limit=2&sort={sort}")
    assert found == listed(alice, sort=sort)
    assert len(set(found)) == 5


def test_another_sorting_is_refused(alice: Person) -> None:
    assert pointers(alice.get("/uploads?sort=sha256")) == ["#/query/sort"]
