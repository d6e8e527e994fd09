"""A small client for Collab: it signs in, refreshes, pages, retries, and follows a project live.

    pip install httpx
    python examples/client.py http://127.0.0.1:5000 alice@example.com

It is an example to read and to copy from, not a package: every habit that a client needs is one
short method. Errors are `Problem`s (RFC 9457), raised with the words that the server gave.
"""

from __future__ import annotations

import getpass
import json
import random
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

#: Times that a request is sent in all, where sending it again can't do harm.
ATTEMPTS = 5
#: Seconds to wait before the second attempt; each further wait is twice as long.
FIRST_WAIT_S = 0.5
#: What a server that is busy or restarting answers.
TEMPORARY = (429, 502, 503, 504)


@dataclass
class Problem(Exception):
    """What went wrong, in the server's words: `status`, `detail`, and `errors` for each field."""

    status: int
    detail: str
    errors: list[dict[str, Any]]

    def __str__(self) -> str:
        fields = "; ".join(f"{one['pointer']}: {one['detail']}" for one in self.errors)
        return f"{self.status}: {self.detail} {fields}".rstrip()


class Collab:
    """A signed-in person. Not thread-safe: make one for each thread."""

    def __init__(self, server: str, email: str, password: str) -> None:
        """Sign in; raises Problem (401) if the password is wrong."""
        self._http = httpx.Client(base_url=f"{server}/api/v1/", timeout=30)
        self._tokens: dict[str, str] = {}
        self._sign_in("auth/login", {"email": email, "password": password})

    def close(self) -> None:
        """Close the connections; the session stays good until its refresh token expires."""
        self._http.close()

    # -- requests -----------------------------------------------------------------------------

    def get(self, path: str, **query: Any) -> Any:
        """Return what is at a path, such as `projects/1`."""
        return self._ask("GET", path, params=query)

    def create(self, path: str, **body: Any) -> Any:
        """Create something, once, however often the network makes us ask.

        All attempts carry one Idempotency-Key, so the server carries out the first that arrives
        and gives the others the same answer.
        """
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    def change(self, path: str, **body: Any) -> Any:
        """Change parts of something."""
        return self._ask("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        """Delete something."""
        self._ask("DELETE", path)

    def all(self, path: str, **query: Any) -> Iterator[Any]:
        """Yield all items of a list, page by page."""
        while True:
            page = self.get(path, **query)
            yield from page["items"]
            if not page["next_cursor"]:
                return
            query["cursor"] = page["next_cursor"]

    # -- live ---------------------------------------------------------------------------------

    def follow(self, project_id: int, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Yield a project's events as they happen, for ever; after an id, those since then first.

        It comes back by itself after whatever ends the stream, and misses nothing: the stream goes
        on after the last event that was seen.
        """
        while True:
            try:
                for seen, told in self._stream(project_id, after):
                    after = seen
                    if "specversion" in told:  # else the stream tells of itself
                        yield told
            except httpx.TransportError:
                pass
            time.sleep(FIRST_WAIT_S + random.random())

    def _stream(
        self, project_id: int, after: int | None
    ) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """Read one stream of server-sent events until it ends, each with the id to resume after."""
        self._refresh()  # a stream lives as long as the token that opened it
        headers = self._headers() | ({} if after is None else {"Last-Event-ID": str(after)})
        query = {"project_id": project_id}
        # Something comes every 15 seconds at least; silence means that the network is gone.
        with self._http.stream(
            "GET", "events/stream", params=query, headers=headers, timeout=60
        ) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if name == "id":
                    after = int(value)
                elif name == "data":
                    yield after, json.loads(value)

    # -- how ----------------------------------------------------------------------------------

    def _sign_in(self, path: str, body: dict[str, str]) -> None:
        answer = self._http.post(path, json=body)
        if answer.is_error:
            raise _problem(answer)
        self._tokens = answer.json()

    def _refresh(self) -> None:
        """Exchange the refresh token for new tokens: each is valid once."""
        self._sign_in("auth/refresh", {"refresh_token": self._tokens["refresh_token"]})

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens['access_token']}"}

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        """Send a request until it has an answer that stays, and return its JSON."""
        headers = how.pop("headers", {})
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._http.request(method, path, headers=headers | self._headers(), **how)
            except httpx.TransportError:
                if attempt == ATTEMPTS:
                    raise
                self._wait(attempt)
                continue
            if answer.status_code == 401 and attempt == 1:
                self._refresh()
            elif answer.status_code in TEMPORARY and attempt < ATTEMPTS:
                self._wait(attempt, answer.headers.get("Retry-After"))
            else:
                break
        if answer.is_error:
            raise _problem(answer)
        return answer.json() if answer.content else None

    @staticmethod
    def _wait(attempt: int, retry_after: str | None = None) -> None:
        """Wait as long as the server asks, or twice as long each time; never all at once."""
        seconds = float(retry_after) if retry_after else FIRST_WAIT_S * 2 ** (attempt - 1)
        time.sleep(seconds * (1 + random.random() / 4))


def _problem(answer: httpx.Response) -> Problem:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    return Problem(answer.status_code, body.get("detail", answer.text), body.get("errors", []))


def main(server: str, email: str) -> None:
    """Show one's projects, add a task to the first, and follow it."""
    person = Collab(server, email, getpass.getpass(f"Password of {email}: "))
    projects = list(person.all("projects")) or [person.create("projects", name="Apollo")]
    for project in projects:
        print(project["id"], project["name"])
    first = projects[0]["id"]
    task = person.create(f"projects/{first}/tasks", title="Read examples/client.py")
    print(f"Task {task['id']} is there. What happens in project {first} now (Ctrl-C ends it):")
    for event in person.follow(first, after=0):
        print(event["id"], event["type"], json.dumps(event["data"])[:100])


if __name__ == "__main__":
    main(*sys.argv[1:])
