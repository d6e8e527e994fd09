"""`flask` commands beside the server."""

from __future__ import annotations

from datetime import timedelta

import click
from flask import Flask

from .auth import passwords, service
from .auth.models import ADMIN, User
from .core import fulltext
from .core.database import take_write_lock
from .core.slots import setting
from .events import log
from .events.catalogue.accounts import AccountRoleChanged
from .extensions import db


def init_app(app: Flask) -> None:
    """Add the commands."""
    for command in (create_admin, demo, prune_events, rebuild_search):
        app.cli.add_command(command)


@click.command("create-admin")
@click.argument("email")
@click.password_option()
def create_admin(email: str, password: str) -> None:
    """Create an admin, or promote an existing account."""
    email = email.lower()
    user = db.session.scalar(db.select(User).where(User.email == email))
    if user is None:
        if reason := passwords.weakness(password, email):
            raise click.ClickException(reason)
        if len(password) < passwords.MIN_PASSWORD_LENGTH:
            raise click.ClickException(
                f"A password needs at least {passwords.MIN_PASSWORD_LENGTH} characters."
            )
        user = service.new_account(email, passwords.hash_password(password), None)
    if user.role != ADMIN:
        user.role = ADMIN
        log.record(AccountRoleChanged(user_id=user.id, role=ADMIN), actor=None)
    db.session.commit()
    click.echo(f"{email} is an admin.")


@click.command("demo")
def demo() -> None:
    """Add people and a project to play with."""
    from .demo import fill

    click.echo(fill())


@click.command("prune-events")
@click.option("--days", type=click.IntRange(1), help="age in days; by default EVENT_RETENTION_DAYS")
def prune_events(days: int | None) -> None:
    """Delete events that are older than so many days."""
    days = days or setting("EVENT_RETENTION_DAYS")
    if not days:
        raise click.ClickException("Pass --days, or set EVENT_RETENTION_DAYS.")
    click.echo(f"{log.prune(timedelta(days=days))} events pruned.")


@click.command("rebuild-search")
def rebuild_search() -> None:
    """Rebuild the search index in one transaction, while requests are still served."""
    take_write_lock()
    count = fulltext.rebuild()
    db.session.commit()
    click.echo(f"{count} rows indexed.")
