"""A reader of server-sent events for tests."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from .servers import NO_TLS, TIMEOUT


@dataclass
class Sent:
    """One event of a stream, as the standard's fields."""

    name: str
    id: str | None
    data: Any


class Stream:
    """An open stream; iterate over it, or ask for the next event of a kind."""

    def __init__(
        self,
        url: str,
        bearer: str,
        last_event_id: int | str | None = None,
        receive_buffer: int = 0,
        **query: Any,
    ) -> None:
        headers: dict[str, Any] = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id).encode()
        small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)] if receive_buffer else None
        transport = httpx.HTTPTransport(verify=NO_TLS, socket_options=small)
        self._client = httpx.Client(timeout=TIMEOUT, transport=transport)
        request = self._client.build_request(
            "GET", f"{url}/api/v1/events/stream", params=query, headers=headers
        )
        try:
            self.response = self._client.send(request, stream=True)
        except httpx.TransportError:
            self._client.close()
            raise
        self.seen: list[Sent] = []
        self._events = self._read()

    def _read(self) -> Iterator[Sent]:
        fields: dict[str, str] = {}
        for line in self.response.iter_lines():
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            if "data" in fields:
                sent = Sent(
                    fields.get("event", "message"), fields.get("id"), json.loads(fields["data"])
                )
                self.seen.append(sent)
                yield sent
            fields = {}

    def __iter__(self) -> Iterator[Sent]:
        return self._events

    def until(self, kind: str) -> Sent:
        """Read on until an event of a type, or a control event of a name, comes."""
        for sent in self._events:
            if sent.name == kind or (sent.name == "message" and sent.data["type"] == kind):
                return sent
        raise EOFError(f"the stream ended before {kind}")

    def rest(self) -> list[Sent]:
        """Read on to the end."""
        return list(self._events)

    def events(self) -> list[Any]:
        """Return the recorded events seen so far."""
        return [sent.data for sent in self.seen if sent.id and sent.name == "message"]

    def close(self) -> None:
        self.response.close()
        self._client.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
