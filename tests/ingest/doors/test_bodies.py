"""Bodies: compressed, in chunks, large, and larger than any memory."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Iterator
from functools import cache

import pytest

from collab.core.http.representations.coding import MAX_MEMBERS
from collab.ingest.doors.bodies import MAX_BODY_BYTES

from ...support.each import each
from ...support.outlets import Outlet
from ...support.servers import PLAIN, ThreadServer

EVENT = b'{"event_type": "t"}'
LINES = "application/x-ndjson"

pytestmark = pytest.mark.usefixtures("declared")


def test_compressed_bodies(outlet: Outlet) -> None:
    codings = ("gzip", "GZIP", "x-gzip", "deflate", "identity")
    others = {"deflate": zlib.compress, "identity": bytes}
    for coding in codings:
        body = others.get(coding, gzip.compress)(EVENT)
        assert outlet.sends(body, Content_Encoding=coding).status_code == 202, coding
    assert [one["type"] for one in outlet.stored()] == ["t"] * len(codings)


def test_files_of_gzip_that_were_joined_are_one(outlet: Outlet) -> None:
    body = b"".join(gzip.compress(EVENT + b"\n") for _ in range(MAX_MEMBERS))
    sent = outlet.sends(body, Content_Type=LINES, Content_Encoding="gzip")
    assert sent.json()["accepted"] == MAX_MEMBERS
    whole = outlet.sends(body + body, Content_Type=LINES, Content_Encoding="gzip")
    assert whole.status_code == 400


def test_joined_files_of_gzip_have_the_bound_of_one(outlet: Outlet) -> None:
    half = gzip.compress(bytes(MAX_BODY_BYTES // 2 + 1))
    assert outlet.sends(half + half, Content_Encoding="gzip").status_code == 413


@cache
def bomb(size: int) -> bytes:
    """Return what grows to so many bytes."""
    return gzip.compress(bytes(size), 9)


@each(itertools.product(("/api/v1/ingest", "/v1/batch"), (MAX_BODY_BYTES + 1, 4 * MAX_BODY_BYTES)))
def test_what_grows_beyond_the_bound_is_413(path: str, size: int, *, outlet: Outlet) -> None:
    assert len(bomb(size)) < 100_000
    assert outlet.sends(bomb(size), path, Content_Encoding="gzip").status_code == 413
    assert outlet.waiting() == []


@each(
    [b"", b"nothing", gzip.compress(EVENT)[:-4], gzip.compress(EVENT) + b"x", zlib.compress(EVENT)]
)
def test_what_can_not_be_uncompressed_is_400(body: bytes, *, outlet: Outlet) -> None:
    assert outlet.sends(body, Content_Encoding="gzip").status_code == 400


@each(["br", "zstd", "gzip, gzip"])
def test_an_unknown_coding_is_415_and_the_known_are_named(coding: str, *, outlet: Outlet) -> None:
    refused = outlet.sends(EVENT, Content_Encoding=coding)
    assert refused.status_code == 415
    assert "gzip" in refused.headers["Accept-Encoding"]


def lines(size: int) -> bytes:
    """Return events, one a line, of exactly so many bytes."""
    event = json.dumps({"event_type": "t", "data": {"text": "x" * 5000}}).encode() + b"\n"
    return (event * (size // len(event))).ljust(size)


def test_four_mebibytes_are_taken_and_no_byte_more(outlet: Outlet) -> None:
    assert outlet.sends(lines(MAX_BODY_BYTES), Content_Type=LINES).status_code == 202
    assert outlet.sends(lines(MAX_BODY_BYTES + 1), Content_Type=LINES).status_code == 413


def test_many_small_values_are_413_before_they_are_objects(outlet: Outlet) -> None:
    body = b'[{"event_type":"t","data":{"a":[' + b"0," * 400_000 + b"0]}}]"
    assert outlet.sends(body).status_code == 413


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 64 * 1024):
        yield body[start : start + 64 * 1024]


def test_bodies_in_chunks(server: ThreadServer, outlet: Outlet) -> None:
    import httpx

    headers = {"X-Write-Key": outlet.key, "Content-Type": LINES}
    url = f"{server.url}/api/v1/ingest"
    for size, status, taken in (
        (300_000, 202, 1),
        (MAX_BODY_BYTES, 202, 2),
        (MAX_BODY_BYTES + 1, 413, 2),
    ):
        sent = httpx.post(url, content=in_chunks(lines(size)), headers=headers, **PLAIN)
        assert (size, sent.status_code, len(outlet.waiting())) == (size, status, taken)
