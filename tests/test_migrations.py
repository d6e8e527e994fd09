import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from collab import create_app
from collab.core.models import tell_postgresql
from collab.extensions import db
from collab.server import prepare

from .conftest import SETTINGS, close, http_for
from .support import databases
from .support.people import ok, register


@pytest.fixture
def ready(template_of_nobody, tmp_path):
    """Return an application on a database that has been migrated, with nobody in it."""
    where = databases.copy(template_of_nobody, tmp_path)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path)} | where)
    yield app
    close(app)


def without_the_index(name, kind, parents):
    """The full-text index, what is derived of texts, and the queue are made by SQL alone."""
    if kind == "column":
        return not (name or "").endswith("_folded")
    others = ("search_index", "words_due", "procrastinate_")
    return not (kind == "table" and (name or "").startswith(others))


def test_models_and_migrations_agree(ready):
    tell_postgresql(db.metadata)
    with ready.app_context(), db.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": without_the_index}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, db.metadata) == []


def test_migrating_twice_changes_nothing(ready):
    with http_for(ready) as http:
        person = register(http, "dora")
        prepare(ready)
        assert ok(person.get("/auth/me"))["id"] == person.id


ACCOUNT = """
    INSERT INTO users (id, email, name, handle, mailbox, password_hash, role, disabled_at,
        version, created_at, updated_at)
    VALUES (:id, :email, 'x', 'x', 'x', '', 'user', :disabled, 1, '2026-01-01', '2026-01-01')
"""
JOB = """
    INSERT INTO jobs (owner_id, type, status, payload, rank, timeout_s, max_attempts, attempt,
        attempts_forgiven, lease_token, cancel_requested, version, created_at, updated_at)
    VALUES (:owner, 'x', :status, '{}', 0, 1, 1, 0, 0, 0, false, 1, '2026-01-01', '2026-01-01')
"""
INVITATION = """
    INSERT INTO invitations (project_id, email, role, invited_by, created_at)
    VALUES (1, :email, 'viewer', 1, '2026-01-01')
"""


def told(statement):
    """Return what a statement finds, row by row."""
    return [tuple(row) for row in db.session.execute(text(statement))]


def test_accounts_get_one_spelling_and_what_the_disabled_left_ends(ready):
    """Of two accounts of one mailbox the older one gets its address, and nobody loses theirs."""
    emails = {2: "jose\u0301@x.de", 3: "josé@x.de.", 4: "a@xn--mnchen-3ya.de", 5: "b..@c..d"}
    with ready.app_context():
        downgrade(revision="0014")
        for key, email in ({1: "plain@x.de"} | emails).items():
            values = {"id": key, "email": email, "disabled": "2026-01-01" if key == 2 else None}
            db.session.execute(text(ACCOUNT), values)
        db.session.execute(
            text(
                "INSERT INTO projects (id, name, description, version, created_at, updated_at)"
                " VALUES (1, 'x', '', 1, '2026-01-01', '2026-01-01')"
            )
        )
        for email in ("jose\u0301@x.de", "josé@x.de"):
            db.session.execute(text(INVITATION), {"email": email})
        for owner, status in ((2, "queued"), (2, "running"), (2, "succeeded"), (4, "queued")):
            db.session.execute(text(JOB), {"owner": owner, "status": status})
        db.session.commit()
        upgrade()
        assert told("SELECT email, mailbox FROM users WHERE id > 1 ORDER BY id") == [
            ("josé@x.de", "jose"),  # as mentions look for it
            ("josé@x.de.", "x"),
            ("a@münchen.de", "a"),
            ("b..@c..d", "x"),
        ]
        assert told("SELECT email FROM invitations") == [("josé@x.de",)]
        assert told("SELECT status, cancel_requested, error IS NULL FROM jobs ORDER BY id") == [
            ("cancelled", 0, 0),
            ("running", 1, 0),
            ("succeeded", 0, 1),
            ("queued", 0, 1),
        ]


def test_all_the_way_down_and_up_again(ready):
    with ready.app_context():
        downgrade(revision="base")
        left = set(inspect(db.engine).get_table_names())
        assert left - {"words_due"} == {"alembic_version"}
        upgrade()
    with http_for(ready) as http:
        assert register(http, "dora").id == 1
