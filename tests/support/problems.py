"""What tests know of error answers (RFC 9457)."""

from __future__ import annotations

from typing import Any

import httpx

from collab.core.problems import PROBLEM_TYPES

#: What some problems say beside.
EXTENSIONS = {"errors", "quota", "used", "limit", "code", "message"}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the body of an answer that must be a problem with this status, and whole."""
    assert response.status_code == status, (response.status_code, response.text)
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() - EXTENSIONS == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "request_id",
    }
    kind = PROBLEM_TYPES[body["type"].removeprefix("/problems/")]
    assert (body["status"], body["title"]) == (status, kind.title)
    assert kind.status == status
    assert body["detail"]
    assert status != 422 or body["errors"], "a 422 says where, too"
    assert body["request_id"] == response.headers["X-Request-ID"]
    return body


def pointers(response: httpx.Response) -> list[str]:
    """Return what a 422 points at."""
    return [one["pointer"] for one in problem(response, 422)["errors"]]
