"""Whatever is asked, PostgreSQL answers as SQLite does, and goes by an index in its order."""

from __future__ import annotations

from random import Random

import pytest

from collab.ingest.dead_letters import finding
from collab.ingest.pipeline.store import connect
from collab.ingest.reading import cohorts, events, funnels, health, latency, sessions, stats
from collab.ingest.reading.events import Wanted, walk_of
from collab.ingest.reading.periods import DAY_MS, HOUR_MS, Period

from ...support.stored import Row, add_letter, filled, insert

WHOLE = Period(0, 3 * DAY_MS)
#: Names that a language would sort otherwise, and none.
USERS = (None, "a", "B", "ä", "Z", "_")
WANTED = (
    Wanted(project=1),
    Wanted(project=1, type="view", period=Period(HOUR_MS, 2 * DAY_MS)),
    Wanted(project=1, user_id="ä", session_id="B"),
    Wanted(project=1, user_id="a", type="view"),
    Wanted(project=1, event_id="17", source=1),
)
READINGS = {
    "counts by type": lambda c: stats.count(c, 1, WHOLE, "hour", group_by="type"),
    "counts by source": lambda c: stats.count(c, 1, WHOLE, "day", group_by="source", type="buy"),
    "counts of a source": lambda c: stats.count(c, 1, Period(0, DAY_MS), "minute", source=2),
    "latency": lambda c: latency.measure(c, 1, WHOLE, "hour"),
    "latency of a source": lambda c: latency.measure(c, 1, WHOLE, "hour", 1),
    "sessions": lambda c: sessions.find(c, 1, WHOLE),
    "sessions of a user": lambda c: sessions.find(c, 1, WHOLE, user_id="B"),
    "a funnel": lambda c: funnels.find(c, 1, WHOLE, ["view", "cart", "buy"], 3600),
    "cohorts": lambda c: cohorts.find(c, 1, WHOLE, "day"),
    "health": lambda c: health.examine(c, 3 * DAY_MS, 1),
    "letters": lambda c: finding.find(c, finding.Wanted(project=1, reason="MISSING"), 5),
    "letters of a time": lambda c: finding.find(
        c, finding.Wanted(project=1, source=1, since=HOUR_MS), 5, oldest_first=True
    ),
}


def made() -> list[Row]:
    """Return many events, of which many are at the same time."""
    random = Random(13)
    return [
        Row(
            random.choice((1, 2, 3)) * 20 * HOUR_MS + random.randrange(4),
            random.choice(("view", "cart", "buy")),
            random.choice(USERS),
            random.choice(USERS),
            random.choice((1, 2)),
            str(number),
            random.choice((1, 1, 2)),
            random.choice((0, 1)),
        )
        for number in range(500)
    ]


@pytest.fixture
def both(postgres_store):
    """Return a store of each engine with the same in it."""
    pair = filled(made()), connect(postgres_store)
    with pair[1].writing():
        insert(pair[1], made())
    for one in pair:
        with one.writing():
            for number in range(40):
                add_letter(one, source=number % 2, rejected_at=number * HOUR_MS)
            for source in (1, 2):
                one.execute(
                    "INSERT INTO totals (source, project, received, stored) VALUES (?, 1, 9, 9)",
                    (source,),
                )
                one.execute("INSERT INTO latencies VALUES (?, 90, 50, 3)", (source,))
    yield pair
    for one in pair:
        one.close()


def told(one: events.Shown) -> dict[str, object]:
    """Return an event with its data as text."""
    return vars(one) | {"data": one.data.text, "metadata": one.metadata.text}


def pages(store, wanted: Wanted) -> list[object]:
    """Return all that fits, page by page."""
    found, place = [], None
    with store.reading():
        while True:
            page = events.find(store, wanted, 7, place, 10**6)
            found += [told(one) for one in page.items]
            place = page.next
            if place is None:
                return found


def test_both_answer_alike(both):
    sqlite, postgres = both
    for wanted in WANTED:
        found = pages(sqlite, wanted)
        assert found
        assert pages(postgres, wanted) == found, wanted
    for name, read in READINGS.items():
        answers = []
        for one in both:
            with one.reading():
                answers.append(read(one))
        assert answers[1] == answers[0], name


@pytest.mark.parametrize("wanted", WANTED[:3])
def test_a_page_in_postgresql_is_read_in_the_order_of_an_index(both, wanted):
    _, postgres = both
    walk, values = walk_of(wanted)
    with postgres.reading():
        # As few rows as these would be read whole and sorted.
        for name in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            postgres.execute(f"SET LOCAL enable_{name} TO off")
        asked = []
        postgres.stream = lambda sql, given, *_: asked.append((sql, given)) or iter(())
        list(walk.rows(postgres, values, WHOLE, None))
        del postgres.stream
        plan = "\n".join(row[0] for row in postgres.execute(f"EXPLAIN {asked[0][0]}", asked[0][1]))
    assert "Sort" not in plan
    assert "Index" in plan
