"""Exports that are fetched slowly: each holds a file and a connection, and a person has few."""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack
from typing import Any

from collab.maintenance.people.in_hand import MAX_EXPORTS_PER_PERSON

from ..support.people import PASSWORD, Person, ok
from ..support.problems import problem
from ..support.waiting import PATIENCE, eventually

ASKED = {"password": PASSWORD}


def begun(server: Any, token: str) -> socket.socket:
    """Fetch an export, and read how its answer begins."""
    tcp = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    body = json.dumps(ASKED)
    tcp.sendall(
        f"POST /api/v1/auth/me/export/download HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    assert tcp.recv(12) == b"HTTP/1.1 200"
    return tcp


def test_exports_that_nobody_reads_to_their_end_are_few(
    quiet: Any, alice: Person, over: Any
) -> None:
    server = quiet(SEND_SECONDS="1", JOB_WORKERS="1")
    me = over(server, alice)
    me.post("/uploads", content=os.urandom(8 * 2**20))
    job = ok(me.post("/auth/me/export"))["id"]
    eventually(lambda: ok(me.get(f"/jobs/{job}"))["status"] == "succeeded")
    with ExitStack() as stack:
        for _ in range(MAX_EXPORTS_PER_PERSON):
            stack.enter_context(begun(server, alice.token))
        problem(me.post("/auth/me/export/download", ASKED), 429)
    eventually(lambda: me.post("/auth/me/export/download", ASKED).status_code == 200)
