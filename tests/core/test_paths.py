"""Short names of addresses, and slashes at their end."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from collab.core.http.routing.short_paths import canonical

from ..support.people import PASSWORD, Person, ok

SHORT = {
    "/api/projects": "/api/v1/projects",
    "/api/projects/7": "/api/v1/projects/7",
    "/api/auth/me": "/api/v1/auth/me",
    "/auth/me": "/api/v1/auth/me",
    "/api/login": "/api/v1/auth/login",
    "/api/register": "/api/v1/auth/register",
    "/api/ws": "/api/v1/ws",
    "/ws": "/api/v1/ws",
    "/ws/notifications": "/api/v1/ws/notifications",
    "/api-docs": "/api/docs/",
    "/api/docs": "/api/docs/",
}


@pytest.mark.parametrize("short", SHORT)
def test_a_short_name_is_the_current_version(short: str) -> None:
    assert canonical(short) == SHORT[short]


@pytest.mark.parametrize("short", SHORT)
def test_a_slash_at_the_end_makes_no_difference(short: str) -> None:
    assert canonical(short + "/") == SHORT[short]


SAME = ["/", "/health", "/api/v1/projects", "/api/openapi.json", "/api/asyncapi.json", "/api/v1"]


@pytest.mark.parametrize("path", [*SAME, "/api", "/api/docs/swagger-ui.css", "/authority", "/wss"])
def test_a_whole_path_stays(path: str) -> None:
    assert canonical(path) == path


@pytest.mark.parametrize("path", ["/", "", "//"])
def test_a_socket_at_the_root_is_the_socket(path: str) -> None:
    assert canonical(path, websocket=True) == "/api/v1/ws"


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/projects/", "/api/projects/"])
def test_a_list_is_read_under_each_of_its_names(alice: Person, project: int, path: str) -> None:
    assert [one["id"] for one in ok(alice.get(path))["items"]] == [project]


@pytest.mark.parametrize("path", ["/api/v1/projects/", "/api/projects", "/api/projects/"])
def test_a_project_is_made_under_each_of_its_names(alice: Person, path: str) -> None:
    assert alice.post(path, {"name": "x"}).status_code == 201


@pytest.mark.parametrize("path", ["/api/login", "/api/login/", "/auth/login/", "/api/auth/login"])
def test_one_logs_in_under_each_of_its_names(http: httpx.Client, path: str) -> None:
    body: dict[str, Any] = {"email": "alice@example.com", "password": PASSWORD}
    assert http.post(path, json=body).status_code == 200


@pytest.mark.parametrize("name", ["project_id", "projectId"])
def test_a_member_has_another_name_in_queries_too(alice: Person, name: str) -> None:
    one, other = alice.makes_project(), alice.makes_project()
    desk = alice.makes_workspace(one)
    alice.makes_workspace(other)
    items = ok(alice.get(f"/workspaces?{name}={one}"))["items"]
    assert [item["id"] for item in items] == [desk]


@pytest.mark.parametrize("name", ["project_id", "projectId"])
def test_a_member_has_another_name_in_bodies(alice: Person, project: int, name: str) -> None:
    assert alice.post("/workspaces", {"name": "x", name: project}).status_code == 201
