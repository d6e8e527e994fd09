"""What is done once a commit has made a change true, and is forgotten with a rollback."""

from __future__ import annotations

from collections.abc import Callable, Set

from sqlalchemy import event
from sqlalchemy.orm import Session

from ...extensions import db

#: What is called after the commit, with all details that were given; it may run no SQL.
Action = Callable[[Set[str]], None]

_ASKED = "collab.after_commit"


def after_commit(action: Action, *details: str) -> None:
    """Have an action called once after the open transaction's commit, however often it is asked."""
    # In the session, whose transaction it is: a rollback in another thread forgets nothing of it.
    asked: dict[Action, set[str]] = db.session().info.setdefault(_ASKED, {})
    asked.setdefault(action, set()).update(details)


@event.listens_for(db.session, "after_commit")
def _act(session: Session) -> None:
    # Not before the commit: whoever wakes sooner finds no rows, and sleeps again.
    for action, details in session.info.pop(_ASKED, {}).items():
        action(details)


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_ASKED, None)
