"""The changes that requests make; what one needs is made before it is measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from ..support.people import PASSWORD
from .worlds import World

#: Makes what a change needs, and returns what sends the change.
Change = Callable[[World], Callable[[], httpx.Response]]


def _at(method: str, path: str, body: Any = None, who: str = "alice", **options: Any) -> Change:
    """Send a body to an address."""

    def prepare(world: World) -> Callable[[], httpx.Response]:
        address = path.format(**world.ids)
        filled = _filled(body, world.ids)
        return lambda: world.who(who).request(method, address, json=filled, **options)

    return prepare


def _filled(body: Any, ids: dict[str, int]) -> Any:
    if isinstance(body, dict):
        return {key: _filled(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, ids) for value in body]
    if isinstance(body, str) and body.startswith("{") and body.endswith("}"):
        return ids[body[1:-1]]
    return body


def _on_new(make: Callable[[World], int], method: str, path: str, body: Any = None) -> Change:
    """Send a body to the address of something made for it."""

    def prepare(world: World) -> Callable[[], httpx.Response]:
        address = path.format(make(world), **world.ids)
        return lambda: world.who("alice").request(method, address, json=body)

    return prepare


def _task(world: World) -> int:
    return int(world.who("alice").makes_task("New", project_id=world.ids["project"])["id"])


def _post(world: World) -> int:
    return int(world.who("alice").writes()["id"])


def _desk(world: World) -> int:
    return world.who("alice").makes_workspace(world.ids["project"], "Empty")


def _file(world: World) -> int:
    name = f"new-{world.number()}.txt"
    return int(world.who("alice").makes_file(world.ids["workspace"], name, "x")["id"])


def _job(world: World) -> int:
    return int(world.who("alice").submits(project_id=world.ids["project"])["id"])


def _project(world: World) -> int:
    return world.who("alice").makes_project("Empty")


def _login(world: World) -> Callable[[], httpx.Response]:
    account = {"email": "alice@example.com", "password": PASSWORD}
    return lambda: world.who("alice").post("/auth/login", account)


def _refresh(world: World) -> Callable[[], httpx.Response]:
    token = world.who("alice").logs_in().refresh_token
    return lambda: world.who("alice").post("/auth/refresh", {"refresh_token": token})


def _logout(world: World) -> Callable[[], httpx.Response]:
    person = world.who("alice").logs_in()
    return lambda: person.post("/auth/logout")


def _upload(world: World) -> Callable[[], httpx.Response]:
    query = {"project_id": world.ids["project"]}
    content = f"{world.number()}".encode()
    return lambda: world.who("alice").request("POST", "/uploads", content=content, params=query)


def _leave(world: World) -> Callable[[], httpx.Response]:
    project = world.ids["project"]
    world.who("alice").invites(project, "charlie@example.com", "viewer")
    charlie = world.who("charlie")
    return lambda: charlie.delete(f"/projects/{project}/members/{charlie.id}")


TASK = {"title": "New @bob @carol", "project_id": "{project}", "assignee_id": "{user}"}
MENTION = {"title": "Hello", "body": "World @bob @nobody @person1500"}

CHANGES: dict[str, Change] = {
    "POST tasks": _at("POST", "/tasks", TASK),
    "POST tasks, personal": _at("POST", "/tasks", {"title": "New"}),
    "PATCH a task to another column": _on_new(_task, "PATCH", "/tasks/{}", {"status": "doing"}),
    "PATCH a task's title": _on_new(_task, "PATCH", "/tasks/{}", {"title": "@bob"}),
    "move a task to an end": _on_new(_task, "POST", "/tasks/{}/move", {"status": "done"}),
    "move a task before another": _on_new(_task, "POST", "/tasks/{}/move", {"before": 1100}),
    "move a task behind another": _on_new(_task, "POST", "/tasks/{}/move", {"after": 1101}),
    "bulk": _at("POST", "/tasks/bulk", {"ids": [1004, 1008], "status": "done"}),
    "DELETE a task": _on_new(_task, "DELETE", "/tasks/{}"),
    "POST a comment": _at("POST", "/tasks/{task}/comments", {"body": "@bob @person1500"}),
    "POST projects": _at("POST", "/projects", {"name": "New"}),
    "PATCH a project": _at("PATCH", "/projects/{project}", {"name": "Newer"}),
    "DELETE an empty project": _on_new(_project, "DELETE", "/projects/{}"),
    "invite a stranger": _at("POST", "/projects/{project}/members", {"email": "x@example.com"}),
    "change a role": _at("PATCH", "/projects/{project}/members/{user}", {"role": "owner"}),
    "leave a project": _leave,
    "POST a post": _at("POST", "/posts", MENTION),
    "PATCH a post": _on_new(_post, "PATCH", "/posts/{}", MENTION),
    "DELETE a post": _on_new(_post, "DELETE", "/posts/{}"),
    "POST a collection": _at("POST", "/collections", {"name": "New"}),
    "put a post into a collection": _on_new(_post, "PUT", "/collections/{collection}/posts/{}"),
    "POST uploads": _upload,
    "POST jobs": _at(
        "POST", "/jobs", {"type": "test_echo", "payload": {"value": 1}, "project_id": "{project}"}
    ),
    "cancel a job": _on_new(_job, "POST", "/jobs/{}/cancel"),
    "POST a workspace": _at("POST", "/projects/{project}/workspaces", {"name": "New"}),
    "DELETE an empty workspace": _on_new(_desk, "DELETE", "/workspaces/{}"),
    "PATCH a file's path": _on_new(_file, "PATCH", "/files/{}", {"path": "moved.txt"}),
    "DELETE a file": _on_new(_file, "DELETE", "/files/{}"),
    "POST a file": _at("POST", "/workspaces/{workspace}/files", {"path": "n.txt", "content": "x"}),
    "PATCH a text": _at(
        "PATCH", "/files/{file}/content", {"base_version": 1, "edits": [{"insert": "x"}]}
    ),
    "read notifications by id": _at("POST", "/notifications/read", {"ids": [1, 2, 3]}),
    "PATCH a notification": _at("PATCH", "/notifications/5", {"read": True}),
    "DELETE a notification": _at("DELETE", "/notifications/6"),
    "publish an event": _at("POST", "/events", {"type": "file_changed", "project_id": "{project}"}),
    "log in": _login,
    "refresh": _refresh,
    "log out": _logout,
    "issue a ticket": _at("POST", "/auth/ticket"),
    "POST with a key": _at(
        "POST", "/projects", {"name": "Keyed"}, headers={"Idempotency-Key": "growth"}
    ),
    "POST a job with a key": _at(
        "POST",
        "/jobs",
        {"type": "test_echo", "payload": {"value": 1}},
        headers={"Idempotency-Key": "growth"},
    ),
    "register": _at(
        "POST", "/auth/register", {"email": "growth@example.com", "password": PASSWORD}
    ),
    "accept an invitation": _at("POST", "/invitations/7/accept"),
    "decline an invitation": _at("POST", "/invitations/8/decline"),
    "rename oneself": _at("PATCH", "/auth/me", {"name": "Alice the Second"}),
    "switch a flag": _at("PATCH", "/flags/search", {"percentage": 100}, who="ada"),
    "read all notifications": _at("POST", "/notifications/read", {"all": True}),
    "change the password": _at(
        "POST",
        "/auth/password",
        {"current_password": PASSWORD, "new_password": PASSWORD + "!"},
        who="bob",
    ),
    "end all sessions": _at("POST", "/auth/logout-all"),
}
