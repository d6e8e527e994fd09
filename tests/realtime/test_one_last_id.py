"""Several topics come merged, in the log's order: the last id that was seen is true for each."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..support import history
from ..support.made_once import made_once
from ..support.people import Person
from ..support.sockets import Socket
from ..support.streams import Stream

#: Topics in the log; a reader follows some of them.
TOPICS = 4


class SocketReader:
    """Reads a socket for as many messages as it is let, and knows the last id that it saw."""

    def __init__(self, url: str, person: Person) -> None:
        self.url, self.person = url, person
        self.seen: list[int] = []
        self.last: int | None = None

    @staticmethod
    def answers(topics: list[str]) -> int:
        """Return how many messages come before the first row."""
        return len(topics)

    def opens(self, topics: list[str], **after: int) -> Socket:
        return Socket(self.url, token=self.person.token, topic=topics, **after)

    def reads(self, topics: list[str], count: int | None) -> None:
        """Come back with the last id, and read `count` messages, or all that there is."""
        after = {} if self.last is None else {"after": self.last}
        with self.opens(topics, **after) as socket:
            if count is None:
                socket.flush()
            while count is not None and len(socket.seen) < count:
                socket.receive()
        for frame in socket.seen:
            assert frame.get("recovered", True)
            if frame["type"] == "subscribed" and self.last is None:
                self.last = frame["last_id"]
        ids = [int(one["id"]) for one in socket.events()]
        self.seen += ids
        self.last = ids[-1] if ids else self.last


class StreamReader(SocketReader):
    """Knows nothing but the `id` of the last event, as an EventSource does."""

    @staticmethod
    def answers(topics: list[str]) -> int:
        return 1

    def reads(self, topics: list[str], count: int | None) -> None:
        if count == 0:
            return
        with Stream(self.url, self.person.token, self.last, topic=topics) as stream:
            for sent in stream:
                assert sent.data.get("recovered", True)
                self.last = int(sent.id) if sent.id else self.last
                if sent.id and sent.name == "message":
                    self.seen.append(int(sent.id))
                if len(stream.seen) == count or sent.data.get("data") == {"end": True}:
                    return


class TopicsInMessage(SocketReader):
    """Names the topics in a message instead of the address."""

    def opens(self, topics: list[str], **after: int) -> Socket:
        socket = Socket(self.url, token=self.person.token)
        socket.send("subscribe", topics=topics, **after)
        return socket


@made_once
def projects(alice: Person) -> list[int]:
    """Return projects of alice's that bob may see."""
    return [alice.makes_project(f"P{n}", bob="viewer") for n in range(TOPICS)]


@pytest.mark.parametrize("kind", [SocketReader, TopicsInMessage, StreamReader])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_nothing_is_lost_or_doubled_wherever_a_reader_is_cut(
    kind: type[SocketReader],
    data: Any,
    alice: Person,
    bob: Person,
    projects: list[int],
    app: Flask,
    server: Any,
) -> None:
    some = st.sets(st.sampled_from(projects), min_size=1)
    followed = data.draw(some.map(sorted))
    topics = [f"project:{one}" for one in followed]
    server.drain()
    start = history.ids(app)[-1]
    reader = kind(server.url, bob)
    reader.reads(topics, kind.answers(topics))
    assert reader.last == start
    for burst in data.draw(st.lists(st.lists(st.sampled_from(projects)), max_size=4)):
        for one in burst:
            alice.tells(one, n=1)
        server.drain()
        missed = history.ids(app, *topics, after=reader.last)
        # Cut before anything came, in the answers, in the replay, or after it.
        reader.reads(topics, data.draw(st.integers(0, kind.answers(topics) + len(missed))))
    alice.tells(followed[-1], end=True)
    server.drain()
    reader.reads(topics, None)
    assert reader.seen == history.ids(app, *topics, after=start)
