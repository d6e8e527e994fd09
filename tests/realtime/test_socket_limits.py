"""Frames that break the rules of RFC 6455 or of the service end the socket, with the right code."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from collab.realtime.json_door.protocol import MAX_MESSAGE_BYTES

from ..support.each import each
from ..support.people import Person
from ..support.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawSocket, client_frame
from ..support.sockets import Socket


@pytest.fixture
def socket(bob: Person, connect: Any) -> Socket:
    """Return bob's socket."""
    made: Socket = connect(bob)
    return made


@pytest.fixture
def raw(server: Any, bob: Person) -> Iterator[RawSocket]:
    """Return bob's socket without a library's good manners."""
    with RawSocket(server.url, token=bob.token) as made:
        yield made


def ping_of(size: int, letter: str = "x") -> str:
    """Return a ping message of a size in bytes."""
    frame = json.dumps({"type": "ping", "ref": ""})
    letters = (size - len(frame)) // len(letter.encode())
    padding = size - len(frame) - letters * len(letter.encode())
    return frame[:-2] + letter * letters + "x" * padding + frame[-2:]


# -- size -----------------------------------------------------------------------------------------


def test_a_message_of_256_kib_is_answered(socket: Socket) -> None:
    socket.ws.send(ping_of(MAX_MESSAGE_BYTES))
    assert socket.receive()["type"] == "pong"


@pytest.mark.parametrize("letter", ["x", "é", "€", "😀"])
def test_a_message_over_256_kib_gets_an_error_and_closes_with_1009(
    letter: str, socket: Socket
) -> None:
    socket.ws.send(ping_of(MAX_MESSAGE_BYTES + 1, letter))
    closed = socket.wait_closed()
    assert (socket.seen[-1]["type"], closed.code) == ("error", 1009)


def test_a_message_over_256_kib_in_fragments_closes_with_1009(raw: RawSocket) -> None:
    raw.send_frame(TEXT, b'{"type":"ping","ref":"', fin=False)
    for _ in range(5):
        raw.send_frame(CONTINUATION, b"x" * 60_000, fin=False)
    messages, code, _ = raw.until_closed()
    assert (messages[-1]["type"], code) == ("error", 1009)


def test_a_frame_that_announces_more_than_any_memory_closes_with_1009(raw: RawSocket) -> None:
    raw.tcp.sendall(bytes((0x81, 0xFF)) + (2**62).to_bytes(8) + b"mask")
    raw.tcp.sendall(b"x" * (MAX_MESSAGE_BYTES + 5))
    _, code, _ = raw.until_closed()
    assert code == 1009


def test_a_publication_over_256_kib_is_refused_and_names_the_payload(
    alice: Person, project: int
) -> None:
    body = {"type": "activity", "project_id": project, "payload": {"a": "x" * MAX_MESSAGE_BYTES}}
    answer = alice.post("/events", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/payload"


# -- rate -----------------------------------------------------------------------------------------


def test_more_messages_a_second_than_allowed_get_an_error_and_close_with_1008(
    serve: Any, bob: Person
) -> None:
    with RawSocket(serve(MESSAGE_RATE="10").url, token=bob.token) as raw:
        raw.tcp.sendall(client_frame(TEXT, b'{"type":"ping"}') * 50)
        messages, code, _ = raw.until_closed()
    assert (messages[-1]["type"], messages[-1]["status"], code) == ("error", 429, 1008)


def test_as_many_messages_at_once_as_allowed_in_a_second_are_answered(
    serve: Any, bob: Person
) -> None:
    with RawSocket(serve(MESSAGE_RATE="10").url, token=bob.token) as raw:
        raw.tcp.sendall(client_frame(TEXT, b'{"type":"ping"}') * 10)
        assert [raw.receive()["type"] for _ in range(10)] == ["pong"] * 10


def test_what_is_no_message_counts_too(serve: Any, bob: Person) -> None:
    with RawSocket(serve(MESSAGE_RATE="10").url, token=bob.token) as raw:
        raw.tcp.sendall(client_frame(TEXT, b"nonsense") * 50)
        assert raw.until_closed()[1] == 1008


# -- frames ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"\xff", b'{"type":"\xc3\x28"}', b"\xed\xa0\x80", b"\xf8\x88"])
def test_invalid_utf_8_closes_with_1007(data: bytes, raw: RawSocket) -> None:
    raw.send_frame(TEXT, data)
    assert raw.until_closed()[1] == 1007


@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
def test_a_reserved_opcode_closes_with_1002(opcode: int, raw: RawSocket) -> None:
    raw.send_frame(opcode, b"x")
    assert raw.until_closed()[1] == 1002


def test_reserved_bits_close_with_1002(raw: RawSocket) -> None:
    raw.send_frame(TEXT, b'{"type":"ping"}', rsv=3)
    assert raw.until_closed()[1] == 1002


def test_an_unmasked_frame_closes_with_1002(raw: RawSocket) -> None:
    raw.send_frame(TEXT, b'{"type":"ping"}', masked=False)
    assert raw.until_closed()[1] == 1002


def test_a_continuation_of_nothing_closes_with_1002(raw: RawSocket) -> None:
    raw.send_frame(CONTINUATION, b"x")
    assert raw.until_closed()[1] == 1002


def test_a_new_message_inside_a_fragmented_one_closes_with_1002(raw: RawSocket) -> None:
    raw.send_frame(TEXT, b'{"type"', fin=False)
    raw.send_frame(TEXT, b'{"type":"ping"}')
    assert raw.until_closed()[1] == 1002


def test_a_fragmented_control_frame_closes_with_1002(raw: RawSocket) -> None:
    raw.send_frame(PING, b"x", fin=False)
    assert raw.until_closed()[1] == 1002


def test_a_long_control_frame_closes_with_1002(raw: RawSocket) -> None:
    raw.send_frame(PING, b"x" * 126)
    assert raw.until_closed()[1] == 1002


def test_a_message_in_fragments_is_put_together(raw: RawSocket) -> None:
    text = '{"type":"ping","ref":"é😀"}'.encode()
    raw.send_frame(TEXT, text[:1], fin=False)
    for byte in text[1:-1]:
        raw.send_frame(CONTINUATION, bytes((byte,)), fin=False)
    raw.send_frame(CONTINUATION, text[-1:])
    assert raw.receive()["ref"] == "é😀"


def test_a_ping_between_fragments_is_answered_first(raw: RawSocket) -> None:
    raw.send_frame(TEXT, b'{"type":', fin=False)
    raw.send_frame(PING, b"here?")
    raw.send_frame(CONTINUATION, b'"ping"}')
    assert raw.read_frame() == (PONG, b"here?")
    assert raw.receive()["type"] == "pong"


def test_a_message_byte_by_byte_is_put_together(raw: RawSocket) -> None:
    for byte in client_frame(TEXT, b'{"type":"ping","ref":1}'):
        raw.tcp.sendall(bytes((byte,)))
    assert raw.receive()["ref"] == 1


def test_a_pong_that_nobody_asked_for_is_passed_over(raw: RawSocket) -> None:
    raw.send_frame(PONG, b"unasked")
    raw.send("ping", ref=1)
    assert raw.receive()["ref"] == 1


def test_a_binary_message_that_is_fragmented_is_refused(raw: RawSocket) -> None:
    raw.send_frame(BINARY, b"\x00", fin=False)
    raw.send_frame(CONTINUATION, b"\xff")
    assert raw.receive()["status"] == 400


# -- compression ----------------------------------------------------------------------------------


@cache
def bomb() -> bytes:
    """Return 16 MB compressed as RFC 7692 §7.2.1 says, which takes a while."""
    data, squeezer = b"x" * 16_000_000, zlib.compressobj(9, zlib.DEFLATED, -15)
    return (squeezer.compress(data) + squeezer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@each(itertools.product([True, False], ["/ws", "/ws/notifications", "/yjs/{file}"]))
def test_a_compressed_message_is_never_unpacked(
    fin: bool, path: str, *, server: Any, alice: Person, project: int
) -> None:
    path = path.format(file=alice.makes_text(project))
    offer = "permessage-deflate"
    with RawSocket(server.url, path, token=alice.token, extensions=offer) as sock:
        sock.send_frame(TEXT, bomb(), rsv=4, fin=fin)
        assert sock.until_closed()[1] == 1002


def test_who_is_not_signed_in_yet_has_no_message_unpacked(server: Any) -> None:
    with RawSocket(server.url, extensions="permessage-deflate") as sock:
        sock.send_frame(TEXT, bomb(), rsv=4)
        assert sock.until_closed()[1] == 1002


def test_who_offers_compression_goes_on_without_it(server: Any, bob: Person) -> None:
    with RawSocket(server.url, token=bob.token, extensions="permessage-deflate") as sock:
        sock.send("ping", ref="plain")
        assert sock.receive()["ref"] == "plain"


# -- closing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_a_close_is_answered_with_one_close_frame_and_the_end(code: int, raw: RawSocket) -> None:
    raw.send_frame(CLOSE, code.to_bytes(2) + b"bye")
    opcode, payload = raw.read_frame()
    assert (opcode, raw.rest()) == (CLOSE, b"")
    assert int.from_bytes(payload[:2]) == code


def test_a_close_without_a_code_is_answered(raw: RawSocket) -> None:
    raw.send_frame(CLOSE)
    assert raw.read_frame()[0] == CLOSE


@pytest.mark.parametrize("payload", [b"\x03", (1004).to_bytes(2), (999).to_bytes(2)])
def test_a_malformed_close_ends_the_socket(payload: bytes, raw: RawSocket) -> None:
    raw.send_frame(CLOSE, payload)
    assert raw.until_closed()[1] in (1000, 1002)


def test_what_comes_after_a_close_is_not_read(raw: RawSocket) -> None:
    close, ping = client_frame(CLOSE, (1000).to_bytes(2)), client_frame(TEXT, b'{"type":"ping"}')
    raw.tcp.sendall(close + ping)
    assert raw.until_closed()[0] == []
