"""People who use the API, each with a token; in process or over a real connection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

PASSWORD = "correct horse battery"
BASE = "/api/v1"
#: What is not below the base path.
AS_THEY_ARE = ("/api", "/auth", "/health", "/metrics", "/ready")


@dataclass
class Person:
    """Somebody with an account (or, without a token, nobody)."""

    name: str
    http: httpx.Client
    id: int = 0
    token: str = ""
    refresh_token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; a path without /api is below the base path."""
        headers = dict(self.headers)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        headers |= options.pop("headers", None) or {}
        url = path if path.startswith(AS_THEY_ARE) else BASE + path
        return self.http.request(method, url, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.request("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def at(self, http: httpx.Client) -> Person:
        """Return the same person, calling another server."""
        return Person(self.name, http, self.id, self.token, self.refresh_token)

    # -- factories ----------------------------------------------------------------------------

    def makes_token(self, *scopes: str, **more: Any) -> dict[str, Any]:
        """Make a personal token with some scopes; returns it with its text."""
        body = {"name": "Script", "scopes": scopes, "password": PASSWORD}
        return ok(self.post("/auth/tokens", body | more))

    def comes_with(self, token: str) -> Person:
        """Return the same person, who sends another token."""
        return Person(self.name, self.http, self.id, token)

    def makes_project(self, name: str = "Apollo", **members: str) -> int:
        """Make a project and add people: `makes_project(bob="collaborator")`; returns its id."""
        project_id = ok(self.post("/projects", {"name": name}))["id"]
        for member, role in members.items():
            self.invites(project_id, f"{member}@example.com", role)
        return project_id

    def invites(self, project_id: int, email: str, role: str = "collaborator") -> dict[str, Any]:
        return ok(self.post(f"/projects/{project_id}/members", {"email": email, "role": role}))

    def makes_workspace(self, project_id: int, name: str = "Desk", **settings: Any) -> int:
        body = {"name": name, "settings": settings}
        return ok(self.post(f"/projects/{project_id}/workspaces", body))["id"]

    def makes_text(self, project_id: int, content: str = "", path: str = "main.py") -> int:
        """Make a text in a workspace of its own and return its id."""
        made: int = self.makes_file(self.makes_workspace(project_id), path, content)["id"]
        return made

    def submits(self, kind: str = "test_echo", value: Any = None, **more: Any) -> dict[str, Any]:
        """Submit a job of one of the tests' types and return it."""
        return ok(self.post("/jobs", {"type": kind, "payload": {"value": value}} | more))

    def uploads(self, content: bytes = b"a,b\n1,2\n", **query: Any) -> dict[str, Any]:
        """Upload a file and return what it is."""
        return ok(self.request("POST", "/uploads", content=content, params=query))

    def makes_file(self, workspace: int, path: str = "a.txt", content: str = "") -> dict[str, Any]:
        """Make a text in a workspace and return what it is."""
        body = {"path": path, "content": content}
        return ok(self.post(f"/workspaces/{workspace}/files", body))

    def sends_file(self, workspace: int, path: str, content: bytes) -> dict[str, Any]:
        """Send a file to a workspace and return what it is."""
        query = {"path": path}
        place = f"/workspaces/{workspace}/files"
        return ok(self.request("POST", place, content=content, params=query))

    def reads(self, file: int) -> str:
        """Return what is in a text."""
        answer = self.get(f"/files/{file}/content")
        assert answer.status_code == 200, answer.text
        return answer.content.decode()

    def writes(self, title: str = "Hello", body: str = "World", **more: Any) -> dict[str, Any]:
        """Write a post and return it."""
        return ok(self.post("/posts", {"title": title, "body": body} | more))

    def collects(self, *posts: int, name: str = "Worth reading") -> int:
        """Make a collection of posts and return its id."""
        made: int = ok(self.post("/collections", {"name": name}))["id"]
        for post in posts:
            ok(self.put(f"/collections/{made}/posts/{post}"))
        return made

    def makes_task(self, title: str = "Launch", **fields: Any) -> dict[str, Any]:
        """Make a task, personal or with a `project_id`, and return it."""
        return ok(self.post("/tasks", {"title": title} | fields))

    def comments(self, task_id: int, body: str = "Is it ready?") -> dict[str, Any]:
        """Say something about a task and return the comment."""
        return ok(self.post(f"/tasks/{task_id}/comments", {"body": body}))

    def tells(self, project_id: int, **payload: Any) -> int:
        """Publish a recorded event in a project and return its id."""
        body = {"type": "file_changed", "project_id": project_id, "payload": payload}
        return int(ok(self.post("/events", body))["id"])

    def finds(self, q: str, **query: Any) -> list[dict[str, Any]]:
        """Return the first page of what a search finds."""
        return ok(self.get("/search", params={"q": q, "limit": 100} | query))["items"]

    def logs_in(self) -> Person:
        """Return the same person with a new session."""
        body = ok(self.post("/auth/login", {"email": self.email, "password": PASSWORD}))
        return Person(self.name, self.http, self.id, body["access_token"], body["refresh_token"])


def ok(response: httpx.Response) -> Any:
    """Return the body of an answer that must be a success."""
    assert response.status_code < 300, (response.status_code, response.text)
    return response.json() if response.content else None


def register(http: httpx.Client, name: str) -> Person:
    """Register somebody."""
    person = Person(name, http)
    account = {"email": person.email, "password": PASSWORD, "name": name.title()}
    body = ok(person.post("/auth/register", account))
    person.id = body["user"]["id"]
    person.token, person.refresh_token = body["access_token"], body["refresh_token"]
    return person


def paged(who: Person, address: str) -> list[int]:
    """Return the ids of all pages of a list, from one `Link` to the next."""
    found: list[int] = []
    while address:
        page = who.get(address)
        found += [one["id"] for one in ok(page)["items"]]
        address = page.links.get("next", {}).get("url", "")
    return found
