"""The fixed list of requests, and the world in which they are asked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.quiet import NOTHING_BESIDE

#: More than a page of each.
PROJECTS = TASKS = 30
PROJECTS_PATH, TASKS_PATH = "/api/v1/projects", "/api/v1/tasks"

#: The application without what works beside requests, which would be counted by chance.
SETTINGS = {
    "LOG_LEVEL": "error",
    "RATE_LIMIT": "100000 per minute",
    "LIST_CACHE_MB": "0",  # or each list but the first is found where it is kept
    "AUTH_RATE_LIMIT": "off",
    "REGISTER_RATE_LIMIT": "off",
    "ACCESS_TOKEN_MINUTES": "600",
    "PUBLISH_RATE_KB": "1000000",
    **NOTHING_BESIDE,
}


@dataclass(frozen=True)
class Asked:
    """A request; `tagged` sends the tag that the first answer had."""

    path: str
    body: dict[str, Any] | None = None
    tagged: bool = False

    @property
    def method(self) -> str:
        """GET, or POST where there is a body."""
        return "POST" if self.body is not None else "GET"

    @property
    def data(self) -> bytes | None:
        """The body's bytes."""
        return None if self.body is None else json.dumps(self.body).encode()


def project(number: int) -> dict[str, Any]:
    """Return what makes a project."""
    return {"name": f"Project {number}", "description": "On what it is about."}


def task(number: int) -> dict[str, Any]:
    """Return what makes a task of the first project."""
    title = f"Task {number}"
    return {"title": title, "description": "About it.", "tags": ["red"], "project_id": 1}


#: What makes the world, in this order, by who registered; the first project has the id 1.
MADE = [
    *(Asked(PROJECTS_PATH, project(number)) for number in range(PROJECTS)),
    *(Asked(TASKS_PATH, task(number)) for number in range(TASKS)),
]
EVENT = {"type": "file_changed", "project_id": 1, "payload": {"path": "a.txt"}}
ASKED = {
    "list of 20 projects": Asked(f"{PROJECTS_PATH}?limit=20"),
    "list of 20 tasks": Asked(f"{TASKS_PATH}?project_id=1&limit=20"),
    "one project": Asked(f"{PROJECTS_PATH}/1"),
    "one project, 304": Asked(f"{PROJECTS_PATH}/1", tagged=True),
    "a search": Asked("/api/v1/search?q=task&limit=10"),
    "the log of a project": Asked("/api/v1/events?project_id=1&limit=20"),
    "create a project": Asked(PROJECTS_PATH, project(0)),
    "create a task": Asked(TASKS_PATH, task(0)),
    "publish an event": Asked("/api/v1/events", EVENT),
}
