"""Walking the log: complete and in order whatever the sources, and never further than bounded."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, insert

from collab.activity import index_scan
from collab.activity.index_scan import MAX_ROWS_SCANNED, Walker
from collab.core.models import utcnow
from collab.core.schemas import MAX_ID
from collab.events.models import EventRow
from collab.extensions import db

from ..support.made_once import made_once

COLUMNS = ("id", "topic", "type", "actor", "project_id")

row = st.tuples(st.integers(1, 4), st.integers(1, 3), st.sampled_from(["a", "b"]))


@pytest.fixture
def context(app):
    with app.app_context():
        yield


def write(rows):
    """Put rows of (project, actor, topic) in place of the log."""
    db.session.execute(delete(EventRow))
    values = [
        {"topic": topic, "type": "note", "actor": actor, "project_id": project, "data": {}}
        for project, actor, topic in rows
    ]
    if values:
        now = utcnow()
        db.session.execute(insert(EventRow.__table__), [one | {"time": now} for one in values])
    return {one.id: one for one in db.session.execute(EventRow.__table__.select()).all()}


@made_once
def oldest(app):
    """Return the id of the oldest row of a log that is longer than a request reads.

    Only that one is of actor 2.
    """
    with app.app_context():
        rows = [(n % 3 + 1, 1 if n else 2, "a") for n in range(MAX_ROWS_SCANNED + 2_000)]
        found = min(write(rows))
        db.session.commit()
        return found


def everything(sources, limit):
    """Return all ids, page by page."""
    found, before = [], None
    while True:
        page = index_scan.scan(
            sources, COLUMNS, lambda _: True, after=0, before=before, limit=limit
        )
        found += page.ids
        if page.next is None:
            return found
        before = page.next


@pytest.mark.usefixtures("context")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(row, max_size=60),
    projects=st.sets(st.integers(1, 4)),
    actors=st.sets(st.integers(1, 3)),
    topics=st.sets(st.sampled_from(["a", "b"])),
    limit=st.integers(1, 10),
)
def test_sources_are_merged_without_loss_or_double(rows, projects, actors, topics, limit):
    kept = write(rows)
    sources = {"project_id": list(projects), "actor": list(actors), "topic": list(topics)}

    found = everything(sources if projects | actors | topics else {}, limit)

    wanted = [
        key
        for key, one in kept.items()
        if one.project_id in projects
        or one.actor in actors
        or one.topic in topics
        or not projects | actors | topics
    ]
    assert found == sorted(wanted, reverse=True)
    db.session.rollback()


@pytest.mark.usefixtures("oldest", "context")
@pytest.mark.parametrize("sources", [{}, {"actor": [1]}, {"project_id": [1, 2, 3]}])
def test_a_request_reads_so_many_rows_at_most(sources):
    page = index_scan.scan(sources, COLUMNS, lambda _: False, after=0, before=None, limit=20)

    assert page.ids == []
    assert page.next is not None
    walker = Walker(sources, COLUMNS, 0, MAX_ID)
    assert MAX_ROWS_SCANNED - 1_500 <= sum(1 for _ in walker.rows()) <= MAX_ROWS_SCANNED + 1_500


@pytest.mark.usefixtures("context")
def test_short_pages_lead_to_what_comes_much_later(oldest):
    before, pages = None, []
    while not pages or pages[-1].next is not None:
        page = index_scan.scan(
            {}, COLUMNS, lambda one: one.actor == 2, after=0, before=before, limit=20
        )
        pages.append(page)
        before = page.next

    assert [page.ids for page in pages] == [[], [oldest]]


@pytest.mark.sqlite("plans")
@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    "sources",
    [
        {},
        {"actor": [1]},
        {"topic": ["a"]},
        {"project_id": [1]},
        {"project_id": [1, 2], "topic": ["a", "b"], "actor": [1]},
    ],
)
def test_every_walk_goes_by_an_index_and_sorts_nothing_but_its_rows(sources):
    plans = []

    def explain(connection, cursor, statement, parameters, *_):
        plan = cursor.connection.execute("EXPLAIN QUERY PLAN " + statement, parameters)
        plans.append([line[-1] for line in plan.fetchall()])

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        index_scan.scan(sources, COLUMNS, lambda _: True, after=0, before=None, limit=5)
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)

    steps = [step for plan in plans for step in plan]
    assert steps
    assert not [step for step in steps if step.startswith("SCAN events") or "TEMP B-TREE" in step]
