"""Small things: heads, bodies, names, files (M6, L2 to L6, L9)."""

from __future__ import annotations

import io
import json
import socket
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

from bench.siege.target import Target, Verdict, attack, exchange

CHUNKED = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BAD_CHUNKS = (
    b"zz\r\n",
    b"2\r\n{}XX0\r\n\r\n",
    b"2\n{}\n0\n\n",
    b"0x2\r\n{}\r\n0\r\n\r\n",
    b"+2\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"2 \r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\r\n0\r\nbad trailer\r\n\r\n",
    b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"\r\n",
)


@attack("M6", "ten malformed chunked bodies", 3, group="small")
def bad_chunks(target: Target) -> Verdict:
    """Frame a body wrongly."""
    statuses = []
    for bad in BAD_CHUNKS:
        with target.raw(timeout=3) as sock:
            statuses.append(exchange(sock, CHUNKED + bad))
    return Verdict(set(statuses) <= {"400", "413"}, ", ".join(statuses))


@attack("L2", "proxy headers from an address that is no proxy", 2, group="small")
def proxy_headers(target: Target) -> Verdict:
    """Pretend to come by TLS, and under another path."""
    wrong = []
    with target.raw() as sock:
        sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\n\r\n")
        if b"strict-transport" in sock.recv(65536).lower():
            wrong.append("X-Forwarded-Proto is believed")
    with target.raw() as sock:
        asked = b"GET /x/health HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /x\r\n\r\n"
        if exchange(sock, asked) == "200":
            wrong.append("SCRIPT_NAME is believed")
    return Verdict(not wrong, "; ".join(wrong) or "not believed")


@attack("L3", "no Host, a wrong one, two, and another site's", 2, group="small")
def hosts(target: Target) -> Verdict:
    """Leave out or misuse Host (RFC 9112, section 3.2)."""
    heads = {
        "none": b"",
        "two words": b"Host: a b\r\n",
        "two": b"Host: a\r\nHost: b\r\n",
        "a path": b"Host: a/b\r\n",
    }
    found = {}
    for name, head in heads.items():
        with target.raw() as sock:
            found[name] = exchange(sock, b"GET /health HTTP/1.1\r\n" + head + b"\r\n")
    with target.raw() as sock:
        sock.sendall(b"GET /api/docs//x HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        redirects = b"location: http://evil.example" in sock.recv(65536).lower()
    held = set(found.values()) == {"400"} and not redirects
    return Verdict(held, f"{found}{'; redirects to another site' if redirects else ''}")


@attack("L4", "events that are called as the socket's own answers", 2, group="small")
def reserved(target: Target) -> Verdict:
    """Speak in the server's name."""
    api, project = target.api("mario"), target.accounts["mario"].project
    taken = []
    for name in ("unsubscribed", "error", "authenticated", "subscribed", "pong", "published"):
        event: dict[str, Any] = {"type": name, "project_id": project, "data": {}}
        if api.call("POST", "/api/v1/events", event)[0] < 300:
            taken.append(name)
    return Verdict(not taken, f"taken: {', '.join(taken) or 'none'}")


@attack("L5", "a stream whose reader vanishes", 8, group="small")
def vanished(target: Target) -> Verdict:
    """Look how long a reader who is gone is present."""
    mallory = target.accounts["mallory"]
    sock = target.raw()
    path = f"/api/v1/events/stream?project_id={mallory.project}"
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {mallory.token}\r\n\r\n"
    sock.sendall(head.encode())
    sock.recv(65536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    api, begun = target.api("mallory"), time.monotonic()
    while time.monotonic() - begun < target.seconds:
        _, present = api.call("GET", f"/api/v1/presence?topic=project:{mallory.project}")
        if mallory.name not in json.dumps(present):
            return Verdict(True, f"gone after {time.monotonic() - begun:.1f} s")
        time.sleep(0.5)
    return Verdict(False, f"still present after {target.seconds:.0f} s")


@attack("L6", "the modes of the database's files", 1, group="small")
def modes(target: Target) -> Verdict:
    """Read what only the server should."""
    files = {one.name: one.stat().st_mode & 0o777 for one in Path(target.folder).glob("*.db*")}
    said = ", ".join(f"{name} {mode:04o}" for name, mode in sorted(files.items()))
    return Verdict(bool(files) and all(mode == 0o600 for mode in files.values()), said)


NAMES = ("C:x", "con", "aux.txt", "nul/x", "a.", "b ", "\u202egnp.exe", ".git/config", "x\u0000y")


@attack("L9", "an archive for each of nine names that are unsafe elsewhere", 4, group="small")
def names(target: Target) -> Verdict:
    """Give names that do harm where a zip is unpacked."""
    taken, api = [], target.api("mallory")
    workspace = target.accounts["mallory"].workspace
    for name in NAMES:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr(name, b"text")
        api.connection.request(
            "POST",
            f"/api/v1/workspaces/{workspace}/archive?conflict=replace",
            buffer.getvalue(),
            {"Authorization": f"Bearer {api.token}", "Content-Type": "application/zip"},
        )
        answer = api.connection.getresponse()
        answer.read()
        if answer.status < 300 and "\0" not in name:
            taken.append(name)
    return Verdict(not taken, f"taken: {', '.join(map(ascii, taken)) or 'none'}")
