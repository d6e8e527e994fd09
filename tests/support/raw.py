"""A socket client that breaks the rules when asked to: bytes on a plain TCP connection."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from typing import Any
from urllib.parse import urlencode, urlsplit

from .sockets import Closed
from .waiting import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

#: Close codes that stand for "the connection ended without one" (RFC 6455 §7.1.5).
ABNORMAL, NO_CODE = 1006, 1005


def xor(payload: bytes, mask: bytes) -> bytes:
    """Mask or unmask a payload (RFC 6455 §5.3)."""
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    masked: bool = True,
    rsv: int = 0,
    mask: bytes = b"",
) -> bytes:
    """Write a frame as a client does, or must not; the mask is random, unless one is given."""
    size = len(payload)
    mask = (mask or os.urandom(4)) if masked else b""
    first, bit = (fin << 7) | (rsv << 4) | opcode, masked << 7
    if size < 126:
        head = struct.pack("!BB", first, bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    return head + mask + (xor(payload, mask) if masked else payload)


class RawSocket:
    """A WebSocket on a TCP connection: it answers no ping and reads only when told to."""

    def __init__(
        self,
        url: str,
        path: str = "/ws",
        *,
        receive_buffer: int = 0,
        wait: bool = True,
        extensions: str = "",
        **query: Any,
    ) -> None:
        where = urlsplit(url)
        self.tcp = socket.socket()
        self.tcp.settimeout(PATIENCE)
        if receive_buffer:  # before connecting: it decides the window that is offered
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._data, self.status = b"", 0
        address = path + ("?" + urlencode(query) if query else "")
        try:
            self.tcp.connect((where.hostname, where.port))
            self._ask(where.netloc, address, extensions)
            if wait:
                self._read_head()
        except (OSError, EOFError):
            self.tcp.close()
            raise

    def _ask(self, host: str, address: str, extensions: str) -> None:
        self.tcp.sendall(
            f"GET {address} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Extensions: {extensions}\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n".encode()
        )

    def _read_head(self) -> None:
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        self.status = int(head.split()[1])

    def _more(self) -> None:
        got = self.tcp.recv(65536)
        if not got:
            raise EOFError("the server ended the connection")
        self._data += got

    def _take(self, size: int) -> bytes:
        while len(self._data) < size:
            self._more()
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def send_frame(self, opcode: int, payload: bytes = b"", **how: Any) -> None:
        self.tcp.sendall(client_frame(opcode, payload, **how))

    def send(self, kind: str, **members: Any) -> None:
        self.send_frame(TEXT, json.dumps({"type": kind} | members).encode())

    def read_frame(self) -> tuple[int, bytes]:
        """Return the next frame's opcode and payload; raises EOFError at the end."""
        first, second = self._take(2)
        assert first & 0x80, "the server does not fragment"
        assert not second & 0x80, "a server does not mask"
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        return first & 0x0F, self._take(size)

    def receive(self) -> Any:
        """Return the next message, passing over pings; raises Closed."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == CLOSE:
                raise Closed(int.from_bytes(payload[:2]), payload[2:].decode())

    def until_closed(self) -> tuple[list[Any], int, str]:
        """Read on to the end: the messages, and the code and reason of the close."""
        messages: list[Any] = []
        try:
            while True:
                opcode, payload = self.read_frame()
                if opcode == CLOSE:
                    code = struct.unpack("!H", payload[:2])[0] if payload else NO_CODE
                    return messages, code, payload[2:].decode()
                if opcode == TEXT:
                    messages.append(json.loads(payload))
        except (EOFError, ConnectionError) as gone:
            return messages, ABNORMAL, repr(gone)

    def rest(self) -> bytes:
        """Return all bytes up to the end of the connection."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionError):
            return self._data

    def vanish(self) -> None:
        """End like a killed process: no close frame, the connection is reset."""
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.tcp.close()

    def close(self) -> None:
        self.tcp.close()

    def __enter__(self) -> RawSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
