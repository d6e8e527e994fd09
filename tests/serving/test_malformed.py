"""What breaks the rules of HTTP is answered with 400 by the server that `python app.py` runs."""

from __future__ import annotations

import socket
from typing import Any

from ..support.people import Person
from ..support.waiting import PATIENCE
from .test_chunks import MALFORMED
from .test_gathering import REFUSED


def ask(server: Any, sent: bytes) -> bytes:
    """Send bytes and read all that comes, up to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as tcp:
        tcp.sendall(sent)
        return b"".join(iter(lambda: tcp.recv(65536), b""))


def test_malformed_requests_are_problems_and_end_their_connection(
    standing: Any, alice: Person
) -> None:
    server = standing()
    head = (
        "POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {alice.token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    wrong = {f"chunks: {name}": (head + sent, 400) for name, sent in MALFORMED.items()}
    behind = b"\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    for name, (sent, status) in (wrong | REFUSED).items():
        answer = ask(server, sent + behind)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), name
        assert b"application/problem+json" in answer, name
        assert answer.count(b"HTTP/1.1 ") == 1, name
    assert "Traceback" not in server.output.read_text()


def test_nobody_but_a_trusted_proxy_says_who_asks_for_what(standing: Any) -> None:
    server = standing()
    for header in ("SCRIPT_NAME: /x", "Script-Name: /x", "PATH_INFO: /health", "REMOTE_USER: a"):
        lied = f"GET /x/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{header}\r\n\r\n"
        assert ask(server, lied.encode()).startswith(b"HTTP/1.1 404 "), header
    for header in ("Proto: https", "Protocol: ssl", "Ssl: on"):
        lied = (
            f"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-{header}\r\n\r\n"
        )
        assert b"Strict-Transport-Security" not in ask(server, lied.encode()), header


def test_no_redirect_is_made_of_the_host(standing: Any) -> None:
    sent = b"GET /api/docs//x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert b"evil.example" not in ask(standing(), sent)
