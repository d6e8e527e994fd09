"""A request is put together from bytes, however they are cut, and refused if it is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collab.serving.messages.gathering import Gatherer
from collab.serving.messages.refusals import Refused
from collab.serving.messages.spool import PIECE_BYTES, Spool

from .test_chunks import cut

HOST = b"Host: x\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n"

#: Heads that no server may take, and what they get (RFC 9112, RFC 9110).
REFUSED = {
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    "an empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "a blank in the host": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "a path in the host": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "somebody in the host": (b"GET / HTTP/1.1\r\nHost: me@a\r\n\r\n", 400),
    "a list of hosts": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a port of letters": (b"GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400),
    "half an address": (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    "a port that there is not": (b"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    "colons for an address": (b"GET / HTTP/1.1\r\nHost: [:::::]\r\n\r\n", 400),
    "colons and a dot": (b"GET / HTTP/1.1\r\nHost: [:::::.]:1\r\n\r\n", 400),
    "an old address as a new one": (b"GET / HTTP/1.1\r\nHost: [127.0.0.1]\r\n\r\n", 400),
    "bytes in the host": (b"GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400),
    "a bad host with HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n" * 2 + b"\r\n", 400),
    "other lengths": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        400,
    ),
    "a list of lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\n", 400),
    "a signed length": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\n", 400),
    "a length of letters": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n", 400),
    "chunks and a length": (
        b"POST / HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks twice": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "chunks in HTTP/1.0": (
        b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "an unknown coding": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a packed body": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "a packed body in two lines": (
        b"POST / HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "bare LFs": (b"GET / HTTP/1.1\n" + b"Host: x\n\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n", 400),
    "a long line": (b"GET /" + b"a" * 9000, 414),
    "a long head": (b"GET / HTTP/1.1\r\n" + HOST + (b"A: " + b"b" * 8000 + b"\r\n") * 9, 431),
    "many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * 200 + b"\r\n", 431),
    "another expectation": (b"POST / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n", 417),
}


#: Addresses as people type them, and how they are to be written.
RAW = {
    "/search?q=café": "/search?q=caf%C3%A9",
    "/search?q=big rocket": "/search?q=big%20rocket",
    "/a?b=%C3%A9&c=日本": "/a?b=%C3%A9&c=%E6%97%A5%E6%9C%AC",
    "/файлы/1": "/%D1%84%D0%B0%D0%B9%D0%BB%D1%8B/1",
    "/emoji/🚀": "/emoji/%F0%9F%9A%80",
    "/nbsp\u00a0here": "/nbsp%C2%A0here",
}


#: Addresses that were encoded for systems of one byte a letter, or by halves.
OTHERWISE = {
    "/search?q=caf%E9": "/search?q=caf%C3%A9",
    "/search?q=caf%e9%26%C3%A9": "/search?q=caf%C3%A9%26%C3%A9",
    "/%FC/1": "/%C3%BC/1",
    "/search?q=%F0%9F%9A": "/search?q=%C3%B0%C2%9F%C2%9A",
}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, 10 * 2**20, 10 * 2**20)


@pytest.fixture
def gatherer(spool: Spool) -> Callable[[], Gatherer]:
    cfg = Config()
    return lambda: Gatherer(cfg, ("127.0.0.1", 1), spool.of("127.0.0.1"), 2 * 2**20)


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("typed", RAW)
def test_a_raw_address_is_told_how_to_be_written(
    gatherer: Callable[[], Gatherer], typed: str, coding: str
) -> None:
    try:
        line = f"GET {typed} HTTP/1.1\r\n".encode(coding)
    except UnicodeEncodeError:
        return
    with pytest.raises(Refused) as refused:
        gatherer().feed(line + HOST + b"\r\n")
    assert refused.value.status == 400
    assert f"`{RAW[typed]}`" in str(refused.value)
    assert "percent-encoded" in refused.value.answer().decode()


@pytest.mark.parametrize("typed", OTHERWISE)
def test_an_address_that_is_encoded_otherwise_is_told_how_to_be_written(
    gatherer: Callable[[], Gatherer], typed: str
) -> None:
    with pytest.raises(Refused, match="not %E9") as refused:
        gatherer().feed(f"GET {typed} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
    assert refused.value.status == 400
    assert f"`{OTHERWISE[typed]}`" in str(refused.value)


def test_what_is_encoded_as_utf_8_is_taken(gatherer: Callable[[], Gatherer]) -> None:
    for path in (*RAW.values(), *OTHERWISE.values(), "/100%", "/%zz?q=%2F%26"):
        assert requests(gatherer(), b"GET %s HTTP/1.1\r\n%s\r\n" % (path.encode(), HOST))


def test_a_raw_address_that_is_long_is_not_shown(gatherer: Callable[[], Gatherer]) -> None:
    with pytest.raises(Refused, match="percent-encoded as UTF-8") as refused:
        gatherer().feed(b"GET /?q=" + "é".encode() * 1000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert len(refused.value.answer()) < 700


def requests(one: Gatherer, *pieces: bytes) -> list[tuple[str, bytes]]:
    """Feed the pieces as a worker does; return the path and body of each request."""
    found = []
    for piece in pieces:
        got: Any = one.feed(piece)
        while got is not None:
            request, body = got
            found.append((request.path, body.file.read()))
            body.close()
            got = None if one.idle else one.feed(b"")
    return found


def outcome(one: Gatherer, sent: bytes) -> object:
    """Return the status of a refusal, or what else came of the bytes."""
    try:
        found = requests(one, sent)
    except Refused as refused:
        return refused.status
    length = sum(len(path) + len(body) for path, body in found)
    return "requests" if length <= len(sent) else "more than was sent"


bodies = st.one_of(st.none(), st.binary(max_size=60))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(bodies, st.booleans()), min_size=1, max_size=4), st.lists(st.integers(0)))
def test_pipelined_requests_are_the_same_however_they_are_cut(
    gatherer: Callable[[], Gatherer], wanted: list[tuple[bytes | None, bool]], places: list[int]
) -> None:
    sent = b""
    for number, (body, chunked) in enumerate(wanted):
        sent += b"POST /%d HTTP/1.1\r\n" % number + HOST
        if body is None:
            sent += b"\r\n"
        elif chunked:
            chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
            sent += b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
        else:
            sent += b"Content-Length: %d\r\n\r\n" % len(body) + body
    assert requests(gatherer(), *cut(sent, places)) == [
        (f"/{number}", body or b"") for number, (body, _) in enumerate(wanted)
    ]


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
def test_a_head_that_breaks_the_rules_is_refused(
    gatherer: Callable[[], Gatherer], sent: bytes, status: int
) -> None:
    for pieces in ([sent], [bytes((byte,)) for byte in sent + b"\r\n\r\n"]):
        with pytest.raises(Refused) as refused:
            requests(gatherer(), *pieces)
        assert refused.value.status == status


@pytest.mark.parametrize(
    "host",
    [
        b"a",
        b"a.example:80",
        b"127.0.0.1:5000",
        b"[::1]:5000",
        b"a_b",
        b"a:65535",
        b"[::ffff:1.2.3.4]",
    ],
)
def test_a_host_is_taken(gatherer: Callable[[], Gatherer], host: bytes) -> None:
    assert requests(gatherer(), b"GET /a HTTP/1.1\r\nHost: %s\r\n\r\n" % host)


def test_http_1_0_needs_no_host(gatherer: Callable[[], Gatherer]) -> None:
    assert requests(gatherer(), b"GET /a HTTP/1.0\r\n\r\n") == [("/a", b"")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_nothing_but_a_refusal_comes_of_nonsense(
    gatherer: Callable[[], Gatherer], sent: bytes
) -> None:
    for data in (sent, b"POST / HTTP/1.1\r\n" + HOST + sent, GET[:-2] + sent):
        assert outcome(gatherer(), data) in {"requests", 400, 414, 417, 431, 501}


def test_a_long_body_waits_in_a_file_without_a_name(
    gatherer: Callable[[], Gatherer], spool: Spool, tmp_path: Path
) -> None:
    one = gatherer()
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n"
    assert one.feed(head + bytes(PIECE_BYTES)) is None
    assert spool.used == (PIECE_BYTES, 0)
    assert one.feed(bytes(1000)) is None
    assert spool.used == (0, PIECE_BYTES + 1000)
    assert list(tmp_path.iterdir()) == []
    one.close()
    assert spool.used == (0, 0)


def test_a_body_that_no_route_takes_is_not_kept(
    gatherer: Callable[[], Gatherer], spool: Spool
) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3000000\r\n\r\n"
    request, body = gatherer().feed(head + b"x") or (None, None)
    assert (request.should_close(), body.size, spool.used) == (True, 0, (0, 0))


def test_chunks_that_no_route_takes_end_where_that_is_known(
    gatherer: Callable[[], Gatherer],
) -> None:
    one = gatherer()
    chunk = b"fffff\r\n" + bytes(0xFFFFF) + b"\r\n"
    one.feed(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
    assert [one.feed(chunk) is None for _ in range(2)] == [True, True]
    request, body = one.feed(chunk) or (None, None)
    assert request.should_close()
    assert body.size > 2 * 2**20
    body.close()


def test_what_one_address_may_keep_on_the_disk_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 4 * 2**20, 2**20)
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2000000\r\n\r\n"
    one, other = (
        Gatherer(Config(), (name, 1), spool.of(name), 2 * 2**20) for name in ("1.1.1.1", "2.2.2.2")
    )
    one.feed(head)
    with pytest.raises(Refused) as refused:
        one.feed(bytes(1_500_000))
    assert refused.value.status == 503
    other.feed(head)
    assert other.feed(bytes(900_000)) is None
    one.close()
    other.close()
    assert spool.used == (0, 0)


def test_a_client_that_waits_for_a_word_gets_it_once(gatherer: Callable[[], Gatherer]) -> None:
    one = gatherer()
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    assert one.feed(head) is None
    assert [one.takes_word(), one.takes_word()] == [True, False]
    assert requests(one, b"hello") == [("/", b"hello")]


def test_heads_that_do_not_end_are_counted_and_the_next_is_refused(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 2**20, 2**20, memory_bytes=100_000)
    one, other = (
        Gatherer(Config(), (name, 1), spool.of(name), 2 * 2**20) for name in ("1.1.1.1", "2.2.2.2")
    )
    long = GET[:-2] + (b"X-Long: " + b"x" * 7000 + b"\r\n") * 8
    one.feed(long)
    assert spool.used == (len(long), 0)
    with pytest.raises(Refused) as refused:
        other.feed(long)
    assert refused.value.status == 503
    other.close()
    assert one.feed(b"\r\n") is not None
    assert spool.used == (0, 0)
    other.feed(long)
    other.close()
    assert spool.used == (0, 0)


def test_short_heads_are_not_counted(spool: Spool, gatherer: Callable[[], Gatherer]) -> None:
    one = gatherer()
    one.feed(GET[:-2] + b"X-Long: " + b"x" * 2000)
    assert spool.used == (0, 0)
    one.close()
