"""A socket client for tests: real frames over a real connection."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import websocket

from .waiting import PATIENCE

#: Seconds that a server has to answer a goodbye: the test is over, so it need not.
CLOSE_S = 1

Frame = dict[str, Any]


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def opened(url: str, **options: Any) -> websocket.WebSocket:
    """Open a socket at `http://...`; whatever goes wrong, no connection is left behind."""
    where = urlsplit(url)
    tcp = socket.create_connection((where.hostname, where.port), timeout=PATIENCE)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        address = url.replace("http", "ws", 1)
        # The library would look at each byte of a text, in Python, before it is decoded.
        options |= {"timeout": PATIENCE, "skip_utf8_validation": True}
        return websocket.create_connection(address, socket=tcp, **options)
    except BaseException:
        tcp.close()
        raise


def close(ws: websocket.WebSocket) -> None:
    """Say goodbye if the server still listens, and let go of the connection."""
    try:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            ws.close(timeout=CLOSE_S)
    finally:
        ws.shutdown()  # close() leaves a socket open that the server has closed


def closed_after(read: Callable[[], object]) -> Closed:
    """Read on until the server closes, and return how."""
    try:
        while True:
            read()
    except Closed as closed:
        return closed
    except (ConnectionError, websocket.WebSocketConnectionClosedException) as gone:
        return Closed(1006, str(gone))


class Socket:
    """A connected socket; what it gets is kept in `seen`."""

    def __init__(self, url: str, path: str = "/ws", headers: Any = None, **query: Any) -> None:
        address = url + path + ("?" + urlencode(query, doseq=True) if query else "")
        self.ws = opened(address, header=headers)
        self.seen: list[Frame] = []

    def send(self, kind: str, **members: Any) -> None:
        self.ws.send(json.dumps({"type": kind} | members))

    def receive(self) -> Frame:
        """Return the next frame; raises Closed."""
        opcode, data = self.ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
            raise Closed(code, data[2:].decode())
        frame = json.loads(data.decode())  # strictly: json itself lets half a character through
        self.seen.append(frame)
        return frame

    def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read on until a frame is as wanted, and return it."""
        while True:
            frame = self.receive()
            if wanted(frame):
                return frame

    def expect(self, kind: str, **members: Any) -> Frame:
        """Read on until a frame of a type (with these members) comes."""
        return self.until(
            lambda frame: (
                frame["type"] == kind
                and all(frame.get(name) == value for name, value in members.items())
            )
        )

    def ask(self, kind: str, **members: Any) -> Frame:
        """Send something and return its answer, found by its ref."""
        ref = f"ref-{len(self.seen)}-{kind}"
        self.send(kind, ref=ref, **members)
        return self.until(lambda frame: frame.get("ref") == ref)

    def events(self) -> list[Frame]:
        """Return the recorded events seen so far."""
        return [one for one in self.seen if "specversion" in one and not one.get("signal")]

    def flush(self) -> None:
        """Read all that the server has sent: a ping is answered after it."""
        self.ask("ping")

    def wait_closed(self) -> Closed:
        """Read on until the server closes, and return how."""
        return closed_after(self.receive)

    def close(self) -> None:
        close(self.ws)

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
