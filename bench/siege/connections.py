"""Addresses, connections and frames: what takes time or threads (C1, C6, H5, M3)."""

from __future__ import annotations

import json
import os
import socket
import time
from collections import Counter
from contextlib import suppress
from struct import pack

from bench._wsclient import BINARY, PING, Client, encode
from bench.siege.target import (
    GONE,
    Target,
    Verdict,
    answered,
    attack,
    closing_all,
    exchange,
    until_over,
)

SLOW = 1_100
PATIENCE_S = 6.0
LONG_WORDS = ("token" * 1600, "eyJ" * 2600, "password" * 1000, "a.eyJ-" * 1300)


@attack("C1", "8 KB of `token…` and the like as the address, 8 connections, no account", 8)
def redaction(target: Target) -> Verdict:
    """Have the log's redaction run over long addresses."""
    statuses: Counter[str] = Counter()

    def ask(number: int) -> bool:
        with target.raw(timeout=10) as sock:
            for _ in range(50):
                path = LONG_WORDS[number % len(LONG_WORDS)]
                sock.sendall(f"GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                answer = answered(sock.recv(65536))
                statuses[answer] += 1
                if answer == "closed":
                    return True
        return True

    until_over(target, 8, ask)
    held = statuses["429"] > 0 or statuses["404"] > 500
    return Verdict(held, _told(statuses))


def _told(statuses: Counter[str]) -> str:
    return ", ".join(f"{count}x {status}" for status, count in statuses.most_common(4)) or "nothing"


def slow(target: Target, head: bytes, drip: bytes) -> Verdict:
    """Open many connections that never finish what they say, and see which are still held."""
    held: list[socket.socket] = []
    refused, until = 0, time.monotonic() + target.seconds
    with closing_all(held):
        for _ in range(SLOW):
            try:
                sock = target.raw(timeout=0.5)
                held.append(sock)
                sock.sendall(head)
            except OSError:
                refused += 1
            if time.monotonic() > until:
                break
        while time.monotonic() < until:
            time.sleep(2)
            for sock in held:
                with suppress(OSError):
                    sock.send(drip)
        left = sum(_open(sock) for sock in held)
    # A deadline may still be to come; what counts is that a part of the places stays free.
    said = f"{len(held)} of {SLOW} opened, {refused} refused, {left} still held"
    return Verdict(left < SLOW // 2 and len(held) + refused == SLOW, said)


def _open(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        return bool(sock.recv(65536)) and _open(sock)
    except BlockingIOError:
        return True
    except OSError:
        return False


@attack("C6 head", "1,100 half request heads, a byte every 2 s", 12)
def slow_heads(target: Target) -> Verdict:
    """Never end a head."""
    return slow(target, b"GET /health HTTP/1.1\r\nHost: x\r\nX-A: b", b"b")


@attack("C6 body", "1,100 bodies of 1,000 bytes, a byte every 2 s", 12)
def slow_bodies(target: Target) -> Verdict:
    """Never end a body."""
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return slow(target, head + b"Content-Length: 1000\r\n\r\n{", b" ")


@attack("C6 chunk", "1,100 chunked bodies, a byte every 2 s", 12)
def slow_chunks(target: Target) -> Verdict:
    """Never end a chunk."""
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    return slow(target, head + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{", b" ")


@attack("C6 handshake", "1,100 sockets that never sign in", 12)
def slow_sockets(target: Target) -> Verdict:
    """Open sockets, and say nothing."""
    key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    head = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return slow(target, head + key, b"")


@attack("C6 reading", "30,000 pipelined requests on 40 connections, answers never read", 10)
def never_reading(target: Target) -> Verdict:
    """Ask much and read nothing."""
    asked = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" * 30_000
    held: list[socket.socket] = []
    with closing_all(held):
        for _ in range(40):
            with suppress(OSError):
                sock = target.raw(timeout=0.2)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                held.append(sock)
                sock.sendall(asked)
        time.sleep(target.seconds)
        left = sum(_writable(sock) for sock in held)
    return Verdict(True, f"{left} of 40 still held")


def _writable(sock: socket.socket) -> bool:
    try:
        sock.setblocking(False)
        return bool(sock.send(b"G"))
    except BlockingIOError:
        return True
    except OSError:
        return False


@attack(
    "H5",
    "sockets with one token from five addresses, until there is no place (of 200)",
    8,
    SOCKET_LIMIT="200",
)
def all_places(target: Target) -> Verdict:
    """Take every live place, then look whether somebody else gets one."""
    held: list[Client] = []
    refused = 0
    with closing_all(held):
        until = time.monotonic() + target.seconds
        for number in range(1_100):
            if time.monotonic() > until or refused > 20:
                break
            try:
                held.append(target.follow("mallory", source=f"127.0.3.{number % 5 + 1}"))
            except GONE:
                refused += 1
        other = _let_in(target, held)
    return Verdict("gets in" in other, f"{len(held)} open, {refused} refused; {other}")


@attack(
    "H5 strangers",
    "1,200 sockets without an account from twelve addresses, where there are 200 places",
    8,
    SOCKET_LIMIT="200",
)
def strangers(target: Target) -> Verdict:
    """Take every live place without saying who one is, then look whether somebody gets one."""
    key = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    head = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    held: list[socket.socket] = []
    friends: list[Client] = []
    with closing_all(held), closing_all(friends):
        for number in range(1_200):
            with suppress(OSError):
                sock = target.raw(timeout=2, source=f"127.0.4.{number % 12 + 1}")
                held.append(sock)
                sock.sendall(head + key)
        other = _let_in(target, friends)
    return Verdict("gets in" in other, f"{len(held)} opened; {other}")


def _let_in(target: Target, held: list[Client]) -> str:
    """Try for some seconds to open a socket as somebody else, from elsewhere; returns how it ended.

    Whoever is refused a place may keep it for as long as a close takes.
    """
    begun, answer = time.monotonic(), ""
    while (passed := time.monotonic() - begun) < PATIENCE_S:
        try:
            held.append(target.follow("victim", source="127.0.3.99"))
        except GONE as error:
            answer = str(error).split("\r", 1)[0]
            time.sleep(0.5)
        else:
            return f"another person gets in after {passed:.1f} s"
    return f"another person: {answer}"


def frames(target: Target, count: int, frame: bytes, name: str) -> Verdict:
    """Send frames on many sockets for the whole time; who is closed opens anew."""
    lump, cut, sent = frame * 2_000, 0, 0
    sockets: list[Client | None] = [None] * count

    def send(number: int) -> bool:
        nonlocal cut, sent
        client = sockets[number]
        try:
            if client is None:
                client = sockets[number] = target.follow("mallory", source="127.0.3.7")
                if name == "fragments":
                    client.sock.sendall(_head(0x01, b"{"))
            client.sock.settimeout(5)
            client.sock.sendall(lump)
            sent += 2_000
            client.sock.setblocking(False)
            with suppress(BlockingIOError):
                if not client.sock.recv(1 << 20):
                    raise ConnectionError
        except GONE:
            cut += 1
            if client is not None:
                client.drop()
            sockets[number] = None
            time.sleep(0.3)
        return True

    until_over(target, count, send)
    with closing_all([one for one in sockets if one]):
        return Verdict(cut > 0, f"{sent:,} {name} sent, cut off {cut} times")


def _head(first: int, payload: bytes) -> bytes:
    return pack(">BB", first, 0x80 | len(payload)) + b"\0\0\0\0" + payload


@attack("M3 fragments", "empty fragments of a message from 20 sockets", 8)
def fragments(target: Target) -> Verdict:
    """Count as no message, ever."""
    return frames(target, 20, _head(0x00, b""), "fragments")


@attack("M3 pings", "pings from 10 sockets", 8)
def pings(target: Target) -> Verdict:
    """Have each answered."""
    return frames(target, 10, encode(b"x" * 100, PING), "pings")


@attack("M3 bytes", "messages of 250 KB from 4 sockets", 8)
def big_messages(target: Target) -> Verdict:
    """Have much read and thrown away."""
    message = json.dumps({"type": "no such", "x": "y" * 250_000}).encode()
    sent = Counter[str]()

    def send(number: int) -> bool:
        client = target.follow("mallory", source="127.0.3.7")
        try:
            for _ in range(99):
                client.sock.settimeout(5)
                client.send(message)
                sent["messages"] += 1
        finally:
            client.drop()
        return True

    until_over(target, 4, send)
    return Verdict(True, f"{sent['messages']} taken")


@attack("noise", "random bytes, on HTTP, on sockets and on texts, from 8 connections", 8)
def noise(target: Target) -> Verdict:
    """Send what means nothing."""
    statuses: Counter[str] = Counter()

    def send(number: int) -> bool:
        kind = number % 4
        if kind == 0:
            with target.raw(timeout=2) as sock:
                statuses[exchange(sock, os.urandom(4096) + b"\r\n\r\n")] += 1
        elif kind == 1:
            with target.raw(timeout=2) as sock:
                garbage = os.urandom(2048).replace(b"\n", b"")
                line = b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + garbage + b"\r\n\r\n"
                statuses[exchange(sock, line)] += 1
        else:
            client = (
                target.follow("mallory")
                if kind == 2
                else target.yjs("mallory", target.accounts["mallory"].file)
            )
            try:
                for size in (1, 2, 9, 100, 5000):
                    client.send(os.urandom(size), BINARY)
                    client.sock.sendall(os.urandom(size))
            finally:
                client.drop()
            statuses["frames"] += 1
        return True

    until_over(target, 8, send)
    return Verdict(statuses["500"] == 0, _told(statuses))
