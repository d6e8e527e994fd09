"""What is told to others at once: signals, awareness, floods of messages (H3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from bench._wsclient import BINARY, Client
from bench.siege.friends import lib0
from bench.siege.target import GONE, Target, Verdict, attack, close_code, until_over
from bench.siege.texts import AWARENESS, UPDATE, letters, sized, update


def keep_sending(
    target: Target,
    connect: Callable[[], Client],
    send_some: Callable[[Client], None],
    look_s: float,
) -> list[str]:
    """Send over one connection until the time is over; whoever is closed comes back.

    Returns how each round ended: `open`, the code of a close, or `cut`.
    """
    ends: list[str] = []
    client: Client | None = None

    def send(_: int) -> bool:
        nonlocal client
        try:
            client = client or connect()
            send_some(client)
            ends.append(close_code(client, look_s))
        except GONE:
            ends.append("cut")
        if ends[-1] != "open":
            client = None
        return True

    until_over(target, 1, send)
    if client:
        client.drop()
    return ends


def flood(target: Target, name: str, topic: str, size: int) -> Verdict:
    """Send signals over a socket as fast as it takes them; who is closed comes back."""
    message = json.dumps(
        {"type": "cursor_moved", "topic": topic, "payload": {"a": "x" * size}}
    ).encode()
    sent = 0

    def send_some(client: Client) -> None:
        nonlocal sent
        for _ in range(45):
            client.send(message)
            sent += 1

    ends = keep_sending(target, lambda: target.follow(name), send_some, 0.5)
    return Verdict(
        True, f"{sent} sent; the sender was closed {len(ends) - ends.count('open')} times"
    )


@attack("H3 stranger", "signals of 255 KB on `posts`, which everybody may follow", 6)
def stranger(target: Target) -> Verdict:
    """Throw everybody off the live door."""
    return flood(target, "mallory", "posts", 255_000)


@attack("H3 viewer", "signals of 255 KB on the project, by a viewer", 6)
def viewer(target: Target) -> Verdict:
    """Throw the owner out of the project."""
    return flood(target, "vito", f"project:{target.accounts['vito'].project}", 255_000)


@attack("H3 small", "signals of 3 KB on the project, by a viewer, as fast as they go", 6)
def small_signals(target: Target) -> Verdict:
    """Do so under the bound of one signal."""
    return flood(target, "vito", f"project:{target.accounts['vito'].project}", 3_000)


@attack("H3 awareness", "awareness of 64 KiB on the friends' text, by a viewer", 6)
def awareness(target: Target) -> Verdict:
    """Throw the editors out of the text."""
    file, sent, clock = target.accounts["vito"].file, 0, 0
    state = sized(b'{"a":"' + b"x" * 65_000 + b'"}')

    def send_some(client: Client) -> None:
        nonlocal sent, clock
        for _ in range(61):
            clock += 1
            told = b"\x01" + lib0(1 + clock % 7) + lib0(clock) + state
            client.send(AWARENESS + sized(told), BINARY)
            sent += 1

    keep_sending(target, lambda: target.yjs("vito", file), send_some, 0.5)
    return Verdict(True, f"{sent} sent")


@attack("H3 REST", "signals of 255 KB over REST, 4 connections", 6)
def by_rest(target: Target) -> Verdict:
    """Use the other door."""
    statuses: dict[int, int] = {}
    body = {"type": "cursor_moved", "topic": "posts", "payload": {"a": "x" * 255_000}}

    def send(_: int) -> bool:
        api = target.api("mallory")
        with suppress(*GONE):
            for _ in range(20):
                status, _answer = api.call("POST", "/api/v1/events", body)
                statuses[status] = statuses.get(status, 0) + 1
        api.close()
        return True

    until_over(target, 4, send)
    return Verdict(202 not in statuses, str(statuses))


@attack("H3 edits", "edits of 200 KB of the friends' text and back, by a collaborator", 6)
def big_edits(target: Target) -> Verdict:
    """Make every editor read much; the text is as it was afterwards."""
    file, sent, clock = target.accounts["mario"].file, 0, 0
    size = 100_000

    def send_some(client: Client) -> None:
        nonlocal sent, clock
        written = update((9_999, clock, [letters(b"z" * size)]))
        gone = update(deleted=b"\x01" + lib0(9_999) + b"\x01" + lib0(clock) + lib0(size))
        for one in (written, gone):
            client.send(UPDATE + sized(one), BINARY)
            sent += 1
        clock += size

    keep_sending(target, lambda: target.yjs("mario", file), send_some, 0.3)
    return Verdict(True, f"{sent} sent")
