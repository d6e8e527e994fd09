"""Each list is bounded by bytes: its pages are shorter where its items are large, and all come."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import JSON, LargeBinary, Text, event, insert, select, update

from collab.core.lists.reading import PAGE_BYTES, weigher
from collab.extensions import db
from collab.files.models import File, FileChange
from collab.jobs.models import Job, JobResult, LogLine
from collab.tasks.models import Comment
from collab.workspaces.models import Workspace

from ..support.memory import CROWD, MIB, pages, peak_of
from ..support.people import Person, ok

ROWS = 30
#: Those of a kind whose row is a quarter of a page: as many as two pages and more take.
FEW_ROWS = 12
WIDE = "x" * 200_000
#: A delta of 16,000 steps, short enough for a list to tell.
STEPS = ["x", 1] * 8_000


@pytest.fixture
def store(app: Flask) -> Any:
    def many(model: Any, rows: int = ROWS, **values: Any) -> None:
        with app.app_context():
            for number in range(1, rows + 1):
                row = {key: one(number) if callable(one) else one for key, one in values.items()}
                db.session.execute(insert(model).values(row))
            db.session.commit()

    return many


def check(person: Person, path: str, count: int = ROWS, **query: Any) -> None:
    """Check that the first page takes little, and that all items come, each once."""
    query["limit"] = 100
    answers: list[httpx.Response] = []
    assert peak_of(lambda: answers.append(person.get(path, params=query))) < 12 * MIB
    assert len(answers[0].content) < 2 * MIB
    first = ok(answers[0])
    query["cursor"] = first["next_cursor"]
    key = "version" if "history" in path else "id"
    every = [first, *pages(person, path, **query)]
    found = [item[key] for page in every for item in page["items"]]
    assert len(found) == len(set(found)) == count


def test_a_list_of_workspaces(alice: Person, project: int, store: Any) -> None:
    store(Workspace, FEW_ROWS, project_id=project, name=str, settings=CROWD, version=1)
    check(alice, "/workspaces", FEW_ROWS)
    check(alice, f"/projects/{project}/workspaces", FEW_ROWS)


def test_the_log_of_a_job(alice: Person, store: Any) -> None:
    job = alice.submits()["id"]
    store(LogLine, job_id=job, attempt=1, stream="stdout", text=WIDE)
    check(alice, f"/jobs/{job}/log")


def test_the_comments_on_a_task(alice: Person, store: Any) -> None:
    task = alice.makes_task()["id"]
    store(Comment, task_id=task, author_id=alice.id, body=WIDE, version=1)
    check(alice, f"/tasks/{task}/comments")


def test_the_history_of_a_text_with_edits(
    app: Flask, alice: Person, project: int, store: Any
) -> None:
    file = alice.makes_text(project)
    row = {"file_id": file, "author_id": alice.id, "door": "rest", "delta": STEPS}
    store(FileChange, FEW_ROWS, **row, version=lambda n: n, base=lambda n: n - 1)
    with app.app_context():
        db.session.execute(update(File).where(File.id == file).values(content_version=FEW_ROWS))
        db.session.commit()
    check(alice, f"/files/{file}/history", FEW_ROWS, edits=True)


@pytest.fixture
def statements(app: Flask) -> Any:
    """Record the statements of the test."""
    seen: list[str] = []

    def look(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", look)
    yield seen
    event.remove(engine, "before_cursor_execute", look)


def test_no_list_loads_what_it_does_not_show(
    alice: Person, project: int, statements: list[str]
) -> None:
    job, file = alice.submits()["id"], alice.makes_file(alice.makes_workspace(project))
    statements.clear()
    ok(alice.get("/jobs"))
    ok(alice.get(f"/workspaces/{file['workspace_id']}/files"))
    ok(alice.get(f"/workspaces/{file['workspace_id']}/tree"))
    ok(alice.get(f"/files/{file['id']}"))
    ok(alice.get(f"/jobs/{job}/log"))
    shown = "\n".join(statements)
    assert "jobs.payload" not in shown
    assert "searchable" not in shown
    assert "job_results" not in shown


def test_a_job_is_shown_without_its_file_and_without_reading_its_data(
    app: Flask, alice: Person
) -> None:
    job = alice.submits(value=1)["id"]
    with app.app_context():
        made = {"job_id": job, "data": CROWD, "body": b"x" * 5_000_000}
        db.session.execute(insert(JobResult).values(made))
        db.session.execute(update(Job).where(Job.id == job).values(finished_at=Job.created_at))
        db.session.commit()
    assert peak_of(partial(alice.get, f"/jobs/{job}")) < 3 * MIB
    shown = ok(alice.get(f"/jobs/{job}"))
    assert (shown["result"], shown["output"]["size"]) == (CROWD, 5_000_000)


def test_a_file_that_is_sent_with_an_idempotency_key_is_never_in_memory(alice: Person) -> None:
    content = bytes(20 * MIB)

    def send() -> Any:
        headers = {"Idempotency-Key": "one"}
        return ok(alice.request("POST", "/uploads", content=content, headers=headers))

    assert peak_of(send) < 4 * MIB
    assert send()["size"] == len(content)
    assert PAGE_BYTES < 4 * MIB


def test_rows_weigh_what_their_columns_of_any_length_have(app: Flask) -> None:
    text = "x" * 100_000
    for table in db.metadata.tables.values():
        query = select(*table.columns)
        plain = weigher(query)([None] * len(table.columns))
        for at, column in enumerate(table.columns):
            kind = column.type
            if isinstance(kind, JSON | Text | LargeBinary) or getattr(kind, "length", 0) is None:
                row = [text if other == at else None for other in range(len(table.columns))]
                assert weigher(query)(row) >= plain + len(text), f"{table.name}.{column.name}"
