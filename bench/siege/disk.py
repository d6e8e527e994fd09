"""What fills the disk, and holds the writer's lock meanwhile (H4)."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections import Counter
from contextlib import suppress

from bench._wsclient import BINARY, Client
from bench.siege.target import GONE, Target, Verdict, attack, close_code, until_over
from bench.siege.texts import UPDATE, sized, update

LONG = "x" * 900_000


@attack("H4 events", "events of 255 KB to one's own topic over a socket", 8)
def events(target: Target) -> Verdict:
    """Write as fast as the socket takes it."""
    mallory, taken = target.accounts["mallory"], Counter[str]()
    data = {"a": "x" * 255_000}
    topic = f"user:{mallory.id}"
    message = json.dumps({"type": "x_y", "topic": topic, "payload": data, "ref": "r"}).encode()
    client: Client | None = None

    def send(_: int) -> bool:
        nonlocal client
        try:
            client = client or target.follow("mallory")
            for _ in range(20):
                client.send(message)
            for _ in range(20):
                taken[json.loads(client.receive(5))["type"]] += 1
        except GONE:
            client = None
            raise
        return True

    until_over(target, 1, send)
    return Verdict(taken["error"] > 0 or taken["published"] < 50, str(dict(taken)))


@attack("H4 zip", "a zip of 224 KB with 199 texts of 1 MiB, and one of 2,000 binaries", 10)
def archives(target: Target) -> Verdict:
    """Unpack what becomes a thousand times as much, four at once."""
    statuses = Counter[int]()

    def send(number: int) -> bool:
        api = target.api("mallory", timeout=30)
        headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/zip"}
        workspace = target.accounts["mallory"].workspace
        path = f"/api/v1/workspaces/{workspace}/archive?conflict=replace"
        api.connection.request("POST", path, _zip(number), headers)
        answer = api.connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        api.close()
        return True

    until_over(target, 4, send)
    held = statuses[500] == 0
    return Verdict(held, ", ".join(f"{count}x {one}" for one, count in statuses.items()))


def _zip(number: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        if number % 2:
            for index in range(1_999):
                archive.writestr(f"{number}/{index}.bin", b"\x89PNG\0" + bytes([index % 251]))
        else:
            for index in range(199):
                archive.writestr(f"{number}/{index}.txt", b"a" * 2**20)
    return buffer.getvalue()


@attack("H4 archives", "40 connections that pack a workspace, or unpack 180 MiB in vain", 10)
def packing(target: Target) -> Verdict:
    """Have the server pack and unpack all the time, of which nothing is kept."""
    statuses, me = Counter[int](), target.accounts["mallory"]
    place = f"/api/v1/workspaces/{me.workspace}/archive"
    large = _large_zip()

    def send(number: int) -> bool:
        api = target.api("mallory", timeout=30)
        headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/zip"}
        method, body = ("POST", large) if number % 2 else ("GET", None)
        api.connection.request(method, place, body, headers)
        answer = api.connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        api.close()
        return True

    until_over(target, 40, send)
    return Verdict(
        statuses[500] == 0, ", ".join(f"{count}x {one}" for one, count in statuses.items())
    )


def _large_zip() -> bytes:
    """Return a small zip of seven large files, of which the last one turns out to be damaged."""
    buffer, large = io.BytesIO(), os.urandom(250_000) + bytes(25_800_000)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(7):
            archive.writestr(f"{number}.bin", large)
        archive.writestr("last.txt", b"intact", zipfile.ZIP_STORED)
    return buffer.getvalue().replace(b"intact", b"broken")


@attack("H4 roots", "binaries of 200 KB in another root of a document", 8)
def other_roots(target: Target) -> Verdict:
    """Keep bytes where no text shows them."""
    file, sent, end = target.accounts["mallory"].file, 0, "open"
    client: Client | None = None

    def send(_: int) -> bool:
        nonlocal client, sent, end
        try:
            client = client or target.yjs("mallory", file)
            # ContentBinary (3) in the root `bin`, each of a client of its own.
            struct = b"\x03\x01\x03bin" + sized(b"\0" * 200_000)
            for _ in range(4):
                sent += 1
                client.send(UPDATE + sized(update((500 + sent, 0, [struct]))), BINARY)
            if (end := close_code(client, 0.2)) != "open":
                client = None
        except GONE:
            client = None
        return True

    until_over(target, 1, send)
    return Verdict(True, f"{sent} sent, last {end}")


@attack("H4 files", "texts grown by PATCH, files made and projects deleted, over and over", 10)
def cycles(target: Target) -> Verdict:
    """Free the quota without freeing the bytes."""
    statuses, cycles_done = Counter[int](), 0

    def cycle(_: int) -> bool:
        nonlocal cycles_done
        api = target.api("mallory", timeout=20)
        status, project = api.call("POST", "/api/v1/projects", {"name": "cycle"})
        statuses[status] += 1
        if status != 201:
            return False
        place = f"/api/v1/projects/{project['id']}/workspaces"
        _, workspace = api.call("POST", place, {"name": "w"})
        files = f"/api/v1/workspaces/{workspace['id']}/files"
        for number in range(8):
            body = {"path": f"{number}", "content": f"{number}" * 900_000}
            statuses[api.call("POST", files, body)[0]] += 1
        api.call("DELETE", f"/api/v1/projects/{project['id']}")
        cycles_done += 1
        api.close()
        return True

    until_over(target, 2, cycle)
    return Verdict(True, f"{cycles_done} cycles, {dict(statuses)}")


@attack("H4 jobs", "jobs with the largest payload that is taken, and comments and posts", 8)
def rows(target: Target) -> Verdict:
    """Store what no file quota counts."""
    statuses = Counter[int]()
    bodies = (
        ("jobs", {"type": "data_processing", "payload": {"rows": [{"a": LONG}]}}),
        ("posts", {"title": "t", "body": "x" * 60_000}),
        ("tasks", {"title": "t", "description": "x" * 9_000}),
    )

    def send(number: int) -> bool:
        api = target.api("mallory")
        for door, body in bodies:
            with suppress(*GONE):
                statuses[api.call("POST", f"/api/v1/{door}", body)[0]] += 1
        api.close()
        return True

    until_over(target, 2, send)
    return Verdict(statuses[500] == 0, str(dict(statuses)))
