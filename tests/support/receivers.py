"""Servers that other servers call: they note what they get, and answer as they are told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .waiting import PATIENCE, eventually


@dataclass(frozen=True)
class Got:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Says:
    """An answer: a status, headers and a body."""

    status: int = 200
    headers: dict[str, str] | None = None
    body: bytes = b"thank you"


#: Answers a request.
Answer = Callable[[Got], Says]


class Receiver:
    """A real server on loopback; `answer` says what becomes of a request."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.answer: Answer = lambda got: Says()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                got = Got(self.command, self.path, headers, self.rfile.read(size))
                says = receiver.answer(got)
                receiver.got.append(got)
                self.send_response(says.status)
                for name, value in (says.headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            do_POST = do_GET = do_PUT = _take

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        scheme = "http"
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.port = self._server.server_port
        self.url = f"{scheme}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, *answers: Says) -> None:
        """Answer with these, one after the other, and then well."""
        left = list(answers)
        self.answer = lambda got: left.pop(0) if left else Says()

    def has(self, count: int) -> list[Got]:
        """Wait until so many requests have come, and return them."""
        return eventually(lambda: len(self.got) >= count and self.got)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class Rude:
    """A server that treats its connection as a function says: `manner(connection, released)`."""

    def __init__(self, manner: Callable[[socket.socket, threading.Event], Any]) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.connections = 0
        self._released, self._manner = threading.Event(), manner
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._released.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                self._manner(connection, self._released)

    def close(self) -> None:
        """End it."""
        self._released.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(PATIENCE)
