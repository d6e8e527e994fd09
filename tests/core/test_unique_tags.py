"""An entity tag means one representation: over all resources, all readers and their whole life."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..support.people import Person, ok
from ..support.problems import problem


def tag_of(person: Person, path: str) -> str:
    return person.get(path).headers["ETag"]


# -- one life and the next ------------------------------------------------------------------------


def test_a_member_who_is_added_again_is_not_the_former_one(
    alice: Person, bob: Person, project: int
) -> None:
    path = f"/projects/{project}/members/{bob.id}"
    former = tag_of(alice, path)
    ok(alice.delete(path))
    alice.invites(project, bob.email, "viewer")
    shown = ok(alice.get(path, headers={"If-None-Match": former}))
    assert shown["role"] == "viewer"
    problem(alice.patch(path, {"role": "owner"}, headers={"If-Match": former}), 412)


def test_a_member_who_is_added_again_as_before_is_not_the_former_one(
    alice: Person, bob: Person, project: int
) -> None:
    path = f"/projects/{project}/members/{bob.id}"
    former = tag_of(alice, path)
    ok(alice.delete(path))
    alice.invites(project, bob.email, "collaborator")
    problem(alice.patch(path, {"role": "owner"}, headers={"If-Match": former}), 412)


def test_a_members_new_name_is_shown(alice: Person, bob: Person, project: int) -> None:
    path = f"/projects/{project}/members/{bob.id}"
    former = tag_of(alice, path)
    ok(bob.patch("/auth/me", {"name": "Robert"}))
    assert ok(alice.get(path, headers={"If-None-Match": former}))["name"] == "Robert"


def test_nobodys_account_is_taken_for_anothers(alice: Person, bob: Person) -> None:
    headers = {"If-None-Match": tag_of(alice, "/auth/me")}
    assert ok(bob.get("/auth/me", headers=headers))["id"] == bob.id
    problem(
        bob.patch("/auth/me", {"name": "x"}, headers={"If-Match": headers["If-None-Match"]}), 412
    )


def test_an_upload_is_not_taken_for_another_with_the_same_bytes(alice: Person) -> None:
    one, other = (alice.uploads(name=name)["id"] for name in ("a.csv", "b.csv"))
    headers = {"If-None-Match": tag_of(alice, f"/uploads/{one}")}
    assert ok(alice.get(f"/uploads/{other}", headers=headers))["name"] == "b.csv"
    assert alice.get(f"/uploads/{one}/content", headers=headers).status_code == 200


@pytest.mark.parametrize("condition", ["*", "the present one", "the present one, weak"])
def test_a_change_that_must_not_find_the_version_is_412(
    alice: Person, project: int, condition: str
) -> None:
    """RFC 9110 §13.1.2."""
    tag = tag_of(alice, f"/projects/{project}")
    sent = {"*": "*", "the present one": tag}.get(condition, f"W/{tag}")
    headers = {"If-None-Match": sent}
    problem(alice.patch(f"/projects/{project}", {"name": "x"}, headers=headers), 412)


# -- all resources, all readers, their whole life -------------------------------------------------

Act = Callable[[Person, Person, Person, int], object]

#: What ada, alice and bob do; the number makes some of it happen twice and some not.
ACTS: dict[str, Act] = {
    "rename bob": lambda ada, alice, bob, n: bob.patch("/auth/me", {"name": f"Bob {n}"}),
    "rename alice": lambda ada, alice, bob, n: alice.patch("/auth/me", {"name": f"Bob {n}"}),
    "remove bob": lambda ada, alice, bob, n: alice.delete(f"/projects/1/members/{bob.id}"),
    "add bob": lambda ada, alice, bob, n: alice.post(
        "/projects/1/members", {"email": bob.email, "role": ["viewer", "owner"][n % 2]}
    ),
    "bob's role": lambda ada, alice, bob, n: alice.patch(
        f"/projects/1/members/{bob.id}", {"role": ["viewer", "owner"][n % 2]}
    ),
    "bob's account": lambda ada, alice, bob, n: ada.patch(
        f"/users/{bob.id}", {"role": ["user", "admin"][n % 2]}
    ),
    "project": lambda ada, alice, bob, n: alice.patch("/projects/1", {"name": f"Apollo {n}"}),
    "workspace": lambda ada, alice, bob, n: alice.patch("/workspaces/1", {"name": f"Desk {n}"}),
    "task": lambda ada, alice, bob, n: alice.patch("/tasks/1", {"title": f"Launch {n}"}),
    "move": lambda ada, alice, bob, n: alice.post(f"/tasks/{1 + n % 2}/move", {"status": "doing"}),
    "assign": lambda ada, alice, bob, n: alice.patch("/tasks/1", {"assignee_id": bob.id}),
    "post": lambda ada, alice, bob, n: alice.patch(
        "/posts/1", {"status": ["draft", "published"][n % 2]}
    ),
    "collect": lambda ada, alice, bob, n: bob.put("/collections/1/posts/1"),
    "text": lambda ada, alice, bob, n: alice.request(
        "PUT", "/files/1/content", content=f"text {n}".encode()
    ),
    "path": lambda ada, alice, bob, n: alice.patch("/files/1", {"path": f"{n}.py"}),
    "flag": lambda ada, alice, bob, n: ada.patch("/flags/search", {"percentage": n % 2 * 50}),
    "preferences": lambda ada, alice, bob, n: bob.patch(
        "/notifications/preferences", {"commented": bool(n % 2)}
    ),
    "job": lambda ada, alice, bob, n: alice.post(f"/jobs/1/{['cancel', 'retry'][n % 2]}"),
}

#: All of them, in rounds: what comes in one is about different things, or about others of theirs.
#: The numbers let each change something.
LIFE: list[dict[str, int]] = [
    {},
    {"task": 1, "bob's account": 3, "collect": 2, "project": 1, "post": 2, "rename alice": 0}
    | {"flag": 3, "workspace": 0, "text": 1},
    {"assign": 0, "job": 2, "preferences": 2, "path": 3, "bob's role": 1},
    {"move": 0, "rename bob": 1},
    {"remove bob": 0},
    {"add bob": 3},
    {"bob's role": 0},
    {"rename bob": 0},
]

SHOWN = [
    "/auth/me",
    *(f"/users/{key}" for key in (2, 3)),
    "/projects/1",
    *(f"/projects/1/members/{key}" for key in (2, 3)),
    "/workspaces/1",
    *(f"/tasks/{key}" for key in (1, 2)),
    "/posts/1",
    "/collections/1",
    *("/files/1", "/files/1/content", "/files/1/versions/1"),
    *("/uploads/1", "/uploads/2", "/uploads/1/content"),
    "/flags/search",
    *("/notifications/unread", "/notifications/preferences"),
    "/jobs/1",
]


@pytest.fixture
def seen(alice: Person, bob: Person, project: int) -> dict[str, bytes]:
    """Make one of each, and return what tags are to be noted in."""
    workspace = alice.makes_workspace(project)
    alice.makes_file(workspace, "0.py", "text")
    for _ in range(2):
        alice.makes_task(project_id=project)
        alice.uploads(project_id=project)
    alice.writes()
    bob.collects(1)
    alice.post("/jobs", {"type": "report", "payload": {}, "project_id": project})
    return {}


def test_everything_happens_in_that_life() -> None:
    assert {name for one in LIFE for name in one} == ACTS.keys()


def test_the_same_tag_always_means_the_same_body(
    ada: Person, alice: Person, bob: Person, seen: dict[str, bytes]
) -> None:
    for one in LIFE:
        for name, number in one.items():
            ACTS[name](ada, alice, bob, number)
        for reader in (ada, alice, bob):
            for path in SHOWN:
                answer = reader.get(path)
                if tag := answer.headers.get("ETag"):
                    assert seen.setdefault(tag, answer.content) == answer.content, path
