"""The frames that the server writes, read by an implementation that is not ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, TextMessage

from collab.realtime.transport.frames import MAX_REASON_BYTES, close_frame, text_frame


def read(data: bytes) -> list[Event]:
    """Read frames as a client does."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    return list(client.events())


def texts(data: bytes) -> list[str]:
    """Return the messages in some bytes; long ones come in parts."""
    found, part = [], ""
    for event in read(data):
        assert isinstance(event, TextMessage)
        part += event.data
        if event.message_finished:
            found.append(part)
            part = ""
    return found


#: Around the borders where a frame's length is written in another way (RFC 6455 §5.2).
SIZES = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 300_000]


@pytest.mark.parametrize("size", SIZES)
def test_a_text_of_any_size_is_read_back(size: int) -> None:
    assert texts(text_frame(b"x" * size)) == ["x" * size]


@given(st.lists(st.text(max_size=200), max_size=5))
def test_texts_one_after_the_other_are_read_back(messages: list[str]) -> None:
    assert texts(b"".join(text_frame(one.encode()) for one in messages)) == messages


@given(st.sampled_from([1000, 1001, 1008, 1009, 1011, 4008, 4401]), st.text(max_size=40))
def test_a_close_with_its_code_and_reason_is_read_back(code: int, reason: str) -> None:
    (event,) = read(close_frame(code, reason))
    assert isinstance(event, CloseConnection)
    assert (event.code, event.reason or "") == (code, cut(reason))


def cut(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


@given(st.text(alphabet="aé€😀", min_size=30, max_size=200))
def test_a_reason_that_is_too_long_is_cut_between_characters(reason: str) -> None:
    (event,) = read(close_frame(1008, reason))
    assert isinstance(event, CloseConnection)
    assert reason.startswith(event.reason or "")
    assert len((event.reason or "").encode()) > min(len(reason.encode()), MAX_REASON_BYTES) - 4
