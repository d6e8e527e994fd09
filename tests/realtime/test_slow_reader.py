"""A reader who takes too little is cut off, learns where to resume, and slows nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from flask import Flask

from collab.realtime.transport.live import LIVE
from collab.realtime.transport.wire import KERNEL_BUFFER, MAX_UNSENT_BYTES

from ..support import history
from ..support.people import Person, ok
from ..support.raw import RawSocket
from ..support.streams import Stream
from ..support.waiting import eventually

SIZE = 150_000
#: Enough to fill all buffers between the server and a reader who has stopped.
ENOUGH = 16
#: Bytes that the kernel takes for such a reader: by itself it would take megabytes.
RECEIVE_BUFFER = 4096
#: The same for one who reads to the end of what is left for them.
STREAM_BUFFER = 64 * 1024
#: Events that may be on their way to somebody who reads all the time.
MOST_AHEAD = 2


@pytest.fixture
def stopped(server: Any, bob: Person, project: int) -> Iterator[RawSocket]:
    """Return bob's socket, which has subscribed and reads no more."""
    with RawSocket(
        server.url, token=bob.token, project_id=project, receive_buffer=RECEIVE_BUFFER
    ) as reader:
        assert reader.receive()["type"] == "subscribed"
        yield reader


def tells_much(
    alice: Person, project: int, size: int = SIZE, heard: list[int] | None = None
) -> list[int]:
    """Publish many events, the last of them marked; no faster than `heard` grows, if it is given.

    Who reads all the time may be slow, too, on a busy machine.
    """
    told: list[int] = []
    for text in ["x" * size] * ENOUGH + ["last"]:
        told.append(alice.tells(project, text=text))
        if heard is not None:
            eventually(lambda: len(heard) + MOST_AHEAD >= len(told))
    return told


def recorded(messages: list[Any]) -> list[int]:
    return [int(one["id"]) for one in messages if "specversion" in one and "signal" not in one]


def read_to_the_last(reader: RawSocket, heard: list[int] | None = None) -> list[int]:
    """Read until the marked event; return all events' ids, which `heard` gets as they come."""
    heard = [] if heard is None else heard
    message: Any = {}
    while message.get("data", {}).get("text") != "last":
        message = reader.receive()
        heard += recorded([message])
    return heard


@contextmanager
def read_meanwhile(url: str, person: Person, project: int) -> Iterator[list[int]]:
    """Read with another socket within this block; after it the ids of all events are there."""
    found: list[int] = []
    with RawSocket(url, token=person.token, project_id=project) as reader:
        assert reader.receive()["type"] == "subscribed"
        thread = threading.Thread(target=read_to_the_last, args=(reader, found))
        thread.start()
        yield found
        thread.join()


# -- sockets --------------------------------------------------------------------------------------


def test_a_socket_that_is_not_read_is_closed_with_4008_and_told_where_the_rest_begins(
    stopped: RawSocket, alice: Person, bob: Person, project: int, server: Any
) -> None:
    told = tells_much(alice, project)
    messages, code, reason = stopped.until_closed()
    arrived = recorded(messages)
    # The last event that arrived whole.
    assert (code, reason) == (4008, f"You read too slowly. Resume after {arrived[-1]}.")
    assert arrived == told[: len(arrived)]
    where = {"token": bob.token, "project_id": project}
    with RawSocket(server.url, after=arrived[-1], **where) as again:
        assert arrived + read_to_the_last(again) == told


def test_a_slow_reader_is_present_no_longer_once_cut_off(
    stopped: RawSocket, alice: Person, project: int
) -> None:
    tells_much(alice, project)
    assert stopped.until_closed()[1] == 4008
    stopped.close()
    presence = {"project_id": project}
    eventually(lambda: ok(alice.get("/presence", params=presence))["items"] == [])


def test_others_get_everything_while_one_does_not_read(
    stopped: RawSocket, alice: Person, vera: Person, project: int, server: Any
) -> None:
    with read_meanwhile(server.url, vera, project) as found:
        told = tells_much(alice, project, heard=found)
    assert found == told


def test_a_slow_reader_is_kept_no_more_than_the_limit_and_one_message(
    stopped: RawSocket, alice: Person, project: int
) -> None:
    tells_much(alice, project)
    size = sum(len(str(one)) for one in stopped.until_closed()[0])
    on_the_way = 2 * KERNEL_BUFFER + stopped.tcp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert size < MAX_UNSENT_BYTES + on_the_way + 2 * SIZE


def test_a_reader_who_stops_during_the_replay_is_told_where_to_resume(
    app: Flask, server: Any, bob: Person, alice: Person, project: int
) -> None:
    start = history.ids(app)[-1]
    told = history.fill(app, project, 40, size=SIZE)
    server.drain()
    with RawSocket(
        server.url, token=bob.token, project_id=project, after=start, receive_buffer=RECEIVE_BUFFER
    ) as reader:
        first = [reader.receive(), reader.receive()]
        tells_much(alice, project)  # held back during the replay, up to the limit
        messages, code, reason = reader.until_closed()
    arrived = recorded(first + messages)
    assert (code, reason) == (4008, f"You read too slowly. Resume after {arrived[-1]}.")
    assert arrived == told[: len(arrived)]


def test_a_reader_who_reads_is_not_cut_off_however_much_there_is_to_replay(
    app: Flask, server: Any, alice: Person, bob: Person, project: int
) -> None:
    start = history.ids(app)[-1]
    told = history.fill(app, project, 40, size=200_000)
    server.drain()
    alice.tells(project, text="last")
    with RawSocket(
        server.url, token=bob.token, project_id=project, after=start, receive_buffer=RECEIVE_BUFFER
    ) as reader:
        assert read_to_the_last(reader)[:-1] == told


# -- streams --------------------------------------------------------------------------------------


@pytest.fixture
def stopped_stream(bob: Person, project: int, follow: Any) -> Stream:
    """Return bob's stream, which is not read any more."""
    stream: Stream = follow(bob, project_id=project, receive_buffer=STREAM_BUFFER)
    stream.until("subscribed")
    return stream


def read_to_the_end(stream: Stream) -> list[int]:
    """Read what is left of a stream that was ended in the middle, and return its ids."""
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        stream.rest()
    return recorded(stream.events())


def test_a_stream_that_is_not_read_is_ended_and_resumes_with_the_rest_exactly(
    stopped_stream: Stream, alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = tells_much(alice, project)
    arrived = read_to_the_end(stopped_stream)
    assert arrived == told[: len(arrived)]
    again = follow(bob, project_id=project, last_event_id=arrived[-1])
    while again.until("file.changed").data["data"]["text"] != "last":
        pass
    assert arrived + recorded(again.events()) == told


def test_others_get_everything_while_one_stream_is_not_read(
    stopped_stream: Stream, alice: Person, vera: Person, project: int, server: Any
) -> None:
    with read_meanwhile(server.url, vera, project) as found:
        told = tells_much(alice, project, heard=found)
    assert found == told


def test_a_stream_that_is_not_read_gives_its_place_back(
    stopped_stream: Stream, alice: Person, project: int, app: Flask
) -> None:
    tells_much(alice, project)
    eventually(lambda: not LIVE.of(app).capacity.used)
