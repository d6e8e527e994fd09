import csv
import io
import json
import tracemalloc
from itertools import islice

import pytest
from sqlalchemy import insert

from collab.activity.export import COLUMNS, export
from collab.core.caller import Caller
from collab.core.errors import Forbidden, Unauthorized
from collab.core.models import utcnow
from collab.events import log
from collab.events.models import EventRow
from collab.extensions import db

from ..support.made_once import made_once
from ..support.people import ok

#: Twelve times what an export reads at once, and what memory is compared with: three times.
MANY, FEW_READS = 6_000, 3


def rows(ada, **query):
    """Return an export as its lines."""
    answer = ada.get("/audit/export", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def caller_of(person, admin=True):
    session_id = ok(person.get("/auth/verify"))["session_id"]
    return Caller(person.id, session_id, person.name, person.email, admin, utcnow())


def fill(app, count, actor):
    """Write many events at once."""
    now = utcnow()
    with app.app_context():
        values = [
            {"topic": "flags", "type": "note", "actor": actor, "data": {"n": n}, "time": now}
            for n in range(count)
        ]
        db.session.execute(insert(EventRow.__table__), values)
        db.session.commit()


@made_once
def long(app, ada):
    """Write many events."""
    fill(app, MANY, ada.id)


def test_an_export_is_the_log_the_oldest_first(app, ada, alice, project):
    alice.tells(project, text='with "quotes", commas\r\nand lines')

    found = rows(ada)

    with app.app_context():
        kept = log.read_after(0).rows[:-1]
    assert [(int(one["id"]), one["type"]) for one in found] == [(one.id, one.type) for one in kept]
    assert json.loads(found[-1]["data"]) == kept[-1].data


def test_a_line_says_who_what_from_where_and_when(ada, alice, project):
    line = rows(ada, type="project.created")[0]

    assert list(line) == list(COLUMNS)
    assert line["text"] == "Alice made the project “Apollo”"
    assert (line["actor_id"], line["actor_name"]) == (str(alice.id), "Alice")
    assert (line["address"], line["withheld"]) == ("127.0.0.1", "false")


def test_csv_is_as_its_standard_says(ada):
    answer = ada.get("/audit/export")

    lines = answer.content.split(b"\r\n")
    assert lines[0] == ",".join(COLUMNS).encode()
    assert lines[-1] == b""
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')


def test_json_lines_are_the_items_of_the_audit(ada, alice, project):
    items = ok(ada.get("/audit", params={"limit": 100}))["items"]

    answer = ada.get("/audit/export", params={"format": "jsonl"})

    assert [json.loads(line) for line in answer.text.splitlines()] == items[::-1]
    assert answer.headers["Content-Type"] == "application/jsonl"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(app, ada, alice, sign):
    name = f"{sign}HYPERLINK(1)".strip() or "x"
    ok(alice.patch("/auth/me", {"name": name}))

    for line in rows(ada):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line.values())


def test_the_guard_keeps_what_it_guards(ada, alice, project):
    ok(alice.patch("/auth/me", {"name": "=1+1"}))

    assert rows(ada, actor=alice.id)[0]["actor_name"] == "'=1+1"


def test_an_export_is_filtered_as_the_audit_is(ada, alice, bob, project):
    bob.tells(project)

    assert {one["actor_id"] for one in rows(ada, actor=bob.id)} == {str(bob.id)}
    assert {one["type"] for one in rows(ada, type="member")} == {"member.added"}
    assert rows(ada, project_id=project, actor=bob.id, type="file")[0]["project_id"] == str(project)
    assert rows(ada, until="2001-01-01T00:00:00Z") == []
    assert rows(ada, since="2999-01-01T00:00:00Z") == []


def test_an_export_is_in_the_audit_itself(ada):
    rows(ada)

    item = ok(ada.get("/audit"))["items"][0]
    assert item["text"] == "Ada exported the audit as csv"


@pytest.mark.parametrize("query", [{"format": "xml"}, {"actor": 0}, {"since": "soon"}])
def test_what_an_export_does_not_know_is_refused(ada, query):
    assert ada.get("/audit/export", params=query).status_code == 422


@pytest.mark.usefixtures("long")
def test_an_export_of_many_rows_is_whole(app, ada):
    with app.app_context():
        pieces = export(app, caller_of(ada), "jsonl")

    lines, last = 0, b""
    for piece in pieces:
        assert len(piece) < 200_000
        lines, last = lines + piece.count(b"\n"), piece or last

    with app.app_context():
        assert lines == log.last_id() - 1
    assert json.loads(last.splitlines()[-1])["id"] == lines


@pytest.mark.usefixtures("long")
def test_an_export_takes_no_more_memory_the_longer_it_is(app, ada):
    with app.app_context():
        pieces = export(app, caller_of(ada), "csv")
    next(pieces), next(pieces)
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in islice(pieces, FEW_READS)) > 100_000
        short = tracemalloc.get_traced_memory()[1]
        assert sum(len(piece) for piece in pieces) > 300_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    # To hold what came after the first pieces would take half as much again, and more.
    assert peak < short * 1.35


@pytest.mark.usefixtures("long")
def test_an_export_equals_the_log(app, ada):

    found = rows(ada)

    assert [int(one["id"]) for one in found] == list(range(1, len(found) + 1))
    assert len(found) > MANY


@pytest.mark.usefixtures("long")
def test_a_reader_who_stops_holds_no_connection(app, ada, bob, project):
    with app.app_context():
        pieces = export(app, caller_of(ada), "csv")
    db_pool = app.extensions["sqlalchemy"]
    next(pieces), next(pieces)

    with app.app_context():
        assert db_pool.engine.pool.checkedout() == 0
    bob.tells(project)
    pieces.close()


@pytest.mark.usefixtures("long")
def test_an_export_ends_in_the_middle_when_the_right_is_gone(app, ada, bob):
    ok(ada.patch(f"/users/{bob.id}", {"role": "admin"}))
    with app.app_context():
        pieces = export(app, caller_of(bob.logs_in()), "csv")
    next(pieces), next(pieces)

    ok(ada.patch(f"/users/{bob.id}", {"role": "user"}))

    with pytest.raises(Forbidden):
        next(pieces)


@pytest.mark.usefixtures("long")
def test_an_export_ends_in_the_middle_when_the_session_has_ended(app, ada):
    session = ada.logs_in()
    with app.app_context():
        pieces = export(app, caller_of(session), "csv")
    next(pieces), next(pieces)

    ok(session.post("/auth/logout"))

    with pytest.raises(Unauthorized):
        next(pieces)
