"""As much of RFC 6455 as a load generator needs, over a plain socket."""

from __future__ import annotations

import base64
import os
import socket
import time
from collections.abc import Iterator
from struct import pack

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
Frame = tuple[int, bytes]


class Refused(RuntimeError):
    """The server answered the handshake with a status that will not change by waiting."""


def encode(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a client's frame. Its mask is zero: legal, and it saves the XOR."""
    size = len(payload)
    if size < 126:
        head = pack(">BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = pack(">BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = pack(">BBQ", 0x80 | opcode, 0xFF, size)
    return head + b"\0\0\0\0" + payload


def frame_end(data: bytes | bytearray | memoryview, at: int) -> tuple[int, int]:
    """Return where the payload of the frame at `at` starts and ends.

    (0, 0) when the head is not complete. A server's frames carry no mask.
    """
    if len(data) < at + 2:
        return 0, 0
    size, start = data[at + 1], at + 2
    if size > 125:
        width = 2 if size == 126 else 8
        if len(data) < start + width:
            return 0, 0
        size = int.from_bytes(data[start : start + width], "big")
        start += width
    return start, start + size


def frames(data: bytearray) -> Iterator[Frame]:
    """Yield the complete frames at the front of `data` and remove them."""
    at = 0
    try:
        while True:
            start, end = frame_end(data, at)
            if not end or end > len(data):
                return
            frame = data[at] & 15, bytes(data[start:end])
            at = end
            yield frame
    finally:
        del data[:at]


def connect(
    port: int, path: str, timeout: float = 10.0, source: str = ""
) -> tuple[socket.socket, bytearray]:
    """Open a WebSocket, from an address if given; return it with what followed the handshake.

    Raises Refused, or ConnectionError for a status of 500 and more.
    """
    sock = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(request(port, path))
        head, rest = _answer(sock)
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            kind = ConnectionError if status >= 500 else Refused
            raise kind((head + rest).decode(errors="replace"))
    except BaseException:
        sock.close()
        raise
    return sock, bytearray(rest)


def request(port: int, path: str) -> bytes:
    """Return the handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def _answer(sock: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError(f"closed during the handshake: {data!r}")
        data += chunk
    head, rest = data.split(b"\r\n\r\n", 1)
    return head, rest


class Client:
    """A blocking WebSocket client that answers pings."""

    def __init__(self, port: int, path: str, timeout: float = 10.0, source: str = "") -> None:
        self.sock, self.buffer = connect(port, path, timeout, source)
        self.timeout = timeout
        self.waiting: list[Frame] = []

    def send(self, payload: bytes, opcode: int = TEXT) -> None:
        """Send one message."""
        self.sock.sendall(encode(payload, opcode))

    def receive(self, timeout: float | None = None) -> bytes:
        """Return the next text, or binary message.

        Raises TimeoutError after `timeout` seconds, and ConnectionError with the close code
        and reason when the server has closed.
        """
        until = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            while self.waiting:
                opcode, payload = self.waiting.pop(0)
                if opcode in (TEXT, BINARY):
                    return payload
                self._control(opcode, payload)
            self._fill(until)

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send(payload, PONG)
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big")
            raise ConnectionError(f"closed {code} {payload[2:].decode(errors='replace')}")

    def _fill(self, until: float) -> None:
        self.sock.settimeout(max(0.001, until - time.monotonic()))
        chunk = self.sock.recv(65536)
        if not chunk:
            raise ConnectionError("closed without a close frame")
        self.buffer += chunk
        self.waiting.extend(frames(self.buffer))

    def drop(self) -> None:
        """Close without a word, as a lost network does."""
        self.sock.close()
