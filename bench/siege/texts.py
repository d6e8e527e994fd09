"""Updates of texts that no honest editor makes (C2, C3, H2, and live clients 1, 2, 4, 7, 8)."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress

from bench._wsclient import BINARY, Client
from bench.siege.friends import lib0
from bench.siege.target import GONE, Target, Verdict, attack, close_code, until_over

#: Beginnings of messages: what an update is sent as by who writes, and by who only reads.
UPDATE, STEP_2, AWARENESS = b"\x00\x02", b"\x00\x01", b"\x01"
CONTENT = b"\x01\x07content"


def sized(data: bytes) -> bytes:
    """Write bytes with their length before them."""
    return lib0(len(data)) + data


def update(*structs: tuple[int, int, list[bytes]], deleted: bytes = b"\x00") -> bytes:
    """Write an update (v1): for each client its id, its clock, and its structs."""
    sections = [
        lib0(len(items)) + lib0(client) + lib0(clock) + b"".join(items)
        for client, clock, items in structs
    ]
    return lib0(len(sections)) + b"".join(sections) + deleted


def letters(text: bytes, place: bytes = CONTENT) -> bytes:
    """Write a struct that inserts a text at the beginning of the root."""
    return b"\x04" + place + sized(text)


def told(target: Target, name: str, file: int, message: bytes, seconds: float = 2.0) -> str:
    """Send one message to a text; returns how the connection ended, or `open`."""
    client = target.yjs(name, file)
    try:
        client.send(message, BINARY)
        return close_code(client, seconds)
    finally:
        client.drop()


def storm(target: Target, names: tuple[tuple[str, int], ...], messages: list[bytes]) -> Verdict:
    """Send messages again and again; whoever is closed comes back."""
    ends: Counter[str] = Counter()

    def send(number: int) -> bool:
        name, file = names[number % len(names)]
        ends[told(target, name, file, random.choice(messages), 2.0)] += 1
        return True

    until_over(target, len(names), send)
    said = ", ".join(f"{count}x {end}" for end, count in ends.most_common())
    return Verdict(not ends["cut"] and not ends["open"], said or "nobody was answered")


def nested_values(depth: int) -> list[bytes]:
    """Return updates whose value is an array in an array, and an object in an object."""
    arrays = b"\x75\x01" * depth + b"\x7e"
    objects = b"\x76\x01\x01a" * (depth // 2) + b"\x7e"
    place = b"\x01\x01m"
    kinds = [b"\x08" + place + b"\x01" + value for value in (arrays, objects)]
    embed = b"\x05" + place + sized(b"[" * depth + b"]" * depth)
    return [update((7, 0, [struct])) for struct in (*kinds, embed)]


@attack("C2 writer", "values nested 50,000 deep, by people who may write", 6)
def deep_values(target: Target) -> Verdict:
    """Overflow the stack of the decoder."""
    own = ("mallory", target.accounts["mallory"].file)
    friends = ("mario", target.accounts["mario"].file)
    messages = [UPDATE + sized(one) for one in nested_values(50_000)]
    return storm(target, (own, friends), messages)


@attack("C2 viewer", "values nested 40,000 and 100,000 deep, as a viewer's sync step 2", 6)
def deep_values_of_a_viewer(target: Target) -> Verdict:
    """Do so without the right to write."""
    file = target.accounts["vito"].file
    messages = [STEP_2 + sized(one) for depth in (40_000, 100_000) for one in nested_values(depth)]
    return storm(target, (("vito", file), ("vito", file)), messages)


@attack("C2 types", "60,000 types, each in the one before, then the first deleted", 6)
def deep_types(target: Target) -> Verdict:
    """Overflow the stack of a delete."""
    file = target.accounts["mallory"].file
    first = b"\x07\x01\x01m\x00"
    chain = [first] + [b"\x07\x00" + lib0(9) + lib0(clock) + b"\x00" for clock in range(59_999)]
    grown = told(target, "mallory", file, UPDATE + sized(update((9, 0, chain))))
    deleted = update(deleted=b"\x01" + lib0(9) + b"\x01" + lib0(0) + lib0(1))
    end = told(target, "mallory", file, UPDATE + sized(deleted), 4.0)
    held = grown in ("4400", "1009") and end != "cut"
    return Verdict(held, f"types: {grown}, delete: {end}")


@attack("C3", "two updates of 10,000 clients each at one place, twice", 10)
def many_clients(target: Target) -> Verdict:
    """Make conflict resolution quadratic."""
    file, ends = target.accounts["mallory"].file, []
    for number in range(4):
        first = 1_000_000 * (number + 1)
        body = update(*((first + client, 0, [letters(b"a")]) for client in range(10_000)))
        with suppress(*GONE):
            ends.append(told(target, "mallory", file, UPDATE + sized(body), 2.0))
    held = bool(ends) and all(end in ("4400", "1009", "1013") for end in ends)
    return Verdict(held, f"closed with {', '.join(ends) or 'nothing'}")


@attack("C3 drip", "one new client in each message, all at one place, 100 a second", 8)
def dripping_clients(target: Target) -> Verdict:
    """Do so slowly."""
    file, sent = target.accounts["mallory"].file, 0
    client: Client | None = None
    until = time.monotonic() + target.seconds
    while time.monotonic() < until:
        try:
            client = client or target.yjs("mallory", file)
            for _ in range(9):
                sent += 1
                client.send(UPDATE + sized(update((10_000 + sent, 0, [letters(b"a")]))), BINARY)
        except GONE:
            client = None
        time.sleep(0.1)
    return Verdict(True, f"{sent} sent")


@attack("H2", "garbage for all ids of the server, and updates without their beginning", 6)
def poison(target: Target) -> Verdict:
    """Take the ids that the next edits would have; then the owner writes."""
    alice, mario = target.accounts["alice"], target.accounts["mario"]
    api = target.api("alice")
    body = {"path": f"poison-{time.time_ns()}.md", "content": "hello"}
    file = api.want(201, "POST", f"/api/v1/workspaces/{alice.workspace}/files", body)["id"]
    ends = []
    for client, clock in _vector(target, file):
        struct = b"\x00" + lib0(2**32 - 1 - clock)
        bad = update((client, clock, [struct]))
        ends.append(told(target, mario.name, file, UPDATE + sized(bad), 0.5))
    gap = update((5, 7, [letters(b"GAP ")]))
    ends.append(told(target, mario.name, file, UPDATE + sized(gap), 0.5))
    skip = update((6, 0, [b"\x0a\x05", letters(b"SKIP")]))
    ends.append(told(target, mario.name, file, UPDATE + sized(skip), 0.5))
    path = f"/api/v1/files/{file}/content"
    text = ""
    for number in range(6):
        text = f"acknowledged text number {number} of the owner"
        api.connection.request(
            "PUT",
            path,
            text,
            {"Authorization": f"Bearer {api.token}", "Content-Type": "text/plain"},
        )
        answer = api.connection.getresponse()
        answer.read()
        if answer.status != 200:
            return Verdict(False, f"PUT {answer.status}")
    return Verdict(True, f"closed with {', '.join(ends)}; six PUTs taken", [("alice", path, text)])


def _vector(target: Target, file: int) -> list[tuple[int, int]]:
    """Ask a text for its state vector: the server's sync step 1."""
    client = target.yjs("mario", file)
    try:
        while True:
            message = client.receive(5)
            if message[:2] == b"\x00\x00":
                return _pairs(message[2:])
    finally:
        client.drop()


def _pairs(data: bytes) -> list[tuple[int, int]]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value)
            value = shift = 0
    flat = numbers[2:]  # the length, and the number of pairs
    return list(zip(flat[::2], flat[1::2], strict=False))


@attack("live 2", "edits that cut a surrogate pair", 4)
def half_characters(target: Target) -> Verdict:
    """Insert into the middle of an emoji, and delete its first half."""
    api = target.api("mallory")
    found = {}
    pair = update((5, 0, [letters("x😀y".encode())]))
    cuts = {
        "insert": update((6, 0, [b"\xc4\x05\x01\x05\x02\x01M"])),
        "delete": update(deleted=b"\x01\x05\x01\x01\x01"),
    }
    wanted = {"insert": "x\ufffdM\ufffdy", "delete": "x\ufffdy"}
    kept = []
    for name, cut in cuts.items():
        place = f"/api/v1/workspaces/{target.accounts['mallory'].workspace}/files"
        body = {"path": f"{name}-{time.time_ns()}", "content": ""}
        file = api.want(201, "POST", place, body)["id"]
        for one in (pair, cut):
            told(target, "mallory", file, UPDATE + sized(one), 0.4)
        path = f"/api/v1/files/{file}/content"
        api.connection.request("GET", path, headers={"Authorization": f"Bearer {api.token}"})
        found[name] = api.connection.getresponse().read().decode()
        kept.append((target.accounts["mallory"].name, path, wanted[name]))
    said = "; ".join(f"{name}: {text!r}" for name, text in found.items())
    return Verdict(found == wanted, said, kept)


@attack("live 4", "4,200 characters of awareness, then typing", 4)
def big_awareness(target: Target) -> Verdict:
    """Have an avatar."""
    file = target.accounts["mallory"].file
    client = target.yjs("mallory", file)
    state = sized(b'{"user":{"avatar":"data:' + b"x" * 4_200 + b'"}}')
    client.send(AWARENESS + sized(b"\x01" + lib0(11) + b"\x01" + state), BINARY)
    client.send(UPDATE + sized(update((11, 0, [letters(b"typed after it")]))), BINARY)
    end = close_code(client, 1.0)
    client.drop()
    api = target.api("mallory")
    path = f"/api/v1/files/{file}/content"
    api.connection.request("GET", path, headers={"Authorization": f"Bearer {api.token}"})
    text = api.connection.getresponse().read().decode()
    said = f"connection {end}, {'saved' if 'typed after it' in text else 'NOT saved'}"
    return Verdict(end == "open" and "typed after it" in text, said)


@attack("live 7", "a paste of 1.5 MiB", 4)
def big_paste(target: Target) -> Verdict:
    """Paste what a text may hold."""
    api = target.api("mallory")
    place = f"/api/v1/workspaces/{target.accounts['mallory'].workspace}/files"
    body = {"path": f"paste-{time.time_ns()}", "content": ""}
    file = api.want(201, "POST", place, body)["id"]
    pasted = b"pasted; " * (3 << 16)
    end = told(target, "mallory", file, UPDATE + sized(update((12, 0, [letters(pasted)]))), 3)
    path = f"/api/v1/files/{file}/content"
    api.connection.request("GET", path, headers={"Authorization": f"Bearer {api.token}"})
    size = len(api.connection.getresponse().read())
    return Verdict(size == len(pasted), f"connection {end}, {size:,} of {len(pasted):,} bytes")


@attack("live 8", "a second tab repeats the first one's awareness; the first closes", 4)
def ghost(target: Target) -> Verdict:
    """Look whether the first is seen to leave."""
    file = target.accounts["mallory"].file
    first, second, third = (target.yjs("mallory", file) for _ in range(3))
    state = AWARENESS + sized(b"\x01" + lib0(4_242) + b"\x01" + sized(b'{"user":{"name":"A"}}'))
    first.send(state, BINARY)
    own = AWARENESS + sized(b"\x01" + lib0(4_243) + b"\x01" + sized(b'{"user":{"name":"A"}}'))
    second.send(own, BINARY)  # a tab of its own, and not the first that comes back
    time.sleep(0.2)
    second.send(state, BINARY)
    time.sleep(0.2)
    first.drop()
    seen, until = False, time.monotonic() + 3
    with suppress(*GONE):
        while not seen and time.monotonic() < until:
            message = third.receive(max(0.01, until - time.monotonic()))
            seen = message[:1] == AWARENESS and lib0(4_242) in message and b"\x04null" in message
    for one in (second, third):
        one.drop()
    return Verdict(seen, "seen to leave at once" if seen else "a ghost after 3 s")
