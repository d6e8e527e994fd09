"""The reader of the log that makes deliveries, and the chore that has them sent.

An event and its deliveries are not one transaction, but the reader's place in the log and the
deliveries are: whenever the process dies, each event enters each queue once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import select

from ...core.parts import PARTS
from ...core.slots import Slot
from ...core.storage.chores import Chore
from ...events.models import EventRow
from ...events.reader import Reader
from ...events.reader_thread import ReaderThread
from ...extensions import db
from .. import states
from ..behalf import may_manage
from ..models import DISABLED, NO_RIGHT, Webhook
from . import dispatching, line

#: Events after which the person in whose name a webhook works may have lost the right.
TAKES_RIGHTS = ("member.removed", "member.role_changed")


def handle(rows: Sequence[Any]) -> None:
    """Add events to the queues of their projects' webhooks."""
    by_project: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_project[row.project_id].append(row)
    query = select(Webhook).where(Webhook.project_id.in_(by_project), Webhook.state != DISABLED)
    for hook in db.session.scalars(query.execution_options(populate_existing=True)).all():
        mine = by_project[hook.project_id]
        # Checked only after such events: a look-up for each batch would cost more than the batch.
        if _may_have_lost(mine) and not may_manage(hook.created_by, hook.project_id):
            states.disable(hook, NO_RIGHT)
        else:
            line.append(hook, mine)


def _may_have_lost(rows: Sequence[Any]) -> bool:
    return any(row.type in TAKES_RIGHTS for row in rows)


def _make(app: Flask) -> ReaderThread:
    with_webhooks = select(Webhook.project_id).where(Webhook.state != DISABLED)
    wanted = EventRow.project_id.in_(with_webhooks) & (EventRow.topic != "audit")
    reader = Reader(line.READER_NAME, wanted, handle)
    # Without an interval: after each reading, and each second.
    return ReaderThread(
        app, reader, Chore("jobs", 0.0, dispatching.dispatch), enabled=app.config["WEBHOOKS"]
    )


FILLER: Slot[ReaderThread] = Slot("webhooks", _make)


def init_app(app: Flask) -> None:
    """Give an application the reader; it starts with the server, or the first request."""
    PARTS.of(app).add("webhooks", FILLER, with_requests=True)
