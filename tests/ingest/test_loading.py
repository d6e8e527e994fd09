"""What becomes of events between the inbox and the store."""

import json
import sqlite3
import threading
from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.ingest.pipeline.batch import Batch, Row
from collab.ingest.pipeline.engines.sqlite import IDS_PER_STATEMENT
from collab.ingest.pipeline.inbox import InboxFull, QuotaReached
from collab.ingest.pipeline.loading import Postponed
from collab.ingest.pipeline.queues.requests import MAX_BYTES, within_bounds
from collab.ingest.pipeline.rules import MAX_DERIVED_CHARACTERS
from collab.ingest.pipeline.stages import KnownSource
from collab.ingest.pipeline.unpacking import (
    CHECK_PATIENCE_S,
    GIVEN_UP_REASON,
    Patience,
    unpack,
)

from ..support.each import each
from ..support.pipeline import MORNING, Pipeline, conserved

ENGINES = ("sqlite", "postgres")

DAY = 86_400_000


def event(key: str | None = None, **more):
    """Return an event in the plain schema."""
    named = {} if key is None else {"event_id": key}
    return {"event_type": "click", "timestamp": "2026-01-31T09:29:00Z"} | named | more


def test_an_event_is_stored_with_all_that_was_said_of_it(pipeline):
    pipeline.takes(
        event("a", user_id="u1", data={"page": "/", "session_id": "s"}, metadata={"source": "web"})
    )
    pipeline.loads()
    assert pipeline.asks("SELECT ts, type, user_id, session_id, data FROM events") == [
        (
            MORNING - 60_000,
            "click",
            "u1",
            "s",
            '{"data":{"page":"/","session_id":"s"},"metadata":{"source":"web"}}',
        )
    ]


def test_a_malformed_event_costs_none_of_its_999_neighbours(pipeline):
    events = [event(str(number)) for number in range(1000)]
    events[500] = {"event_type": 5.5}
    pipeline.takes(*events)
    pipeline.loads()
    assert (len(pipeline.stored()), len(pipeline.letters())) == (999, 1)


HALF = b'{"event_type": "b", "data": {"x":  "\\ud83d"}}'
HUGE = b'{"event_type": "c", "data": {"n": 12345678901234567890123}}'


def test_a_letter_has_the_bytes_that_were_sent(pipeline):
    pipeline.takes(b'[{"event_type": "a"},\n' + HALF + b" , " + HUGE + b"]")
    pipeline.loads()
    assert [payload for _, _, payload in pipeline.letters()] == [HALF, HUGE]
    assert pipeline.totals()["stored"] == 1


def test_an_id_that_comes_again_is_counted_and_not_stored(pipeline):
    pipeline.takes(event("a"), event("b"), event("a"))
    pipeline.loads()
    pipeline.takes(event("b"), event("c"))
    pipeline.loads()
    assert pipeline.stored() == ["a", "b", "c"]
    assert pipeline.totals()["duplicate"] == 2


def test_the_same_id_on_another_day_is_another_event(pipeline):
    pipeline.takes(event("a"), event("a", timestamp="2026-01-30T09:29:00Z"))
    pipeline.loads()
    assert pipeline.stored() == ["a", "a"]


def test_an_event_without_a_time_is_known_after_midnight(pipeline):
    midnight = MORNING // DAY * DAY
    undated = {"event_type": "click", "event_id": "a"}
    pipeline.takes(undated, received=midnight - 5)
    pipeline.takes(undated, received=midnight + 5)
    pipeline.loads()
    assert pipeline.stored() == ["a"]


def test_ids_are_those_of_their_source(pipeline):
    pipeline.has_source(2)
    pipeline.takes(event("a"))
    pipeline.takes(event("a"), source=2)
    pipeline.loads()
    assert pipeline.stored() == ["a", "a"]


def test_two_spellings_of_a_uuid_are_two_ids(pipeline):
    key = "0b8fa2cc-1a52-4c1f-9d7c-1a2b3c4d5e6f"
    pipeline.takes(event(key), event(key.upper()), event(key))
    pipeline.loads()
    assert len(pipeline.stored()) == 2


def test_a_late_event_counts_in_its_own_minute(pipeline):
    pipeline.takes(event("a", timestamp="2026-01-31T08:00:10Z"), event("b"))
    pipeline.loads()
    early = (MORNING - 90 * 60_000) // 60_000
    query = "SELECT events, late FROM minutes WHERE minute = ?"
    assert pipeline.asks(query, early) == [(1, 1)]
    assert pipeline.totals()["late"] == 1


def test_a_clock_that_is_slow_by_an_hour_is_corrected_by_what_it_said_when_it_sent(pipeline):
    body = {"batch": [{"type": "page", "messageId": "a", "timestamp": "2026-01-31T08:29:00Z"}]}
    pipeline.takes(orjson.dumps(body | {"sentAt": "2026-01-31T08:30:00Z"}), format="segment")
    pipeline.loads()
    assert pipeline.asks("SELECT ts FROM events") == [(MORNING - 60_000,)]


def test_an_event_of_tomorrow_is_of_the_time_it_came(pipeline):
    pipeline.takes(event("a", timestamp="2026-02-01T09:30:00Z"))
    pipeline.loads()
    ((ts, data),) = pipeline.asks("SELECT ts, data FROM events")
    assert (ts, orjson.loads(data)["metadata"]["sent_ts"]) == (MORNING, MORNING + DAY)


def test_schemas_decide_by_type_and_version(pipeline):
    whole = {"properties": {"n": {"type": "integer"}}, "required": ["n"]}
    pipeline.has_source(1, schemas={("click", ""): whole, ("click", "2"): {}})
    pipeline.takes(
        event("a", data={"n": 1}),
        event("b", data={"n": "x"}),
        event("c", metadata={"version": "2"}),
        event("d", event_type="other"),
    )
    pipeline.loads()
    assert pipeline.stored() == ["a", "c", "d"]
    assert [reason for _, reason, _ in pipeline.letters()] == [
        'data.n: "x" is not of type "integer"'
    ]


def test_a_source_may_refuse_types_without_a_schema(pipeline):
    pipeline.has_source(1, schemas={("click", ""): {}}, rejects_unknown=True)
    pipeline.takes(event("a"), event("b", event_type="other"))
    pipeline.loads()
    assert pipeline.stored() == ["a"]


def test_rules_change_what_is_stored(pipeline):
    rules = [
        {"op": "rename", "from": "data.page", "to": "data.url"},
        {"op": "derive", "from": "data.url", "to": "data.host", "as": "host"},
        {"op": "mask", "path": "data.card", "keep": 4},
        {"op": "drop", "path": "data.secret"},
        {"op": "hash", "path": "user_id"},
        {"op": "drop", "path": "data.page", "type": "other"},
    ]
    pipeline.has_source(1, rules=rules)
    sent = {"page": "https://a.example/b", "card": "4111111111111111", "secret": 1}
    pipeline.takes(event("a", user_id="ann", data=sent))
    pipeline.loads()
    ((user, data),) = pipeline.asks("SELECT user_id, data FROM events")
    assert orjson.loads(data)["data"] == {
        "url": "https://a.example/b",
        "host": "a.example",
        "card": "************1111",
    }
    assert len(user) == 32
    assert "ann" not in user


def test_events_of_a_source_that_is_gone_are_dropped(pipeline):
    pipeline.takes(event("a"), source=7)
    pipeline.takes(event("b"))
    pipeline.loads()
    assert pipeline.stored() == ["b"]


def test_what_has_nul_where_no_store_takes_it_costs_none_of_its_neighbours(pipeline):
    pipeline.has_source(1, rules=[{"op": "rename", "from": "data.who", "to": "user_id"}])
    pipeline.takes(
        event("a"),
        event("n\0", event_type="ty\0pe"),
        {"event_id": "x\0y", "event_type": ["z\0"]},
        event("b", data={"session_id": "s\0", "who": "w\0ho", "text": "kept\0as it is"}),
    )
    pipeline.loads()
    assert pipeline.stored() == ["a", "b"]
    assert [reason for _, reason, _ in pipeline.letters()] == [
        "`event_id` must not have NUL characters (U+0000).",
        "`event_id` must not have NUL characters (U+0000).",
    ]
    ((user, session, data),) = pipeline.asks(
        "SELECT user_id, session_id, data FROM events WHERE event_id = 'b'"
    )
    assert (user, session, json.loads(data)["data"]["text"]) == ("who", None, "kept\0as it is")
    assert pipeline.asks("SELECT event_id, type FROM dead_letters ORDER BY id") == [
        ("n?", "ty?pe"),
        ("x?y", None),
    ]
    assert conserved(pipeline.loader.connection)


def test_what_waits_when_its_source_is_deleted_is_gone_and_the_numbers_are_true(pipeline):
    pipeline.has_source(2)
    pipeline.takes(event("a"), source=2)
    pipeline.takes(event("b"))
    del pipeline.sources.known[2]
    pipeline.loads()
    assert pipeline.stored() == ["b"]
    assert pipeline.asks("SELECT count(*) FROM inbox") == [(0,)]
    assert conserved(pipeline.loader.connection)


@pytest.mark.sqlite("file")
def test_an_event_at_which_the_store_fails_is_rejected_alone(pipeline):
    # Whatever the cause: here a trigger stands for what nobody thought of.
    pipeline.loader.connection.execute(
        "CREATE TRIGGER bad BEFORE INSERT ON events WHEN NEW.event_id LIKE 'bad%'"
        " BEGIN SELECT RAISE(ABORT, 'bad'); END"
    )
    for number in range(8):
        pipeline.takes(
            event(f"good {number}"), event(f"{'bad' if number == 5 else 'fine'} {number}")
        )
    pipeline.loads()
    assert len(pipeline.stored()) == 15
    assert [stage for stage, _, _ in pipeline.letters()] == ["load"]
    assert conserved(pipeline.loader.connection)


@pytest.mark.sqlite("file")
def test_an_event_at_which_the_store_fails_only_now_is_tried_again(pipeline):
    # What overflows stands for a lock, or a server that is gone: it is an OperationalError, too.
    pipeline.loader.connection.execute(
        "CREATE TRIGGER bad BEFORE INSERT ON events WHEN NEW.event_id = 'bad'"
        " BEGIN SELECT RAISE(ABORT, 'bad'); END"
    )
    pipeline.loader.connection.execute(
        "CREATE TRIGGER busy BEFORE INSERT ON events WHEN NEW.event_id = 'good'"
        " BEGIN SELECT abs(-9223372036854775807 - 1); END"
    )
    pipeline.takes(event("bad"), event("good"))
    with pytest.raises(sqlite3.OperationalError):
        pipeline.loads()
    assert (pipeline.letters(), pipeline.stored()) == ([], [])
    pipeline.loader.connection.execute("DROP TRIGGER busy")
    pipeline.loads()
    assert (len(pipeline.letters()), pipeline.stored()) == (1, ["good"])


def test_what_a_transformation_rejects_may_come_again(pipeline):
    class Broken:
        type = None

        def apply(self, event, hashed):
            event.data["half"] = 1
            raise ZeroDivisionError

    pipeline.sources.known[1] = KnownSource(1, 1, rules=(Broken(),))
    pipeline.takes(event("a"))
    pipeline.loads()
    pipeline.has_source(1)
    pipeline.takes(event("a"))
    pipeline.loads()
    assert pipeline.stored() == ["a"]
    assert [stage for stage, _, _ in pipeline.letters()] == ["transform"]


class TestPlugins:
    def test_a_plugin_changes_events_before_they_are_stored(self, pipeline):
        def add(events, contexts):
            for one in events:
                one.data["country"] = "NO"

        pipeline.plugins.append(add)
        pipeline.reopens()
        pipeline.takes(event("a"))
        pipeline.loads()
        ((data,),) = pipeline.asks("SELECT data FROM events")
        assert orjson.loads(data)["data"] == {"country": "NO"}

    def test_one_that_fails_costs_no_event(self, pipeline):
        def fail(events, contexts):
            raise ValueError("a mistake")

        pipeline.plugins.append(fail)
        pipeline.reopens()
        pipeline.takes(event("a"))
        pipeline.loads()
        assert pipeline.stored() == ["a"]

    def test_one_that_can_not_work_now_leaves_all_in_the_inbox(self, pipeline):
        down = [True]

        def ask(events, contexts):
            if down[0]:
                raise Postponed("the other service is down")

        pipeline.plugins.append(ask)
        pipeline.reopens()
        pipeline.takes(event("a"))
        with pytest.raises(Postponed):
            pipeline.loads()
        assert conserved(pipeline.loader.connection)
        down[0] = False
        pipeline.loads()
        assert pipeline.stored() == ["a"]


def test_a_project_whose_checks_take_long_waits_until_after_the_others(pipeline):
    def slow(data):
        threading.Event().wait(0.4)

    pipeline.reopens(patient_s=0.1)
    pipeline.sources.known[1] = KnownSource(
        1, 1, checks={("click", ""): slow}, rejects_unknown=True
    )
    pipeline.has_source(2, project=2)
    pipeline.takes(event("a"))
    pipeline.loader.load_some()
    pipeline.takes(event("b"))
    pipeline.takes(event("c"), source=2, project=2)
    pipeline.loader.load_some()
    assert pipeline.stored() == ["a", "c"]


def test_slow_requests_are_not_loaded_all_at_once(pipeline):
    def slow(data):
        threading.Event().wait(0.05)

    pipeline.reopens(patient_s=0.01)
    pipeline.sources.known[1] = KnownSource(
        1, 1, checks={("click", ""): slow}, rejects_unknown=True
    )
    for key in "abc":
        pipeline.takes(event(key))
    pipeline.loader.load_some()
    assert pipeline.stored() == ["a"]
    pipeline.loads()
    assert pipeline.stored() == ["a", "b", "c"]


def test_a_load_takes_bytes_within_a_bound_but_one_request_always():
    rows = [
        Row(number, 1, 1, MORNING, "event", 1, "{}", bytes(MAX_BYTES // 2)) for number in range(3)
    ]
    assert within_bounds(rows) == rows[:2]
    assert within_bounds([replace(rows[0], body=bytes(MAX_BYTES + 1))])


@each([(0.0, 0), (2 * CHECK_PATIENCE_S, 2)])
def test_events_are_rejected_for_the_work_that_checks_take_and_for_no_time_that_passes(
    worked, rejected
):
    passing, working = iter([0.0, *[1000.0] * 9]), iter([0.0, *[worked] * 9])
    patience = Patience(passing.__next__, working.__next__)
    row, batch = Row(1, 1, 1, MORNING, "event", 3, "{}", orjson.dumps([event()] * 3)), Batch()
    unpack(row, KnownSource(1, 1), batch, b"key", patience)
    assert (len(batch.items), len(batch.letters)) == (3 - rejected, rejected)


def test_a_body_is_cut_once_for_all_of_its_letters():
    row = Row(1, 1, 1, MORNING, "event", 2, "{}", b'[{"a": 1}, {"b":  2}]')
    assert row.payload(1) == b'{"b":  2}'
    assert row.payload(1) is row.payload(1)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "5"])
def test_of_what_is_no_time_of_ours_no_hour_is_derived(pipeline, text):
    rules = [{"op": "derive", "from": "data.at", "to": "data.hour", "as": "hour"}]
    pipeline.has_source(1, rules=rules)
    pipeline.takes(event("a", data={"at": text}))
    pipeline.loads()
    assert (pipeline.stored(), pipeline.letters()) == (["a"], [])


def test_objects_and_long_texts_are_not_derived(pipeline):
    rules = [{"op": "derive", "from": "data.o", "to": "data.o.copy", "as": "lower"}]
    rules += [{"op": "derive", "from": "data.long", "to": "data.o.long", "as": "upper"}]
    pipeline.has_source(1, rules=rules * 10)
    data = {"o": {"x": "Y"}, "long": "x" * (MAX_DERIVED_CHARACTERS + 1)}
    pipeline.takes(event("a", data=data))
    pipeline.loads()
    ((found,),) = pipeline.asks("SELECT data FROM events")
    assert json.loads(found)["data"] == data


class TestWhatAWorkerDiedOf:
    """A request that was in hand alone when two workers died is given up."""

    def dies(self, pipeline: Pipeline) -> None:
        """Take what comes next, as a worker does that is killed then."""
        pipeline.loader.queues[0].take([])
        pipeline.reopens()

    def test_requests_are_taken_singly_after_a_death_and_loaded(self, pipeline):
        pipeline.takes(event("a"))
        pipeline.takes(event("b"))
        for _ in range(2):
            self.dies(pipeline)
        assert len(pipeline.loader.queues[0].take([])) == 1
        pipeline.loads()
        assert pipeline.stored() == ["a", "b"]

    def test_one_is_given_up_and_those_after_it_are_not(self, pipeline):
        for key in "abc":
            pipeline.takes(event(key))
        for _ in range(3):
            self.dies(pipeline)
        pipeline.loads()
        assert pipeline.stored() == ["b", "c"]
        assert conserved(pipeline.loader.connection)
        assert pipeline.letters() == [("load", GIVEN_UP_REASON, orjson.dumps(event("a")))]

    def test_waiting_for_another_service_is_no_death(self, pipeline):
        def ask(events, contexts):
            raise Postponed("the other service is down")

        pipeline.plugins.append(ask)
        pipeline.takes(event("a"))
        for _ in range(4):
            pipeline.reopens()
            with pytest.raises(Postponed):
                pipeline.loads()
        pipeline.plugins.clear()
        pipeline.reopens()
        pipeline.loads()
        assert pipeline.stored() == ["a"]


class TestBounds:
    def test_a_full_inbox_takes_nothing_until_it_is_loaded(self, tmp_path):
        pipeline = Pipeline(tmp_path, queue=2000)
        body = {"filling": "x" * 800}
        pipeline.takes(event("a", data=body))
        with pytest.raises(InboxFull):
            pipeline.takes(event("b", data=body))
        pipeline.has_source(2, project=2)
        pipeline.takes(event("c", data=body), source=2, project=2)  # the other half is others'
        pipeline.close()

    def test_what_waits_is_counted_in_bytes_as_it_comes_and_goes(self, pipeline):
        body = b'[{"event_type": "click"}]'
        pipeline.takes(body)
        pipeline.takes(body)
        waiting = "SELECT coalesce(sum(bytes), 0) FROM waiting"
        assert pipeline.asks(waiting) == [(2 * len(body),)]
        pipeline.loads()
        assert pipeline.asks(waiting) == [(0,)]

    def test_a_project_that_has_its_quota_is_refused(self, tmp_path):
        pipeline = Pipeline(tmp_path, quota=1000)
        with pytest.raises(QuotaReached):
            pipeline.takes(event("b", data={"filling": "x" * 1000}))
        pipeline.close()


def test_requests_of_many_threads_are_each_kept_once(pipeline):
    receipts: list[int] = []

    def send(start: int) -> None:
        receipts.extend(pipeline.takes(event(f"{start}-{number}")) for number in range(25))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipeline.loads()
    assert len(set(receipts)) == len(set(pipeline.stored())) == 200


SENT = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "event_id": st.sampled_from(["a", "b", "c", ""]) | SENT,
        "event_type": st.sampled_from(["click", "view"]) | SENT,
        "timestamp": st.sampled_from(["2026-01-31T09:00:00Z", "1970-01-01", "2300-01-01"]) | SENT,
        "user_id": SENT,
        "data": SENT,
        "metadata": SENT,
    },
)


@settings(max_examples=25)
@given(batches=st.lists(st.lists(EVENTS | SENT, min_size=1, max_size=5), max_size=6))
def test_whatever_is_sent_all_is_accounted_for_and_no_id_is_stored_twice(tmp_path_factory, batches):
    pipeline = Pipeline(tmp_path_factory.mktemp("pipeline"))
    rules = [{"op": "hash", "path": "data.a"}, {"op": "derive", "from": "data", "to": "data.b"}]
    pipeline.has_source(1, rules=[rules[0]])
    for batch in batches:
        pipeline.takes(json.dumps(batch).encode())
        assert conserved(pipeline.loader.connection)
    pipeline.loads()
    assert conserved(pipeline.loader.connection)
    assert pipeline.totals()["received"] == sum(map(len, batches))
    twice = (
        "SELECT event_id FROM events GROUP BY source, event_id, ts / 86400000 HAVING count(*) > 1"
    )
    assert pipeline.asks(twice) == []
    pipeline.close()


def test_sizes_of_statements_are_such_that_sqlite_takes_them():
    assert (
        sqlite3.connect(":memory:").getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        > IDS_PER_STATEMENT * 3
    )
