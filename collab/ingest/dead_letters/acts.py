"""What people do to letters, noted for the service's log, which is in another database.

An act is noted in the store's transaction that carries it out, and removed once the log has it. If
the process dies in between, the next check tells the log: nothing is done that the log does not
have. It has an act twice only if the process dies between the log's commit and the removal.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...core.models import utcnow
from ...core.slots import application
from ...events import log
from ...events.catalogue.ingest import (
    DeadLetterCorrected,
    DeadLettersDiscarded,
    DeadLettersReplayed,
)
from ...events.types import ProjectEvent
from ...extensions import db
from ...frozen import frozen
from ...projects.models import Project
from ..pipeline.engines.face import Store
from ..reading.periods import milliseconds
from ..store import reader, where_of, writer

#: Seconds between two checks for acts that were left, and after which an act counts as left.
LEFT_AFTER_S = 60.0

#: Acts in one check.
ACTS_AT_ONCE = 50

EVENTS: dict[str, Callable[[int, int], ProjectEvent]] = {
    "corrected": lambda project, key: DeadLetterCorrected(project_id=project, letter_id=key),
    "replayed": lambda project, count: DeadLettersReplayed(project_id=project, count=count),
    "discarded": lambda project, count: DeadLettersDiscarded(project_id=project, count=count),
}


@frozen
class Act:
    """Something that somebody did: to one letter (its id), or to a number of them."""

    id: int
    project: int
    actor: int
    kind: str
    number: int


def note(connection: Store, project: int, actor: int, kind: str, number: int) -> Act:
    """Note an act in the transaction that carries it out."""
    (key,) = connection.execute(
        "INSERT INTO acts (at, project, actor, kind, number) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (milliseconds(utcnow()), project, actor, kind, number),
    ).fetchone()
    return Act(key, project, actor, kind, number)


def tell(act: Act) -> None:
    """Record it in the log, with a commit, and then remove it."""
    # The log takes no events of projects that are gone: then the act is only removed.
    if db.session.get(Project, act.project) is not None:
        log.record(EVENTS[act.kind](act.project, act.number), actor=act.actor)
    db.session.commit()
    with writer() as connection:
        connection.execute("DELETE FROM acts WHERE id = ?", (act.id,))


def tell_what_is_left(left_after_s: float = LEFT_AFTER_S) -> bool:
    """Tell the log of acts whose process died before doing so, as a chore."""
    where = where_of(application())
    if isinstance(where, Path) and not where.exists():
        return False
    before = milliseconds(utcnow()) - int(left_after_s * 1000)
    with reader() as connection:
        found = connection.execute(
            "SELECT id, project, actor, kind, number FROM acts WHERE at <= ? ORDER BY id LIMIT ?",
            (before, ACTS_AT_ONCE),
        ).fetchall()
    for row in found:
        tell(Act(*row))
    return bool(found)
