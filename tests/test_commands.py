"""The `flask` commands: what they do, and what they say where they can't."""

import re

import click
import httpx
import pytest
from sqlalchemy import text

from collab.commands import DatabaseCommand
from collab.extensions import db

from .support import people
from .support.factors import enrols
from .support.people import Person, ok

PASSWORD = "SecurePassword123!"


@pytest.fixture
def command(app):
    """Return a way to run a command: `command("create-admin", "a@example.com")`."""
    return runner(app)


def runner(app):
    def run(*arguments, **options):
        with app.app_context():
            return app.test_cli_runner().invoke(args=arguments, **options)

    return run


def signs_in(http, email, password) -> httpx.Response:
    return http.post("/api/v1/auth/login", json={"email": email, "password": password})


class TestCreateAdmin:
    def test_an_account_that_is_there_becomes_an_admins(self, command, alice):
        made = command("create-admin", alice.email.upper())

        assert made.exit_code == 0, made.output
        assert "is an admin now" in made.output
        assert alice.get("/users").status_code == 200

    def test_its_password_stays_and_that_is_said(self, command, alice, http):
        made = command("create-admin", alice.email, "--password", "another fine password")

        assert f"set-password {alice.email}" in made.output
        assert signs_in(http, alice.email, "another fine password").status_code == 401
        assert ok(alice.get("/auth/me"))["id"] == alice.id

    def test_a_second_time_changes_nothing_and_says_so(self, command, ada):
        before = ok(ada.get("/audit?limit=1"))["items"][0]["id"]
        made = command("create-admin", ada.email)

        assert (made.exit_code, "Nothing has changed" in made.output) == (0, True)
        assert ok(ada.get("/audit?limit=1"))["items"][0]["id"] == before

    def test_a_new_one_is_made_where_there_is_none(self, command, http):
        command("create-admin", "Root@Example.com", "--password", PASSWORD)
        assert signs_in(http, "root@example.com", PASSWORD).json()["role"] == "admin"

    def test_a_new_ones_password_is_asked_for_twice(self, command, http):
        typed = "\n".join([PASSWORD, "not the same", PASSWORD, PASSWORD, ""])
        assert command("create-admin", "root@example.com", input=typed).exit_code == 0
        assert signs_in(http, "root@example.com", PASSWORD).status_code == 200

    @pytest.mark.parametrize(
        ("email", "password", "reason"),
        [
            ("root@example.com", "password", "most common"),
            ("root@example.com", "short", "between 8 and"),
            ("root", PASSWORD, "e-mail address"),
        ],
    )
    def test_what_no_account_may_have_is_refused(self, command, email, password, reason):
        made = command("create-admin", email, "--password", password)
        assert (made.exit_code, reason in made.output) == (1, True), made.output


class TestSetPassword:
    def test_the_new_one_is_good_and_the_old_sessions_are_over(self, command, alice, http):
        done = command("set-password", alice.email, "--password", "another fine password")

        assert "Sessions that were ended: 1." in done.output
        assert alice.get("/auth/me").status_code == 401
        assert signs_in(http, alice.email, "another fine password").status_code == 200

    def test_the_audit_has_it(self, command, alice, ada):
        command("set-password", alice.email, "--password", "another fine password")
        newest = ok(ada.get("/audit?type=account.password_changed&limit=1"))["items"][0]
        assert newest["actor"] is None

    def test_of_an_account_that_is_not_there_it_says_what_makes_one(self, command):
        done = command("set-password", "who@example.com", "--password", PASSWORD)
        assert (done.exit_code, "create-admin who@example.com" in done.output) == (1, True)

    def test_a_second_factor_is_taken_away_by_another_command(self, command, alice, ada, http):
        enrols(alice)
        assert signs_in(http, alice.email, people.PASSWORD).status_code == 401

        assert "no second factor any more" in command("reset-second-factor", alice.email).output

        assert signs_in(http, alice.email, people.PASSWORD).status_code == 200
        (row,) = ok(ada.get("/audit?type=account.second_factors_removed"))["items"]
        assert row["actor"] is None

    def test_a_weak_one_is_refused(self, command, alice):
        done = command("set-password", alice.email, "--password", "password1")
        assert (done.exit_code, "most common" in done.output) == (1, True)
        assert alice.get("/auth/me").status_code == 200


class TestDatabase:
    COMMANDS = (
        "create-admin a@example.com",
        "set-password a@example.com",
        "reset-second-factor a@example.com",
        "demo",
        "prune-events",
    )

    @pytest.mark.sqlite("file")
    @pytest.mark.parametrize("line", [*COMMANDS, "rebuild-search"])
    def test_one_that_is_not_there_is_not_made_and_what_makes_it_is_said(
        self, make_app, tmp_path, line
    ):
        done = runner(make_app(INSTANCE_PATH=str(tmp_path)))(*line.split())

        assert done.exit_code == 1
        assert "flask --app app db upgrade" in done.output
        assert not (tmp_path / "collab.db").exists()

    def change_revision(self, app, revision):
        with app.app_context():
            db.session.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
            db.session.commit()

    def test_one_that_lags_is_told_of(self, app, command):
        versions = (one for one in _revisions(app) if one.down_revision)
        self.change_revision(app, next(versions).down_revision)
        done = command("prune-events")
        assert (done.exit_code, "db upgrade" in done.output) == (1, True)

    def test_one_of_a_newer_version_is_told_of(self, app, command):
        self.change_revision(app, "tomorrow")
        done = command("prune-events")
        assert (done.exit_code, "newer Collab" in done.output) == (1, True)

    @pytest.mark.sqlite("file")
    def test_one_that_is_damaged_ends_it_with_a_sentence(self, app, command, instance):
        with app.app_context():
            db.engine.dispose()
        (instance / "collab.db").write_bytes(b"not a database at all" * 1000)
        for rest in instance.glob("collab.db-*"):
            rest.unlink()
        done = command("prune-events")
        assert done.exit_code != 0
        assert "can't use the database" in str(done.exception)


def _revisions(app):
    from alembic.script import ScriptDirectory

    with app.app_context():
        config = app.extensions["migrate"].migrate.get_config()
    return ScriptDirectory.from_config(config).walk_revisions()


class TestPruning:
    def test_it_wants_an_age(self, make_app):
        done = runner(make_app(EVENT_RETENTION_DAYS="0"))("prune-events")
        assert (done.exit_code, "EVENT_RETENTION_DAYS" in done.output) == (1, True)

    def test_it_says_how_many_went(self, command):
        assert command("prune-events", "--days", "1").output == "0 events pruned.\n"


def test_rebuilding_the_search_says_how_much_there_is(command, alice: Person):
    ok(alice.post("/posts", {"title": "Hello", "body": "World"}))
    assert command("rebuild-search").output.endswith("rows indexed.\n")


def test_each_command_says_what_it_does(app):
    context = click.Context(app.cli)
    found = [app.cli.get_command(context, name) for name in app.cli.list_commands(context)]
    ours = [one for one in found if isinstance(one, DatabaseCommand)]
    assert len(ours) == 8
    for one in (*ours, app.cli.get_command(context, "worker")):
        assert re.fullmatch(r"[A-Z].+\.", one.help), one.name


def test_ingest_commands_say_why_they_can_not(command, tmp_path):
    asked = command("ingest-sql", "SELECT 1")
    assert (asked.exit_code, "There is no archive yet" in asked.output) == (1, True)
    imported = command("ingest-import", str(tmp_path))
    assert (imported.exit_code, "There is no archive in" in imported.output) == (1, True)
    sent = command("ingest-demo", "--project", "99")
    assert (sent.exit_code, "There is no such project" in sent.output) == (1, True)
