"""Ways to send a file."""

from __future__ import annotations

from typing import Any

import httpx

from ..support.people import Person


def send(person: Person, content: Any, kind: str | None = None, **query: Any) -> httpx.Response:
    """Send a file as the body."""
    headers = {"Content-Type": kind} if kind else {}
    return person.request("POST", "/uploads", content=content, headers=headers, params=query)


def fill_in(person: Person, *file: Any, **query: Any) -> httpx.Response:
    """Send a file in a form: its name, content and type."""
    return person.request("POST", "/uploads", files={"file": file}, params=query)


def form(head: bytes, content: bytes = b"x") -> dict[str, Any]:
    """Write a form by hand, with the headers of its one part."""
    body = b"--b\r\n" + head + b"\r\n\r\n" + content + b"\r\n--b--\r\n"
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
