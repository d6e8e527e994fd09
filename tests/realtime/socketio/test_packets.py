"""Packets as bytes: what comes is read or refused, and what goes out is read as it was meant."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.errors import Malformed, Unprocessable
from collab.core.json import Stored
from collab.core.models import utcnow
from collab.events.message import Message
from collab.realtime.json_door.protocol import TooBig
from collab.realtime.socketio_door import packets
from collab.realtime.socketio_door.names import body_of
from collab.realtime.socketio_door.speech import write
from collab.realtime.transport.frames import BINARY, TEXT, fragments, frame, unframed

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.text() | st.from_regex(r"4[0-6](/a,)?[0-9]{0,3}[\[{\"a-z]{0,9}", fullmatch=True))
def test_any_text_is_a_packet_or_refused(data):
    with suppress(Malformed, TooBig):
        packet = packets.read(data)
        packet.arguments()
        packet.members()


@given(st.text(min_size=1), st.lists(JSON_VALUES, max_size=3), st.integers(0, 10**14) | st.none())
def test_an_event_is_read_as_it_was_sent(name, arguments, ack):
    sent = f"42{'' if ack is None else ack}" + json.dumps([name, *arguments])
    packet = packets.read(sent)
    assert (packet.kind, packet.namespace, packet.ack) == (packets.EVENT_KIND, "/", ack)
    assert packet.arguments() == [name, *arguments]


@pytest.mark.parametrize("sent", ["451-[1]", "46[1]", "bAAAA", b"42[1]"])
def test_binary_packets_are_refused(sent):
    with pytest.raises(Malformed, match="Binary"):
        packets.read(sent)


@given(st.text(), st.lists(JSON_VALUES, max_size=2))
def test_any_event_asks_for_something_or_is_refused(name, arguments):
    with suppress(Unprocessable):
        body, _ = body_of(name, arguments)
        assert isinstance(body["type"], str)


@given(st.dictionaries(st.text(max_size=8) | st.just("userId"), JSON_VALUES), st.booleans())
def test_who_did_it_is_the_last_word_whatever_the_payload_says(data, stored):
    payload = Stored(json.dumps(data)) if stored else data
    message = Message("project:1", "file.changed", 7, payload, utcnow(), 5)
    ours, older = (json.loads(text[2:]) for _, text in unframed(write(message)))
    assert (ours[0], ours[1]["actor"], ours[2]) == ("file.changed", 7, "5")
    assert (older[0], older[1], older[2]) == ("file-change", data | {"userId": 7}, "5")


@given(st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=300)), max_size=5))
def test_frames_are_read_as_the_messages_that_they_were(messages):
    whole = b"".join(frame(opcode, payload) for opcode, payload in messages)
    cut = b"".join(b"".join(fragments(opcode, payload, 7)) for opcode, payload in messages)
    assert list(unframed(whole)) == list(unframed(cut)) == messages


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536])
def test_a_frame_of_any_size_is_read(size):
    assert list(unframed(frame(TEXT, b"x" * size))) == [(TEXT, b"x" * size)]


@pytest.mark.parametrize("sent", ['40["a"]', "40[]", "40/a,[5]"])
def test_what_a_client_says_of_itself_is_an_object(sent):
    with pytest.raises(Malformed):
        packets.read(sent).members()


def test_a_client_need_not_say_anything_of_itself():
    assert packets.read("40").members() == {}


def test_a_packet_of_few_characters_and_too_many_bytes_is_too_big():
    letters = packets.MAX_MESSAGE_BYTES // 4 + 1
    assert packets.read('42["' + "x" * letters + '"]').arguments() == ["x" * letters]
    with pytest.raises(TooBig):
        packets.read('42["' + "😀" * letters + '"]')
