"""An archive makes the same store again; SQL is asked of it."""

from __future__ import annotations

import pytest

from collab.ingest.commands import importing, querying
from collab.ingest.commands.importing import CanNotImport, import_all
from collab.ingest.dead_letters import changing
from collab.ingest.pipeline.store import writing

from ...support.pipeline import MORNING, Pipeline, conserved

HOUR_MS = 3_600_000
#: What an import must make again; numbers of rows and times of the import may differ.
SAME = (
    "SELECT source, received, stored, duplicate, rejected, late FROM totals ORDER BY 1",
    "SELECT project, minute, source, type, events, late FROM minutes ORDER BY 1, 2, 3, 4",
    "SELECT source, ts, received, type, event_id, user_id, session_id, late, data FROM events"
    " ORDER BY source, received, event_id",
    "SELECT source, stage, reason, receipt, state, payload FROM dead_letters"
    " ORDER BY source, receipt",
    "SELECT project, hour, events, bytes FROM archives ORDER BY 1, 2",
)


def click(key: str | None = None, **more: object) -> dict[str, object]:
    return {"event_type": "click", "user_id": "u"} | ({"event_id": key} if key else {}) | more


@pytest.fixture
def full(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline that has seen all that can happen."""
    pipeline.has_source(2, project=7)
    pipeline.takes(click("a"), click(), {"event_type": 5.5}, click("a"), user_agent="x")
    pipeline.takes(b'{"event_type": "b", "data": {"x": "\\ud83d"}}')
    pipeline.takes(
        b'{"batch": [{"type": "track", "event": "Paid", "messageId": "m"}],'
        b' "sentAt": "2026-01-31T09:20:00Z"}',
        format="segment",
    )
    pipeline.loads()
    pipeline.takes(click("a"), click("late", timestamp="2026-01-31T05:00:00Z"))
    pipeline.takes(click("z"), source=2, project=7, received=MORNING + HOUR_MS)
    pipeline.loads()
    with writing(pipeline.loader.connection) as connection:
        changing.correct(connection, 1, b'{"event_type":"mended"}', MORNING)
        changing.replay(connection, [1], MORNING + 2 * HOUR_MS, 10**6)
    pipeline.loads()
    return pipeline


@pytest.fixture
def other(tmp_path):
    """Return an empty pipeline elsewhere, with the same sources."""
    folder = tmp_path / "other"
    folder.mkdir()
    made = Pipeline(folder)
    made.has_source(2, project=7)
    yield made
    made.close()


def test_an_archive_makes_the_same_store_again(full, other):
    done = import_all(other.loader, full.folder / "archive")
    assert (done.files, done.events, done.broken) == (3, 10, 0)
    for query in SAME:
        assert other.asks(query) == full.asks(query), query
    assert conserved(other.loader.connection)


def test_what_comes_after_an_import_has_numbers_of_its_own(full, other):
    import_all(other.loader, full.folder / "archive")
    before = other.totals()
    other.takes(*(click() for _ in range(5)))
    other.loads()
    assert other.totals()["stored"] == before["stored"] + 5
    assert other.totals()["duplicate"] == before["duplicate"]


def test_the_archive_itself_is_imported_where_it_lies(full):
    archive = full.folder / "archive"
    full.loader.close()
    for path in full.folder.glob("ingest.db*"):
        path.unlink()
    full.inbox.close()
    full.loader = full.opened()
    import_all(full.loader, archive)
    full.takes(click("new"))
    full.loads()
    lines = [one for path in archive.glob("*/*/*.gz") for one, _ in importing.members(path)]
    text = b"".join(lines)
    assert text.count(b'"event_id":"a","user_id"') == 3, "what was there is still there"
    assert text.count(b'"event_id":"new","user_id"') == 1


def test_a_load_that_broke_off_is_left_out_and_told(full, other):
    path = min((full.folder / "archive").glob("project-1/*/*.gz"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    done = import_all(other.loader, full.folder / "archive")
    assert done.broken == 1
    assert 0 < done.events < 10
    (length,) = other.asks("SELECT bytes FROM archives ORDER BY hour LIMIT 1")[0]
    assert length < len(whole) - 10


def test_a_store_that_is_not_empty_is_left_as_it_is(full):
    before = full.totals()
    with pytest.raises(CanNotImport, match="not empty"):
        import_all(full.loader, full.folder / "archive")
    assert full.totals() == before


def test_a_folder_without_an_archive_is_told(pipeline, tmp_path):
    with pytest.raises(CanNotImport, match="no archive"):
        import_all(pipeline.loader, tmp_path)


def test_sql_counts_what_was_received(full):
    pytest.importorskip("duckdb", reason=querying.NEEDS_DUCKDB)
    query = "SELECT type, count(*) AS many, min(time) FROM events GROUP BY 1 ORDER BY 2 DESC, 1"
    head, *rest = querying.ask(full.folder / "archive", query)
    assert head == [("type", "many", 'min("time")')]
    rows = [row for piece in rest for row in piece]
    assert [row[:2] for row in rows if row[0]] == [("click", 6), ("Paid", 1), ("mended", 1)]


def test_sql_that_is_wrong_is_told(full):
    pytest.importorskip("duckdb", reason=querying.NEEDS_DUCKDB)
    with pytest.raises(querying.CanNotAsk, match="nothing"):
        list(querying.ask(full.folder / "archive", "SELECT * FROM nothing"))
    with pytest.raises(querying.CanNotAsk, match="no archive"):
        list(querying.ask(full.folder / "nowhere", "SELECT 1"))
