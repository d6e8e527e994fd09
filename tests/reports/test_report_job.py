"""The job type `report`: what it takes, what it refuses, what it makes, and how it stops."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from marshmallow import ValidationError
from sqlalchemy import text, update

from collab.auth.models import User
from collab.core.caller import Caller
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs.context import FatalError, JobContext, Result, Stopped
from collab.jobs.registry import find
from collab.reports.job_types import report
from collab.reports.sections import SECTIONS
from collab.reports.snapshot import snapshot

from ..support.people import Person, ok
from ..support.problems import pointers
from .making import Page, context


def run(app: Flask, ctx: JobContext, **payload: Any) -> Result:
    """Run a report as the pool does."""
    with app.app_context():
        result = report.run(ctx, report.payload().load(payload))
    assert result
    return result


def failed(app: Flask, ctx: JobContext) -> str:
    """Return the code with which a report fails for good."""
    with pytest.raises(FatalError) as caught:
        run(app, ctx)
    return caught.value.code


def who(person: Person) -> Caller:
    return Caller(person.id, 1, person.name, person.email, False, datetime.now(UTC))


# -- what it takes --------------------------------------------------------------------------------


def test_it_reports_on_30_days_unless_told_otherwise() -> None:
    assert report.payload().load({}) == {"days": 30}


@pytest.mark.parametrize("days", [1, 365])
def test_the_first_and_the_last_number_of_days_are_taken(days: int) -> None:
    assert report.payload().load({"days": days}) == {"days": days}


@pytest.mark.parametrize("days", [0, 366, -1, "30", 1.5, None, True, [30], 10**30])
def test_other_days_are_refused(days: object) -> None:
    with pytest.raises(ValidationError):
        report.payload().load({"days": days})


def test_a_report_without_a_project_is_refused(alice: Person) -> None:
    refused = alice.post("/jobs", {"type": "report", "payload": {"days": 30}})
    assert pointers(refused) == ["#/project_id"]


def test_a_report_on_a_project_is_admitted(alice: Person, project: int) -> None:
    job = ok(alice.post("/jobs", {"type": "report", "project_id": project}))
    assert (job["status"], job["project_id"]) == ("queued", project)


# -- what it makes --------------------------------------------------------------------------------


def test_it_makes_an_html_file_named_by_project_and_day(
    app: Flask, alice: Person, project: int
) -> None:
    before, result = utcnow().date(), run(app, context(alice.id, project))
    names = {f"project-{project}-report-{day}.html" for day in (before, utcnow().date())}
    assert result.filename in names
    assert result.content_type == "text/html; charset=utf-8"
    assert Page((result.body or b"").decode()).tags[0] == ("html", {"lang": "en"})


def test_its_data_sum_the_page_up(app: Flask, alice: Person, project: int) -> None:
    alice.makes_workspace(project)
    result = run(app, context(alice.id, project), days=2)
    wanted = {
        "title": "Report on Apollo",
        "sections": ["activity", "types", "people", "members", "tasks", "workspaces"],
        "active_people": 1,
        "members": 3,
        "workspaces": 1,
    }
    assert result.data
    assert result.data | wanted == result.data
    assert result.data["events"] == len(
        ok(alice.get("/events", params={"topic": f"project:{project}", "after": 0}))["items"]
    )


class Noting(JobContext):
    """A run that keeps all that is said of its progress."""

    def __init__(self, owner: int, project: int) -> None:
        super().__init__(job_id=1, attempt=1, owner_id=owner, project_id=project, timeout_s=60)
        self.told: list[tuple[float, str]] = []

    def progress(self, fraction: float, message: str = "") -> None:
        super().progress(fraction, message)
        self.told.append((fraction, message))


def test_its_progress_grows_from_section_to_section(
    app: Flask, alice: Person, project: int
) -> None:
    ctx = Noting(alice.id, project)
    run(app, ctx)
    fractions = [fraction for fraction, _ in ctx.told]
    assert fractions == sorted(set(fractions))
    titles = [section.title for section in SECTIONS]
    assert [message for _, message in ctx.told] == [*titles, "Writing the page"]


def test_it_stops_between_sections(app: Flask, alice: Person, project: int) -> None:
    class Cancelled(Noting):
        def progress(self, fraction: float, message: str = "") -> None:
            super().progress(fraction, message)
            if len(self.told) == 2:
                self.stop("cancelled")

    ctx = Cancelled(alice.id, project)
    with pytest.raises(Stopped):
        run(app, ctx)
    assert len(ctx.told) == 2


@pytest.mark.sqlite("file")
def test_it_changes_nothing(app: Flask, alice: Person, project: int) -> None:
    with app.app_context(), db.engine.connect() as connection:
        before = connection.scalar(text("PRAGMA data_version"))
        run(app, context(alice.id, project))
        connection.rollback()
        assert connection.scalar(text("PRAGMA data_version")) == before


# -- who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alice", "bob", "vera", "ada"])
def test_members_and_admins_get_it(
    app: Flask, project: int, name: str, request: pytest.FixtureRequest
) -> None:
    assert run(app, context(request.getfixturevalue(name).id, project)).body


def test_an_outsider_gets_none(app: Flask, charlie: Person, project: int) -> None:
    assert failed(app, context(charlie.id, project)) == "access_lost"


def test_who_was_removed_while_it_waited_gets_none(
    app: Flask, alice: Person, bob: Person, project: int
) -> None:
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert failed(app, context(bob.id, project)) == "access_lost"


def test_who_was_disabled_while_it_waited_gets_none(
    app: Flask, alice: Person, project: int
) -> None:
    with app.app_context():
        db.session.execute(update(User).where(User.id == alice.id).values(disabled_at=utcnow()))
        db.session.commit()
    assert failed(app, context(alice.id, project)) == "access_lost"


def test_a_project_deleted_meanwhile_fails_for_good(
    app: Flask, alice: Person, project: int
) -> None:
    ok(alice.delete(f"/projects/{project}"))
    assert failed(app, context(alice.id, project)) == "project_gone"


# -- stopping -------------------------------------------------------------------------------------

ENDLESS = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n")


def test_a_cancelled_report_stops(app: Flask, alice: Person, project: int) -> None:
    ctx = context(alice.id, project)
    ctx.stop("cancelled")
    with pytest.raises(Stopped):
        run(app, ctx)


def test_a_statement_that_runs_is_cut_off(app: Flask, alice: Person, project: int) -> None:
    ctx = context(alice.id, project)

    def read() -> None:
        with snapshot(ctx) as connection:
            connection.execute(ENDLESS)

    threading.Timer(0.1, ctx.stop, ["cancelled"]).start()
    with app.app_context(), pytest.raises(Stopped):
        read()


def test_a_connection_is_given_back_as_it_was(app: Flask, alice: Person, project: int) -> None:
    ctx = context(alice.id, project)
    with app.app_context():
        with snapshot(ctx):
            pass
        ctx.stop("cancelled")
        count = text("SELECT count(*) FROM users a, users b, users c, users d, users e, users f")
        with db.engine.connect() as connection:
            assert connection.scalar(count) == 5**6


def test_reports_run_beside_one_another_and_beside_writers(
    app: Flask, alice: Person, project: int
) -> None:
    made: list[Result] = []
    threads = [
        threading.Thread(target=lambda: made.append(run(app, context(alice.id, project))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for number in range(20):
        alice.tells(project, number=number)
    for thread in threads:
        thread.join()
    assert len(made) == 4


def test_applications_have_it(app: Flask) -> None:
    with app.app_context():
        assert find("report") is report
