"""The systems that `bench.fanout` compares: how each is started, joined and spoken to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import _server
from bench._http import register
from bench._swarm import Opened, Swarm
from bench._wsclient import TEXT, connect, encode, frames

MESSAGE_BYTES = 200
MARKER = b'"seq":'


@dataclass(frozen=True)
class Variant:
    """One way to publish: a text of 200 bytes around the number, and back."""

    name: str
    before: str
    after: str
    number_of: Callable[[bytes], int]

    def message(self, number: int) -> bytes:
        """Return the message with this number, 200 bytes with its padding."""
        inner = f'{{"seq":"{number:08d}","pad":"'
        room = MESSAGE_BYTES - len(self.before) - len(inner) - 2 - len(self.after)
        return f'{self.before}{inner}{"x" * room}"}}{self.after}'.encode()


@dataclass(frozen=True)
class System:
    """A server with the variants it is measured in."""

    name: str
    variants: tuple[Variant, ...]
    server: Callable[[str, int, Path], _server.Server]
    join: Callable[[_server.Server, int, int], Swarm]


def _until(opened: Opened, wanted: bytes) -> Opened:
    """Read texts until one contains `wanted`; what follows it stays in the buffer."""
    sock, buffer = opened
    while True:
        seen = [text for opcode, text in frames(buffer) if opcode == TEXT]
        if any(wanted in text for text in seen):
            return opened
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError(f"closed before {wanted!r}")
        buffer += chunk


def subscribed(port: int, path: str) -> Opened:
    """Open one of our sockets, which its path has follow a project."""
    return _until(connect(port, path), b'"subscribed"')


def _join_ours(server: _server.Server, port: int, clients: int) -> Swarm:
    _server.wait_health(server, port)
    api = register(port)
    project = api.want(201, "POST", "/api/v1/projects", {"name": "fan-out"})["id"]
    path = f"/ws?token={api.token}&project_id={project}"
    return Swarm([subscribed(port, path) for _ in range(clients)], MARKER)


def _join_ours_socketio(server: _server.Server, port: int, clients: int) -> Swarm:
    _server.wait_health(server, port)
    api = register(port)
    project = api.want(201, "POST", "/api/v1/projects", {"name": "fan-out"})["id"]
    query = f"EIO=4&transport=websocket&token={api.token}&project_id={project}"
    opened = [_open_socketio(port, query, b'"subscribed"') for _ in range(clients)]
    return Swarm(opened, MARKER, keepalive=b"3")


def _join_ws(server: _server.Server, port: int, clients: int) -> Swarm:
    _server.wait_port(server, port)
    return Swarm([connect(port, "/") for _ in range(clients)], MARKER)


def _open_socketio(
    port: int, query: str = "EIO=4&transport=websocket", wanted: bytes = b'"sid"'
) -> Opened:
    opened = _until(connect(port, f"/socket.io/?{query}"), b'"sid"')
    opened[0].sendall(encode(b"40"))
    return _until(opened, wanted)


def _join_socketio(server: _server.Server, port: int, clients: int) -> Swarm:
    _server.wait_port(server, port)
    return Swarm([_open_socketio(port) for _ in range(clients)], MARKER, keepalive=b"3")


def _plain(text: bytes) -> int:
    return int(json.loads(text)["seq"])


def _socketio(text: bytes) -> int:
    return int(json.loads(text[2:])[1]["seq"])


def _envelope(text: bytes) -> int:
    return int(json.loads(text)["data"]["seq"])


def _ours_variant(name: str, event: str) -> Variant:
    return Variant(name, f'{{"type":"{event}","payload":', "}", _envelope)


def _event_of(text: bytes) -> int:
    return int(json.loads(text[2:])[1]["data"]["seq"])


def _socketio_variant(name: str, event: str) -> Variant:
    return Variant(name, f'42["{event}",{{"payload":', "}]", _event_of)


OURS = System(
    "ours",
    (_ours_variant("ours, signal", "cursor_moved"), _ours_variant("ours, durable", "file_changed")),
    _server.ours,
    _join_ours,
)
WS = System(
    "ws",
    (Variant("ws", "", "", _plain),),
    lambda _, port, folder: _server.node("ws_server.js", port, folder),
    _join_ws,
)
SOCKETIO = System(
    "socket.io",
    (Variant("socket.io", '42["message",', "]", _socketio),),
    lambda _, port, folder: _server.node("socketio_server.js", port, folder),
    _join_socketio,
)
OURS_SOCKETIO = System(
    "ours, Socket.IO",
    (
        _socketio_variant("ours, Socket.IO, signal", "typing"),
        _socketio_variant("ours, Socket.IO, durable", "activity"),
    ),
    _server.ours,
    _join_ours_socketio,
)
SYSTEMS = (OURS, OURS_SOCKETIO, WS, SOCKETIO)
