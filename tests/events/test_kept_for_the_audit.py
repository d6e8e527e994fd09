"""What is pruned of the log, and what stays for the audit alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from collab.core.models import utcnow
from collab.events import log
from collab.events.log import Published
from collab.events.models import EventRow
from collab.extensions import db

#: Topic and type of what only the audit needs, and of what nobody does.
AUDITED = [
    ("audit", "user.created"),
    ("user:1", "audit.exported"),
    ("user:1", "access.refused"),
    ("user:1", "login.failed"),
    ("user:1", "account.updated"),
    ("user:1", "session.revoked"),
]
PASSING = [
    ("project:1", "task.created"),
    ("auditor", "accounts.merged"),
    ("user:1", "accessxgiven"),
    ("user:1", "my.audit.x"),
]


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """Work inside the application, whose log is empty."""
    with app.app_context():
        log.prune(timedelta(0), utcnow() + timedelta(seconds=1))
        yield app


def write(*kinds: tuple[str, str]) -> None:
    events = [
        Published(kind=kind, where=where, project_id=None, payload={}) for where, kind in kinds
    ]
    log.record_all(events, actor=1)
    db.session.commit()


def kept() -> list[tuple[str, str]]:
    query = select(EventRow.topic, EventRow.type).order_by(EventRow.id)
    return [(topic, kind) for topic, kind in db.session.execute(query)]


def test_pruning_leaves_what_only_the_audit_needs(context: Flask) -> None:
    write(*AUDITED, *PASSING)
    last, border = log.last_id(), utcnow() + timedelta(seconds=1)
    assert log.prune_some(border)
    assert kept() == AUDITED
    assert (log.pruned_through(), log.last_id()) == (last, last)
    assert not log.prune_some(border)
    assert kept() == AUDITED


def test_the_audit_is_pruned_of_what_is_old_in_the_part_that_was(context: Flask) -> None:
    write(*AUDITED)
    log.prune_some(utcnow() + timedelta(seconds=1))
    write(("audit", "user.created"))
    assert not log.prune_audit(utcnow() - timedelta(days=1))
    assert len(kept()) == len(AUDITED) + 1
    assert not log.prune_audit(utcnow() + timedelta(seconds=1))
    assert kept() == [("audit", "user.created")]


def test_much_of_the_audit_goes_in_parts(context: Flask) -> None:
    write(*[("audit", "user.created")] * (log.PRUNED_AT_ONCE + 1))
    border = utcnow() + timedelta(seconds=1)
    assert log.prune_some(border)
    assert log.prune_some(border)
    assert not log.prune_some(border)
    assert log.prune_audit(border)
    assert not log.prune_audit(border)
    assert kept() == []


def test_nothing_is_gone_of_a_log_that_was_never_pruned(app: Flask) -> None:
    with app.app_context():
        assert log.pruned_through() == 0
        assert log.recoverable(0)


def test_whoever_prunes_everything_prunes_the_audit_too(context: Flask) -> None:
    write(*AUDITED, *PASSING)
    border = utcnow() + timedelta(seconds=1)
    log.prune_some(border)
    assert log.prune(timedelta(0), border) == len(AUDITED)
    assert kept() == []
