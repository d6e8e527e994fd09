"""Dead letters: found by filters, rehearsed, corrected, replayed once, discarded."""

from __future__ import annotations

from functools import cache
from itertools import product
from random import Random

import orjson
import pytest

from collab.core.errors import Malformed
from collab.core.lists import cursors
from collab.ingest.dead_letters import changing, finding, rehearsing, service
from collab.ingest.dead_letters.changing import Outcome
from collab.ingest.dead_letters.finding import Wanted, find
from collab.ingest.dead_letters.rehearsing import Rehearsal
from collab.ingest.pipeline.store import writing

from ...support.each import each
from ...support.pipeline import MORNING, Pipeline, conserved
from ...support.stored import add_letter, counted, empty_store, planned

ENGINES = ("sqlite", "postgres")

GOOD = {"event_type": "click"}
#: One day, in milliseconds.
DAY_MS = 86_400_000


def replays(pipeline: Pipeline, *ids: int, most_bytes: int = 10**6) -> list[str]:
    """Replay letters and return what happened to each."""
    with writing(pipeline.loader.connection) as connection:
        done = changing.replay(connection, ids, MORNING + 60_000, most_bytes)
    return [one.outcome for one in done]


def rehearses(pipeline: Pipeline, *ids: int) -> list[Outcome]:
    """Rehearse the replay of letters."""
    made = Rehearsal(pipeline.loader.connection, pipeline.sources, b"key", MORNING + 60_000)
    return made.of(ids)


def corrects(pipeline: Pipeline, key: int, event: object) -> bool:
    """Correct a letter."""
    with writing(pipeline.loader.connection) as connection:
        return changing.correct(connection, key, orjson.dumps(event), MORNING)


def test_a_corrected_letter_is_stored_and_what_was_sent_stays(pipeline):
    pipeline.takes(b'[{"event_type":  5.5, "user_id": "u"}]')
    pipeline.loads()
    assert corrects(pipeline, 1, GOOD | {"user_id": "u"})
    assert replays(pipeline, 1) == ["queued"]
    assert conserved(pipeline.loader.connection)
    pipeline.loads()
    letter = finding.load(pipeline.loader.connection, 1)
    assert (letter.payload, letter.state) == ('{"event_type":  5.5, "user_id": "u"}', "replayed")
    assert pipeline.asks("SELECT type, user_id FROM events") == [("click", "u")]
    assert pipeline.totals() == {
        "received": 1,
        "stored": 1,
        "duplicate": 0,
        "rejected": 0,
        "late": 0,
    }


def test_a_replay_that_is_asked_for_twice_happens_once(pipeline):
    pipeline.takes({"event_type": 5.5}, {"event_type": 6.5})
    pipeline.loads()
    assert replays(pipeline, 1, 2) == ["queued", "queued"]
    assert replays(pipeline, 1, 2) == ["unchanged", "unchanged"]
    pipeline.loads()
    assert replays(pipeline, 1, 2) == ["unchanged", "unchanged"]
    assert conserved(pipeline.loader.connection)
    assert (pipeline.totals()["received"], pipeline.totals()["rejected"]) == (2, 2)


def test_a_letter_that_fails_again_is_a_letter_again(pipeline):
    pipeline.takes({"event_type": 5.5})
    pipeline.loads()
    replays(pipeline, 1)
    pipeline.loads()
    assert pipeline.asks("SELECT id, state FROM dead_letters ORDER BY id") == [
        (1, "replayed"),
        (2, "open"),
    ]
    assert conserved(pipeline.loader.connection)


def test_a_discarded_letter_is_sent_no_more(pipeline):
    pipeline.takes({"event_type": 5.5})
    pipeline.loads()
    for outcome in ("discarded", "unchanged"):
        with writing(pipeline.loader.connection) as connection:
            (done,) = changing.discard(connection, [1], MORNING)
        assert done.outcome == outcome
    assert replays(pipeline, 1) == ["unchanged"]
    assert not corrects(pipeline, 1, GOOD)
    assert conserved(pipeline.loader.connection)
    assert pipeline.totals()["rejected"] == 1


def test_a_replayed_event_without_a_time_keeps_that_of_its_first_receipt(pipeline):
    pipeline.takes({"event_type": 5.5}, sent_at="2026-01-31T09:30:00Z")
    pipeline.loads()
    corrects(pipeline, 1, GOOD)
    pipeline.now += 3600
    with writing(pipeline.loader.connection) as connection:
        changing.replay(connection, [1], MORNING + 3_600_000, 10**6)
    pipeline.loads()
    assert pipeline.asks("SELECT ts, received, late FROM events") == [
        (MORNING, MORNING + 3_600_000, 1)
    ]


def test_a_rehearsal_says_what_the_replay_then_does(pipeline):
    pipeline.has_source(1, rejects_unknown=True)
    known = GOOD | {"event_id": "k", "timestamp": "2026-01-31T09:00:00Z"}
    pipeline.takes(known, GOOD | {"event_id": "b"}, known, {"event_type": 5.5}, GOOD)
    pipeline.loads()
    assert len(pipeline.letters()) == 5
    pipeline.has_source(1)
    pipeline.takes(known)
    pipeline.loads()
    told = rehearses(pipeline, 1, 2, 3, 4, 5)
    assert [one.outcome for one in told] == [
        "duplicate",
        "stored",
        "duplicate",
        "rejected",
        "stored",
    ]
    assert told[3].stage == "validate"
    assert pipeline.totals()["rejected"] == 5, "nothing has changed"
    before = pipeline.totals()
    replays(pipeline, 1, 2, 3, 4, 5)
    pipeline.loads()
    after = pipeline.totals()
    assert {name: after[name] - before[name] for name in ("stored", "duplicate", "rejected")} == {
        "stored": 2,
        "duplicate": 2,
        "rejected": -4,
    }


def test_a_rehearsal_knows_of_sources_and_letters_that_are_gone(pipeline):
    pipeline.takes({"event_type": 5.5}, {"event_type": 5.5})
    pipeline.loads()
    replays(pipeline, 2)
    del pipeline.sources.known[1]
    told = rehearses(pipeline, 1, 2, 3)
    assert [one.outcome for one in told] == ["rejected", "unchanged", "unchanged"]
    assert [one.reason for one in told] == [
        "Its source has been deleted.",
        "It is replayed already.",
        "It is gone.",
    ]


def test_what_is_too_large_together_is_left_for_the_next_time(pipeline):
    pipeline.takes({"event_type": 5.5}, {"event_type": 5.5}, {"event_type": 5.5})
    pipeline.loads()
    assert replays(pipeline, 1, 2, 3, most_bytes=45) == ["queued", "queued"]
    assert replays(pipeline, 3, most_bytes=1) == ["queued"], "one is always sent"


def test_bytes_that_are_no_text_are_shown_in_base64():
    connection = empty_store()
    adds(connection, payload=b'{"a": "\xff"}')
    letter = finding.load(connection, 1)
    assert (letter.payload, letter.payload_encoding) == ("eyJhIjogIv8ifQ==", "base64")


# -- finding ----------------------------------------------------------------------------------


def adds(connection, count=1, **values):
    """Add letters; a value may be a function of the letter's number."""
    connection.execute("BEGIN")
    for n in range(count):
        add_letter(connection, **{name: v(n) if callable(v) else v for name, v in values.items()})
    connection.execute("COMMIT")


@cache
def mixed(count):
    """Return a store of all kinds of letters, for who only reads; times grow, if not always."""
    connection = empty_store()
    random = Random(5)
    adds(
        connection,
        count,
        project=lambda n: random.choice([1, 1, 1, 2]),
        source=lambda n: random.choice([1, 2, 3]),
        stage=lambda n: random.choice(["validate", "transform"]),
        reason=lambda n: random.choice(["Too long.", "TOO short."]),
        type=lambda n: random.choice(["click", None]),
        state=lambda n: random.choice(["open", "open", "replayed", "discarded"]),
        rejected_at=lambda n: MORNING + 600_000 * n - random.randrange(250_000),
    )
    return connection


ASKED = [
    {},
    {"state": "open"},
    {"stage": "transform"},
    {"reason": "too s"},
    {"type": "click", "source": 2},
    {"since": MORNING + 20 * 600_000},
    {"until": MORNING + 30 * 600_000},
    {"since": MORNING + 20 * 600_000, "until": MORNING + 30 * 600_000, "state": "open"},
]


@each(product([False, True], ASKED))
def test_pages_of_letters_have_each_that_fits_once(oldest_first, filters):
    connection = mixed(100)
    wanted = Wanted(project=1, **filters)
    found, after = [], None
    while True:
        page = find(connection, wanted, 7, after, oldest_first=oldest_first)
        found += page.ids
        after = page.next
        if after is None:
            break
    rows = connection.execute(
        "SELECT id, project, stage, reason, type, rejected_at, source, state FROM dead_letters"
        f" ORDER BY id {'ASC' if oldest_first else 'DESC'}"
    )
    assert found == [
        row[0]
        for row in rows
        if wanted.matches(row[:6])
        and wanted.source in (None, row[6])
        and wanted.state in (None, row[7])
    ]
    assert found


@cache
def one_after_the_other(many):
    """Return a store with so many letters, for who only reads them."""
    connection = empty_store()
    adds(connection, many, rejected_at=lambda n: MORNING + n)
    return connection


@each([{}, {"state": "open"}, {"source": 1}, {"since": MORNING}])
def test_a_page_of_letters_costs_the_same_however_many_there_are(filters):
    costs = []
    for many in (300, 5000):
        connection = one_after_the_other(many)
        with counted(connection) as steps, planned(connection) as plans:
            page = find(connection, Wanted(project=1, **filters), 20)
            finding.listed(connection, page.ids)
        costs.append(steps[0])
        assert not [one for one in plans if "TEMP B-TREE" in one or one.startswith("SCAN")]
    assert costs[1] <= costs[0] + 200


def test_what_there_was_no_time_for_is_told(pipeline):
    pipeline.takes({"event_type": 5.5})
    pipeline.loads()
    made = Rehearsal(pipeline.loader.connection, pipeline.sources, b"key", MORNING)
    assert [one.outcome for one in made.of([1], patience_s=0)] == [rehearsing.UNKNOWN]


# -- how far a look goes --------------------------------------------------------------------------


def test_a_page_ends_where_so_many_letters_did_not_match(monkeypatch):
    monkeypatch.setattr(finding, "MAX_LETTERS_EXAMINED", 2)
    store = empty_store()
    for stage in ("validate", "parse", "validate", "validate"):
        add_letter(store, stage=stage)
    first = find(store, Wanted(project=1, stage="parse"), 10)
    assert (first.ids, first.next) == ([], 3)
    second = find(store, Wanted(project=1, stage="parse"), 10, first.next)
    assert second.ids == [2]


def test_projects_with_open_letters_come_in_pages_by_their_ids():
    store = empty_store()
    for project in (1, 2, 2, 3, 5):
        add_letter(store, project=project, state="discarded" if project == 3 else "open")
    found, after = finding.open_by_project(store, 2, 0)
    assert [(one.project, one.count) for one in found] == [(1, 1), (2, 2)]
    rest, end = finding.open_by_project(store, 2, after)
    assert ([(one.project, one.count) for one in rest], end) == ([(5, 1)], None)


def test_a_page_of_projects_ends_where_so_many_have_no_open_letters(monkeypatch):
    monkeypatch.setattr(finding, "MAX_PROJECTS_EXAMINED", 2)
    store = empty_store()
    for project in (1, 2, 3):
        add_letter(store, project=project, state="open" if project == 3 else "discarded")
    assert finding.open_by_project(store, 10, 0) == ([], 2)
    assert finding.count_open(store) == 1


def test_open_letters_are_counted_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(finding, "MAX_LETTERS_COUNTED", 3)
    store = empty_store()
    for project in (1, 1, 2, 2, 3):
        add_letter(store, project=project)
    assert finding.count_open(store) == 3


def test_a_page_goes_on_with_the_cursor_of_letters_alone():
    assert service.read_cursor(service.written_cursor(7)) == 7
    assert service.read_cursor(None) is None
    for other in (cursors.write(["event", 7]), cursors.write(["letter", "x"]), "x"):
        with pytest.raises(Malformed):
            service.read_cursor(other)
