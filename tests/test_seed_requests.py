"""Requests as clients of earlier systems write them: they work here as they are, but for the host.

Each class is one of those systems. What a client fills in (a token, an id) is filled in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from flask import Flask

from .conftest import http_for
from .execution.support import needs_bubblewrap, needs_node
from .support.made_once import made_once
from .support.openid import Fake, begin
from .support.outlets import Outlet
from .support.people import PASSWORD, Person, ok
from .support.receivers import Receiver
from .support.servers import ThreadServer
from .support.sockets import Socket
from .support.waiting import eventually

Connect = Callable[..., Socket]


Json = dict[str, Any]


@pytest.fixture
def google() -> Iterator[Fake]:
    """Return what is asked instead of Google."""
    receiver = Receiver()
    yield Fake(receiver)
    receiver.close()


def bearer(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def swagger_page(http: httpx.Client, path: str) -> str:
    """Return the page of the docs at an address, with all that it loads loaded."""
    page = http.get(path)
    assert page.status_code == 200
    linked = re.findall(r'(?:href|src)="([^"#]+)"', page.text)
    assert linked
    for address in linked:
        assert http.get(urljoin(path, address)).status_code == 200, address
    return page.text


class TestFlaskAssessment:
    """Short paths below /api, without a version."""

    def test_login_answers_with_the_role(self, http: httpx.Client, ada: Person) -> None:
        body = {"email": ada.email, "password": PASSWORD}
        assert ok(http.post("/api/login", json=body))["role"] == "admin"

    def test_a_project_is_made(self, http: httpx.Client, alice: Person) -> None:
        response = http.post("/api/projects", json={"name": "Apollo"}, headers=bearer(alice))
        assert response.status_code == 201

    def test_projects_are_listed(self, http: httpx.Client, alice: Person, project: int) -> None:
        body = ok(http.get("/api/projects", headers=bearer(alice)))
        assert [one["id"] for one in body["items"]] == [project]

    def test_a_workspace_is_made_under_a_project(
        self, http: httpx.Client, alice: Person, project: int
    ) -> None:
        body = {"name": "Desk", "project_id": project}
        response = http.post("/api/workspaces", json=body, headers=bearer(alice))
        assert response.status_code == 201

    def test_workspaces_are_listed(self, http: httpx.Client, alice: Person, project: int) -> None:
        desk = alice.makes_workspace(project)
        body = ok(http.get("/api/workspaces", headers=bearer(alice)))
        assert [one["id"] for one in body["items"]] == [desk]

    def test_a_collaboration_event_is_made(
        self, http: httpx.Client, alice: Person, project: int
    ) -> None:
        body = {"type": "user_join", "project_id": project}
        response = http.post("/api/events", json=body, headers=bearer(alice))
        assert response.status_code == 201

    def test_collaboration_events_are_listed(
        self, http: httpx.Client, alice: Person, project: int
    ) -> None:
        told = alice.tells(project, fileName="index.js")
        body = ok(http.get("/api/events", headers=bearer(alice)))
        assert body["items"][-1]["id"] == str(told)


class TestNodeWorkspace:
    """Its docs live at an address of their own."""

    def test_a_job_is_submitted(self, http: httpx.Client, alice: Person) -> None:
        body = {"type": "test_echo", "payload": {"value": 1}}
        assert ok(http.post("/api/jobs", json=body, headers=bearer(alice)))["status"] == "queued"

    def test_jobs_are_listed(self, http: httpx.Client, alice: Person) -> None:
        made = alice.submits()["id"]
        body = ok(http.get("/api/jobs", headers=bearer(alice)))
        assert [one["id"] for one in body["items"]] == [made]

    def test_the_docs_are_at_api_docs_with_a_hyphen(self, http: httpx.Client) -> None:
        assert "swagger-ui" in swagger_page(http, "/api-docs")


JOHN = {"email": "user@example.com", "password": "SecurePassword123!", "name": "John Doe"}


@made_once
def registered(http: httpx.Client) -> Json:
    """Register John as the documentation does it."""
    return ok(http.post("/api/v1/auth/register", json=JOHN))


@pytest.fixture
def john(http: httpx.Client, registered: Json) -> Person:
    """Return John."""
    told = registered
    return Person("user", http, told["user"]["id"], told["access_token"], told["refresh_token"])


@made_once
def johns(http: httpx.Client, registered: Json) -> int:
    """Make John's project as the documentation makes it."""
    body = {"name": "My Project", "description": "Project description"}
    headers = {"Authorization": f"Bearer {registered['access_token']}"}
    return ok(http.post("/api/v1/projects", json=body, headers=headers))["id"]


FILE_CHANGED: Json = {"type": "file_changed", "payload": {"fileName": "index.js", "changes": "..."}}

HELLO_WORLD: Json = {
    "type": "code_execution",
    "payload": {"code": "console.log('Hello World')", "language": "javascript"},
}


def finished(job: Json) -> Json | None:
    """Return a job if it is over."""
    return job if job["finished_at"] else None


class TestTypescriptWorkspace:
    """Version 1 in the path, refreshToken in camel case, a socket at the root."""

    def test_a_user_registers(self, http: httpx.Client) -> None:
        response = http.post("/api/v1/auth/register", json=JOHN)
        assert (response.status_code, response.json()["user"]["name"]) == (201, "John Doe")

    def test_a_user_logs_in(self, http: httpx.Client, john: Person) -> None:
        body = {"email": "user@example.com", "password": "SecurePassword123!"}
        assert ok(http.post("/api/v1/auth/login", json=body))["user"]["id"] == john.id

    def test_a_token_is_refreshed(self, http: httpx.Client, john: Person) -> None:
        body = {"refreshToken": john.refresh_token}
        fresh = ok(http.post("/api/v1/auth/refresh", json=body))
        me = ok(
            http.get(
                "/api/v1/auth/me", headers={"Authorization": f"Bearer {fresh['access_token']}"}
            )
        )
        assert me["id"] == john.id

    def test_a_project_is_created(self, http: httpx.Client, john: Person) -> None:
        body = {"name": "My Project", "description": "Project description"}
        response = http.post("/api/v1/projects", json=body, headers=bearer(john))
        assert (response.status_code, response.json() | body) == (201, response.json())

    def test_all_projects_are_listed(self, http: httpx.Client, john: Person, johns: int) -> None:
        body = ok(http.get("/api/v1/projects", headers=bearer(john)))
        assert [one["id"] for one in body["items"]] == [johns]

    def test_a_project_is_found_by_its_id(
        self, http: httpx.Client, john: Person, johns: int
    ) -> None:
        body = ok(http.get(f"/api/v1/projects/{johns}", headers=bearer(john)))
        assert body["name"] == "My Project"

    def test_a_project_is_updated(self, http: httpx.Client, john: Person, johns: int) -> None:
        new = {"name": "Updated Name", "description": "Updated description"}
        body = ok(http.put(f"/api/v1/projects/{johns}", json=new, headers=bearer(john)))
        assert body | new == body

    def test_a_member_is_invited(self, http: httpx.Client, john: Person, johns: int) -> None:
        body = {"email": "member@example.com", "role": "collaborator"}
        path = f"/api/v1/projects/{johns}/members"
        response = http.post(path, json=body, headers=bearer(john))
        assert (response.status_code, response.json() | body) == (201, response.json())

    def test_a_workspace_is_created(self, http: httpx.Client, john: Person, johns: int) -> None:
        body = {"name": "Development Workspace", "settings": {}}
        path = f"/api/v1/projects/{johns}/workspaces"
        response = http.post(path, json=body, headers=bearer(john))
        assert (response.status_code, response.json() | body) == (201, response.json())

    def test_a_socket_at_the_root_follows_the_project(
        self, connect: Connect, john: Person, johns: int
    ) -> None:
        ws = connect(john, path="", projectId=johns)
        assert ws.receive()["topic"] == f"project:{johns}"

    def test_a_file_change_sent_without_a_topic_goes_to_the_project(
        self, connect: Connect, john: Person, johns: int
    ) -> None:
        ws = connect(john, path="", projectId=johns)
        ws.ws.send(json.dumps(FILE_CHANGED))
        assert ws.expect("published")["topic"] == f"project:{johns}"

    def test_a_file_change_reaches_the_other_members(
        self, connect: Connect, john: Person, johns: int, bob: Person
    ) -> None:
        john.invites(johns, bob.email)
        reader, writer = (connect(who, path="", projectId=johns) for who in (bob, john))
        reader.expect("subscribed")
        writer.ws.send(json.dumps(FILE_CHANGED))
        assert reader.expect("file.changed")["data"] == FILE_CHANGED["payload"]

    @needs_bubblewrap
    @needs_node
    def test_a_job_runs_code(
        self, serve: Callable[..., ThreadServer], over: Callable[..., Person], john: Person
    ) -> None:
        http = over(serve(JOB_WORKERS="1"), john).http
        made = http.post("/api/v1/jobs", json=HELLO_WORLD, headers=bearer(john))
        assert made.status_code == 201
        address = f"/api/v1/jobs/{made.json()['id']}"
        job = eventually(lambda: finished(ok(http.get(address, headers=bearer(john)))))
        assert (job["status"], job["result"]["stdout"]) == ("succeeded", "Hello World\n")

    def test_health_tells_status_time_and_uptime(self, http: httpx.Client) -> None:
        body = ok(http.get("/health"))
        assert body["status"] == "ok"
        assert datetime.fromisoformat(body["timestamp"]).tzinfo
        assert body["uptime"] >= 0

    def test_the_docs_are_below_api(self, http: httpx.Client) -> None:
        assert "swagger-ui" in swagger_page(http, "/api/docs")


DOE: Json = {"email": "user@example.com", "password": "password123", "full_name": "John Doe"}


HELLO: Json = {"title": "Hello", "body": "World"}


class TestContentAndAuthServices:
    """No /api in the path, full_name, a socket for notifications."""

    def test_a_user_signs_up(self, http: httpx.Client) -> None:
        response = http.post("/auth/signup", json=DOE)
        assert (response.status_code, response.json()["user"]["name"]) == (201, "John Doe")

    def test_a_user_logs_in(self, http: httpx.Client) -> None:
        doe = ok(http.post("/auth/signup", json=DOE))["user"]
        body = {"email": "user@example.com", "password": "password123"}
        assert ok(http.post("/auth/login", json=body))["user"]["id"] == doe["id"]

    def test_a_token_shows_who_one_is(self, http: httpx.Client) -> None:
        token = ok(http.post("/auth/signup", json=DOE))["access_token"]
        me = ok(http.get("/auth/me", headers={"Authorization": f"Bearer {token}"}))
        assert me["email"] == "user@example.com"

    def test_google_signs_nobody_in_until_its_settings_are_there(self, http: httpx.Client) -> None:
        for path in ("/auth/google", "/auth/google/callback"):
            answer = http.get(path)
            assert answer.status_code == 501
            assert "OAUTH_GOOGLE_CLIENT_ID" in answer.json()["detail"]

    def test_google_is_asked_once_they_are(self, make_app: Any, google: Fake) -> None:
        told = {"CLIENT_ID": "collab", "CLIENT_SECRET": "secret", "ISSUER": google.url}
        app = make_app(**{f"OAUTH_GOOGLE_{end}": value for end, value in told.items()})
        with http_for(app) as http:
            state = begin(http, "google", google)["state"]
            back = {"state": state, "code": "good", "iss": google.url}
            body = ok(http.get("/auth/google/callback", params=back))
        assert {"user", "access_token", "refresh_token"} <= body.keys()

    def test_a_token_is_verified(self, http: httpx.Client, alice: Person) -> None:
        assert ok(http.get("/auth/verify", headers=bearer(alice)))["valid"] is True

    def test_a_post_is_created(self, http: httpx.Client, alice: Person) -> None:
        response = http.post("/api/posts/", json=HELLO, headers=bearer(alice))
        assert (response.status_code, response.json() | HELLO) == (201, response.json())

    def test_all_posts_are_listed(self, http: httpx.Client, alice: Person, bob: Person) -> None:
        written = [who.writes()["id"] for who in (alice, bob)]
        body = ok(http.get("/api/posts/"))
        assert [one["id"] for one in body["items"]] == written[::-1]

    def test_a_specific_post_is_shown(self, http: httpx.Client, alice: Person) -> None:
        post = alice.writes()
        assert ok(http.get(f"/api/posts/{post['id']}/")) == post

    def test_a_post_is_updated(self, http: httpx.Client, alice: Person) -> None:
        path = f"/api/posts/{alice.writes('Old')['id']}/"
        body = ok(http.put(path, json=HELLO, headers=bearer(alice)))
        assert body | HELLO == body == ok(http.get(path))

    def test_a_post_is_deleted(self, http: httpx.Client, alice: Person) -> None:
        path = f"/api/posts/{alice.writes()['id']}/"
        assert http.delete(path, headers=bearer(alice)).status_code == 204
        assert http.get(path).status_code == 404

    def test_a_collection_is_created(self, http: httpx.Client, alice: Person) -> None:
        response = http.post("/api/collections/", json={"name": "Mine"}, headers=bearer(alice))
        assert (response.status_code, response.json()["name"]) == (201, "Mine")

    def test_a_users_collections_are_listed(
        self, http: httpx.Client, alice: Person, bob: Person
    ) -> None:
        mine, _ = alice.collects(), bob.collects()
        body = ok(http.get("/api/collections/", headers=bearer(alice)))
        assert [(one["id"], one["owner_id"]) for one in body["items"]] == [(mine, alice.id)]

    def test_a_specific_collection_is_shown(self, http: httpx.Client, alice: Person) -> None:
        path = f"/api/collections/{alice.collects(name='Mine')}/"
        assert ok(http.get(path, headers=bearer(alice)))["name"] == "Mine"

    def test_a_collection_is_updated(self, http: httpx.Client, alice: Person) -> None:
        path = f"/api/collections/{alice.collects()}/"
        assert ok(http.put(path, json={"name": "New"}, headers=bearer(alice)))["name"] == "New"

    def test_a_collection_is_deleted(self, http: httpx.Client, alice: Person) -> None:
        path = f"/api/collections/{alice.collects()}/"
        assert http.delete(path, headers=bearer(alice)).status_code == 204
        assert http.get(path, headers=bearer(alice)).status_code == 404

    def test_a_post_is_added_to_a_collection(self, http: httpx.Client, alice: Person) -> None:
        path, body = f"/api/collections/{alice.collects()}/", {"post_id": alice.writes()["id"]}
        assert ok(http.post(f"{path}add_post/", json=body, headers=bearer(alice)))["posts"] == 1
        held = ok(http.get(f"{path}posts/", headers=bearer(alice)))["items"]
        assert [one["id"] for one in held] == [body["post_id"]]

    def test_a_post_is_removed_from_a_collection(self, http: httpx.Client, alice: Person) -> None:
        body = {"post_id": alice.writes()["id"]}
        path = f"/api/collections/{alice.collects(body['post_id'])}/remove_post/"
        assert ok(http.post(path, json=body, headers=bearer(alice)))["posts"] == 0

    def test_live_updates_arrive_on_a_socket(
        self, connect: Connect, alice: Person, bob: Person
    ) -> None:
        ws = connect(bob, path="/ws/notifications/")
        ws.expect("subscribed", topic="posts")
        post = alice.writes()["id"]
        assert ws.expect("post.created")["data"]["post_id"] == post

    def test_notifications_arrive_on_a_socket(
        self, connect: Connect, server: ThreadServer, alice: Person
    ) -> None:
        ws = connect(path="/ws/notifications/")  # without a token: it comes as first message
        ws.send("auth", token=alice.token)
        ws.expect("subscribed", topic=f"user:{alice.id}")
        alice.logs_in()
        assert ws.expect("session.started")["topic"] == f"user:{alice.id}"


PIPELINE_EVENT: Json = {
    "event_id": "uuid",
    "event_type": "user_action",
    "timestamp": "2024-01-01T00:00:00Z",
    "user_id": "user123",
    "data": {"action": "click", "page": "/home", "session_id": "session456"},
    "metadata": {"source": "web", "version": "1.0"},
}


class TestEventPipeline:
    """The third part only plans; its event is what is sent."""

    def test_an_event_is_sent_by_a_source_and_stored(
        self, app: Flask, alice: Person, project: int
    ) -> None:
        outlet = Outlet(app, alice, project)
        assert outlet.sends(PIPELINE_EVENT, "/api/ingest").status_code == 202
        (stored,) = outlet.stored()
        assert stored["data"] == PIPELINE_EVENT["data"]
        assert (stored["event_id"], stored["user_id"]) == ("uuid", "user123")
        outlet.close()


CREDENTIALS = {"email": "someone@example.com", "password": "SecurePassword123!"}


class TestTaskApi:
    """Addresses end in a slash: people have tasks, an admin has everybody's."""

    def test_a_user_registers_and_logs_in(self, http: httpx.Client) -> None:
        assert http.post("/api/v1/auth/register/", json=CREDENTIALS).status_code == 201
        tokens = ok(http.post("/api/v1/auth/login/", json=CREDENTIALS))
        assert {"access_token", "refresh_token"} <= tokens.keys()

    def test_a_user_creates_lists_updates_and_deletes_tasks(
        self, http: httpx.Client, bob: Person
    ) -> None:
        tasks, headers = "/api/v1/tasks/", bearer(bob)
        body = {"title": "Write the report", "description": "All of it"}
        made = http.post(tasks, json=body, headers=headers)
        assert (made.status_code, made.json() | body) == (201, made.json())
        address = f"{tasks}{made.json()['id']}/"
        assert ok(http.get(address, headers=headers)) == made.json()
        assert ok(http.get(tasks, headers=headers))["items"] == [made.json()]
        done = ok(http.put(address, json=body | {"status": "done"}, headers=headers))
        assert done["status"] == "done"
        assert ok(http.patch(address, json={"title": "Read it"}, headers=headers))["id"]
        assert http.delete(address, headers=headers).status_code == 204
        assert http.get(address, headers=headers).status_code == 404

    def test_a_user_manages_only_the_own_tasks(
        self, http: httpx.Client, bob: Person, charlie: Person
    ) -> None:
        address = f"/api/v1/tasks/{bob.makes_task()['id']}/"
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = {"title": "Mine"} if method in ("PUT", "PATCH") else None
            response = http.request(method, address, json=body, headers=bearer(charlie))
            assert response.status_code == 404
        assert ok(http.get("/api/v1/tasks/", headers=bearer(charlie)))["items"] == []

    def test_an_admin_views_and_manages_all_tasks(
        self, http: httpx.Client, ada: Person, bob: Person, charlie: Person
    ) -> None:
        made = [person.makes_task()["id"] for person in (bob, charlie)]
        listed = ok(http.get("/api/v1/tasks/?scope=all", headers=bearer(ada)))["items"]
        assert [one["id"] for one in listed] == made[::-1]
        for key in made:
            address = f"/api/v1/tasks/{key}/"
            body = {"status": "done"}
            assert ok(http.patch(address, json=body, headers=bearer(ada)))["status"] == "done"
            assert http.delete(address, headers=bearer(ada)).status_code == 204

    def test_tasks_need_a_token(self, http: httpx.Client) -> None:
        assert http.get("/api/v1/tasks/").status_code == 401

    def test_the_docs_are_below_api_with_a_slash(self, http: httpx.Client) -> None:
        assert "swagger-ui" in swagger_page(http, "/api/docs/")
