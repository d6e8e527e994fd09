"""`flask` commands for operating the service."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from marshmallow import ValidationError

from .auth import passwords, users
from .auth.factors import second
from .auth.models import User
from .auth.schemas import RegisterIn
from .core import fulltext
from .core.database import engine, take_write_lock
from .core.errors import ApiError
from .core.lists.tables import csv_lines
from .core.management import migrations
from .core.slots import application, setting
from .core.storage import opening
from .events import log
from .extensions import db
from .ingest.commands import demo as demo_traffic
from .ingest.commands import importing, querying
from .ingest.worker.supervisor import options_of

NOT_MIGRATED = (
    "The database {path} {state}. Run `flask --app app db upgrade`, or start the server once: "
    "`python app.py`."
)
TOO_NEW = (
    "The database {path} was changed by a newer Collab than this one. Run that one, or restore "
    "a copy from before."
)


def init_app(app: Flask) -> None:
    """Add the commands."""
    for command in COMMANDS:
        app.cli.add_command(command)


class DatabaseCommand(click.Command):
    """A command that wants the database as this version of the code has it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; a database that can't be used, or is not migrated, ends it with a sentence."""
        with opening.or_exit(current_app._get_current_object()):  # type: ignore[attr-defined]
            require_migrated()
            try:
                return super().invoke(ctx)
            except ApiError as error:
                raise click.ClickException(str(error.detail)) from None


def require_migrated() -> None:
    """Raise ClickException, which says what to do, unless the database is as the models are."""
    path = engine().place
    if engine().is_file and not Path(path).exists():
        raise click.ClickException(NOT_MIGRATED.format(path=path, state="does not exist yet"))
    with db.engine.connect() as connection:
        present = migrations.noted(connection)
    if not present <= migrations.known():
        raise click.ClickException(TOO_NEW.format(path=path))
    if present != migrations.newest():
        raise click.ClickException(NOT_MIGRATED.format(path=path, state="is not up to date"))


def before_flask_runs(app: Flask) -> None:
    """Raise ClickException if `flask run` is about to serve a database that is not migrated."""
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name == "run":
        with app.app_context():
            require_migrated()


def checked(email: str, password: str) -> None:
    """Raise ClickException unless both are what an account may have."""
    try:
        RegisterIn().load({"email": email, "password": password})
    except ValidationError as error:
        found: dict[str, list[str]] = error.messages_dict
        sentences = [f"{name}: {' '.join(reasons)}" for name, reasons in found.items()]
        raise click.ClickException(" ".join(sentences)) from None
    if reason := passwords.weakness(password, email):
        raise click.ClickException(reason)


def account(email: str) -> User:
    """Return an account; raises ClickException."""
    user = users.find_by_email(email)
    if user is None:
        raise click.ClickException(
            f"There is no account {email}. `flask --app app create-admin {email}` creates one."
        )
    return user


def ask_password() -> str:
    """Ask for a new password, twice."""
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


@click.command("create-admin", cls=DatabaseCommand)
@click.argument("email")
@click.option("--password", help="password of a new account; asked for if left out")
def create_admin(email: str, password: str | None) -> None:
    """Create an admin, or promote an existing account, whose password stays as it is."""
    user = users.find_by_email(email)
    if user is None:
        password = password or ask_password()
        checked(email, password)
        users.create_admin(email, password)
        click.echo(f"{email} is an admin, with a new account.")
        return
    if users.promote(user):
        click.echo(f"{email} is an admin now. The account was there before.")
    else:
        click.echo(f"{email} was an admin already. Nothing has changed.")
    if password:
        click.echo(f"Its password is as before: `flask --app app set-password {email}` sets it.")
    if user.disabled:
        click.echo("It is disabled: another admin can enable it.")


@click.command("set-password", cls=DatabaseCommand)
@click.argument("email")
@click.option("--password", help="the new password; asked for if left out")
def set_password(email: str, password: str | None) -> None:
    """Set the password of an account, and end its sessions."""
    user = account(email)
    password = password or ask_password()
    checked(email, password)
    ended = users.set_password(user, password)
    click.echo(f"{email} has a new password. Sessions that were ended: {ended}.")


@click.command("reset-second-factor", cls=DatabaseCommand)
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Remove all second factors from an account: its password alone logs in again."""
    had = second.reset(account(email).id, None)
    click.echo(f"{email} {'has no second factor any more' if had else 'had no second factor'}.")


@click.command("demo", cls=DatabaseCommand)
def demo() -> None:
    """Add people and a project to play with, and print their password."""
    from .demo import fill

    click.echo(fill())


@click.command("prune-events", cls=DatabaseCommand)
@click.option(
    "--days",
    type=click.IntRange(1),
    help="delete events older than this many days; by default EVENT_RETENTION_DAYS",
)
def prune_events(days: int | None) -> None:
    """Delete events that are older than a number of days."""
    days = days or setting("EVENT_RETENTION_DAYS")
    if not days:
        raise click.ClickException("Pass --days, or set EVENT_RETENTION_DAYS.")
    click.echo(f"{log.prune(timedelta(days=days))} events pruned.")


@click.command("rebuild-search", cls=DatabaseCommand)
def rebuild_search() -> None:
    """Rebuild the search index in one transaction, while requests are still served."""
    take_write_lock()
    count = fulltext.rebuild()
    db.session.commit()
    click.echo(f"{count} rows indexed.")


@click.command("ingest-demo", cls=DatabaseCommand)
@click.option("--project", type=int, help="project that gets the events; by default the first")
@click.option("--rate", default=20.0, type=click.FloatRange(0.1, 20_000), help="events a second")
@click.option(
    "--for", "for_s", default=60.0, type=click.FloatRange(0), help="seconds to run; 0: for ever"
)
@click.option("--url", help="address of the running server; by default this machine's, at PORT")
def ingest_demo(project: int | None, rate: float, for_s: float, url: str | None) -> None:
    """Send traffic of a made-up shop to the running server, with a write key of its own."""
    address = url or f"http://127.0.0.1:{setting('PORT')}"
    key = demo_traffic.write_key(project)
    line = "{0.events} sent, {0.accepted} accepted, {0.rejected} rejected"
    try:
        sent = demo_traffic.run(
            address, key, rate, for_s, lambda so_far: click.echo(line.format(so_far))
        )
    except KeyboardInterrupt:
        return
    except OSError as error:
        raise click.ClickException(f"{address} does not take events: {error}") from None
    click.echo(f"Done: {line.format(sent)}.")


@click.command("ingest-import", cls=DatabaseCommand)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def ingest_import(folder: Path) -> None:
    """Load an archive of events into an empty store; the server must not be running."""
    try:
        done = importing.run(options_of(application()), folder)
    except importing.CanNotImport as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{done.events} events of {done.files} files imported; broken off: {done.broken}.")


@click.command("ingest-sql")
@click.argument("query")
def ingest_sql(query: str) -> None:
    """Query the event archive with SQL (the view `events`), by the package duckdb; prints CSV."""
    try:
        for rows in querying.ask(setting("INSTANCE_PATH") / "archive", query):
            click.echo(csv_lines(rows).decode(), nl=False)
    except querying.CanNotAsk as error:
        raise click.ClickException(str(error)) from None


@click.command("worker")
@click.option(
    "--concurrency", type=click.IntRange(1, 64), help="jobs at once; by default JOB_WORKERS"
)
@click.option("--queues", help="job types to run, as one,two; by default all")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="address that --port listens on"
)
@click.option("--port", type=click.IntRange(1, 65535), help="answer /health, /ready, /metrics")
def worker(concurrency: int | None, queues: str | None, host: str, port: int | None) -> None:
    """Run jobs, and what else works beside requests, until SIGTERM or Ctrl-C."""
    from .worker import work  # which brings the server

    work(concurrency, queues, host, port)


COMMANDS = (
    *(create_admin, set_password, reset_second_factor, demo, prune_events, rebuild_search),
    *(ingest_demo, ingest_import, ingest_sql),
    worker,
)
