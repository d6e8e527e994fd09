"""The stream: the log as server-sent events, resumed with Last-Event-ID."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from collab.core.models import utcnow
from collab.events import log
from collab.realtime.transport.follower import ROWS_PER_READ
from collab.realtime.transport.live import LIVE

from ..support import history
from ..support.each import each
from ..support.people import Person, ok
from ..support.streams import Sent, Stream
from ..support.writers import Writer


def ids(stream: Stream) -> list[int]:
    return [int(one["id"]) for one in stream.events()]


def read_through(stream: Stream, last: int) -> list[int]:
    """Read until a row arrives and return the ids of all rows."""
    while last not in ids(stream):
        next(iter(stream))
    return ids(stream)


def started(stream: Stream) -> Stream:
    """Read to the place where a stream is live."""
    stream.until("subscribed")
    return stream


# -- form -----------------------------------------------------------------------------------------


def test_a_stream_is_an_event_stream_that_nobody_keeps(
    bob: Person, project: int, follow: Any
) -> None:
    headers = follow(bob, project_id=project).response.headers
    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["Cache-Control"] == "no-store"


def test_a_stream_begins_with_where_it_is_and_who_is_present(
    bob: Person, project: int, app: Flask, follow: Any
) -> None:
    first = started(follow(bob, project_id=project)).seen[0]
    newest = history.ids(app)[-1]
    assert first == Sent(
        "subscribed",
        str(newest),
        {
            "topics": [f"project:{project}"],
            "last_id": newest,
            "recovered": True,
            "present": {f"project:{project}": [{"user_id": bob.id, "name": "Bob"}]},
        },
    )


def test_a_row_comes_with_its_id_and_the_same_envelope_as_everywhere(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    stream = started(follow(bob, project_id=project))
    told = alice.tells(project, n=1)
    sent = stream.until("file.changed")
    page = ok(alice.get("/events", params={"project_id": project, "after": told - 1}))
    assert (sent.id, sent.data) == (str(told), page["items"][0])


def test_a_signal_has_no_id_to_resume_after(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    stream = started(follow(bob, project_id=project))
    body = {"type": "cursor_moved", "project_id": project, "payload": {"line": 1}}
    assert alice.post("/events", body).status_code == 202
    assert stream.until("cursor.moved").id is None


def test_an_idle_stream_shows_that_it_is_alive(
    serve: Any, bob: Person, project: int, follow: Any
) -> None:
    stream = follow(bob, url=serve(PING_SECONDS="1").url, project_id=project)
    lines = stream.response.iter_lines()
    assert any(line == ": still here" for line in lines)


def test_a_stream_asks_to_come_back_after_a_second(bob: Person, project: int, follow: Any) -> None:
    lines = follow(bob, project_id=project).response.iter_lines()
    assert next(lines) == "retry: 1000"


# -- what is followed -----------------------------------------------------------------------------


def test_a_stream_without_a_topic_follows_oneself_and_all_projects(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    alice.makes_project("Not bob's")
    first = follow(bob).until("subscribed")
    assert first.data["topics"] == [f"user:{bob.id}", f"project:{project}", f"project:{other}"]


def test_a_stream_follows_several_topics_in_the_logs_order(
    alice: Person, bob: Person, project: int, follow: Any, server: Any
) -> None:
    other = alice.makes_project("Other", bob="viewer")
    server.drain()
    stream = started(follow(bob, topic=[f"project:{project}", f"project:{other}"]))
    told = [alice.tells(one, n=1) for one in (project, other, project, other)]
    assert read_through(stream, told[-1]) == told


@pytest.mark.parametrize("name", ["project_id", "projectId"])
def test_a_stream_of_a_project_may_be_asked_for_by_its_id(
    name: str, bob: Person, project: int, follow: Any
) -> None:
    assert follow(bob, **{name: project}).until("subscribed").data["topics"] == [
        f"project:{project}"
    ]


def test_a_stream_of_what_may_not_be_followed_is_not_there(
    charlie: Person, project: int, follow: Any
) -> None:
    assert follow(charlie, project_id=project).response.status_code == 404


def test_a_stream_needs_somebody(nobody: Person, follow: Any) -> None:
    assert follow(nobody).response.status_code == 401


def test_a_stream_may_be_opened_with_a_token_in_the_address(
    bob: Person, nobody: Person, project: int, follow: Any
) -> None:
    stream = follow(nobody, token=bob.token, project_id=project)
    assert stream.until("subscribed").data["recovered"] is True


# -- resuming -------------------------------------------------------------------------------------


def test_a_stream_resumes_after_last_event_id(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(5)]
    stream = follow(bob, project_id=project, last_event_id=told[1])
    assert read_through(stream, told[-1]) == told[2:]


def test_a_stream_resumes_after_the_id_in_its_address(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(5)]
    assert read_through(follow(bob, project_id=project, after=told[1]), told[-1]) == told[2:]


def test_last_event_id_goes_before_after(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(5)]
    stream = follow(bob, project_id=project, last_event_id=told[3], after=told[0])
    assert read_through(stream, told[-1]) == told[4:]


def test_a_stream_catches_up_while_a_writer_goes_on_without_a_gap_or_a_double(
    alice: Person, bob: Person, project: int, app: Flask, follow: Any
) -> None:
    history.fill(app, project, 2 * ROWS_PER_READ + 1)  # a replay in three reads of the log
    with Writer(alice, project) as writer:
        writer.writes(5)
        streams = [follow(bob, project_id=project, after=0) for _ in range(3)]
        for stream in streams:
            stream.until("subscribed")
        writer.writes(30)
    wanted = history.ids(app, f"project:{project}")
    assert [read_through(stream, wanted[-1]) for stream in streams] == [wanted] * 3


def test_a_stream_that_resumes_after_what_was_pruned_is_told_so(
    alice: Person, bob: Person, project: int, app: Flask, follow: Any
) -> None:
    first = alice.tells(project, n=1)
    with app.app_context():
        log.prune(timedelta(0), utcnow() + timedelta(seconds=1))
    stream = follow(bob, project_id=project, last_event_id=first - 1)
    assert stream.until("subscribed").data["recovered"] is False


@each(
    [
        10**6,
        10**18 - 1,
        10**30,
        "abc",
        "1e3",
        "-1",
        "+1",
        "1.0",
        "0x1",
        "1 2",
        "1,2",
        "²",
        "x" * 999,
    ]
)
def test_a_last_event_id_that_is_not_of_this_log_is_not_recovered(
    last: int | str, *, bob: Person, project: int, app: Flask, follow: Any, server: Any
) -> None:
    server.drain()
    told = follow(bob, project_id=project, last_event_id=last).until("subscribed")
    newest = history.ids(app)[-1]
    assert (told.data["recovered"], told.id) == (False, str(newest))


def test_leading_zeros_are_no_other_id(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(3)]
    stream = follow(bob, project_id=project, last_event_id="0" * 5000 + str(told[1]))
    assert read_through(stream, told[-1]) == told[2:]


def test_a_reader_who_has_seen_no_row_loses_nothing_when_they_come_back(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    last = follow(bob, project_id=project).until("subscribed").id
    told = alice.tells(project, n=1)
    assert read_through(follow(bob, project_id=project, last_event_id=last), told) == [told]


def test_the_id_of_the_beginning_is_not_ahead_of_what_is_still_to_come(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(5)]
    stream = follow(bob, project_id=project, last_event_id=told[1])
    assert stream.until("subscribed").id == str(told[1])


#: Each with what it is called in the address of a reader who comes back.
SPELLINGS = ["after", "lastEventId", "lastEventID", "Last-Event-ID"]


@each(SPELLINGS)
def test_a_stream_resumes_after_what_other_clients_call_the_last_id(
    name: str, *, alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(5)]
    stream = follow(bob, project_id=project, **{name: told[1]})
    assert read_through(stream, told[-1]) == told[2:]


@each(SPELLINGS[1:])
def test_of_several_ids_in_the_address_the_newest_counts(
    name: str, *, alice: Person, bob: Person, project: int, follow: Any
) -> None:
    """A polyfill appends its own to the address that it was opened with."""
    told = [alice.tells(project, n=n) for n in range(5)]
    stream = follow(bob, project_id=project, **{"after": told[0], name: told[3]})
    assert read_through(stream, told[-1]) == told[4:]


def test_a_topic_that_is_named_twice_comes_once(
    alice: Person, bob: Person, project: int, follow: Any
) -> None:
    told = [alice.tells(project, n=n) for n in range(3)]
    topic = f"project:{project}"
    stream = follow(bob, project_id=project, topic=[topic, topic], after=told[0])
    assert stream.until("subscribed").data["topics"] == [topic]
    assert read_through(stream, told[-1]) == told[1:]


@each(itertools.product([-1, "x", "1.5", 2**63], SPELLINGS))
def test_an_odd_after_is_refused(
    after: Any, name: str, *, bob: Person, project: int, follow: Any
) -> None:
    assert follow(bob, project_id=project, **{name: after}).response.status_code == 422


# -- the end --------------------------------------------------------------------------------------


def test_a_stream_says_that_the_server_stops_and_ends(
    bob: Person, project: int, app: Flask, follow: Any
) -> None:
    stream = started(follow(bob, project_id=project))
    LIVE.of(app).close()
    assert stream.rest()[-1].data == {"code": 1001, "reason": "The server is stopping."}


def test_a_stream_that_comes_while_the_server_stops_is_told_so_and_ends(
    bob: Person, project: int, app: Flask, follow: Any, server: Any
) -> None:
    LIVE.of(app).close()
    stream = follow(bob, project_id=project)
    assert stream.rest()[-1].data["code"] == 1001
