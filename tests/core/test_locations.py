"""What was made says where it is: `Location` (RFC 9110 §10.2.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ..support.people import Person, ok

TASK = {"title": "Launch"}
NAMED = {"name": "Made"}
SCHEDULE = {"name": "Daily", "cron": "@daily", "type": "test_echo", "payload": {"value": 1}}
#: What was made here is a member or, where nobody has the address yet, an invitation.
UNPLACED = {
    "/api/v1/projects/{project_id}/members",
    "/api/v1/invitations/{invitation_id}/accept",
    "/api/v1/invitations/accept",
}

HEADERS = {"ETag", "Location"}

MADE = {
    "/projects": NAMED,
    "/projects/{project}/workspaces": NAMED,
    "/workspaces": NAMED | {"project_id": "{project}"},
    "/projects/{project}/tasks": TASK,
    "/tasks": TASK,
    "/tasks/{task}/comments": {"body": "Is it ready?"},
    "/posts": {"title": "Hello", "body": "World"},
    "/collections": NAMED,
    "/workspaces/{workspace}/files": {"path": "a.txt", "content": "a"},
    "/jobs": {"type": "test_echo", "payload": {"value": 1}},
    "/schedules": SCHEDULE,
    "/ingest/sources": NAMED | {"project_id": "{project}"},
    "/projects/{project}/webhooks": NAMED | {"url": "https://example.com/hook"},
    "/projects/{project}/incoming-hooks": NAMED | {"event_type": "ci.build"},
}


@pytest.fixture
def ids(alice: Person, project: int) -> dict[str, int]:
    """Return what addresses and bodies name."""
    return {
        "project": project,
        "workspace": alice.makes_workspace(project),
        "task": alice.makes_task()["id"],
    }


def filled(body: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    return {name: ids["project"] if one == "{project}" else one for name, one in body.items()}


@pytest.mark.parametrize("path", MADE)
def test_what_was_made_is_where_its_location_says(
    alice: Person, ids: dict[str, int], path: str
) -> None:
    answer = alice.post(path.format(**ids), filled(MADE[path], ids))
    assert ok(alice.get(answer.headers["Location"]))["id"] == answer.json()["id"]


def test_an_upload_is_where_its_location_says(alice: Person) -> None:
    answer = alice.post("/uploads?name=a.csv", content=b"a,b\n")
    assert ok(alice.get(answer.headers["Location"]))["id"] == answer.json()["id"]


def test_the_same_answer_again_has_the_same_location(alice: Person) -> None:
    first, again = (
        alice.post("/projects", NAMED, headers={"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert first.headers["Location"] == again.headers["Location"]


def test_whatever_is_made_and_has_a_version_is_said_to_have_a_location(http: httpx.Client) -> None:
    paths = ok(http.get("/api/openapi.json"))["paths"]
    made = {
        path: methods["post"]["responses"]["201"].get("headers", {})
        for path, methods in paths.items()
        if "201" in methods.get("post", {}).get("responses", {})
    }
    lacking = {path for path, headers in made.items() if headers.keys() & HEADERS == {"ETag"}}
    assert lacking - UNPLACED == set()
