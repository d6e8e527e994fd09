"""A JSON client for setting a benchmark up; what is timed does not go through here."""

from __future__ import annotations

import json
from email.message import Message
from http.client import HTTPConnection
from typing import Any


class Api:
    """One keep-alive connection to a server on this machine."""

    def __init__(self, port: int, token: str = "", timeout: float = 10.0, source: str = "") -> None:
        self.connection = HTTPConnection(
            "127.0.0.1", port, timeout=timeout, source_address=(source, 0)
        )
        self.port, self.token = port, token
        #: Headers of the last answer.
        self.headers: Message = Message()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and decoded body; header names are given with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        data = None if body is None else json.dumps(body, separators=(",", ":"))
        self.connection.request(method, path, data, sent)
        answer = self.connection.getresponse()
        raw, self.headers = answer.read(), answer.msg
        return answer.status, json.loads(raw) if raw else None

    def want(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """Return the body, or raise RuntimeError if the status is another one."""
        got, answer = self.call(method, path, body)
        if got != status:
            raise RuntimeError(f"{method} {path}: {got} instead of {status}: {answer}")
        return answer

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        self.connection.close()


PASSWORD = "correct-horse-battery-9"


def register(port: int, name: str = "bench", source: str = "") -> Api:
    """Register an account and return a client that acts for it."""
    api = Api(port, source=source)
    person = {"email": f"{name}@example.com", "password": PASSWORD, "name": name}
    api.token = api.want(201, "POST", "/api/v1/auth/register", person)["access_token"]
    return api
