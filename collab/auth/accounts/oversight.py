"""What admins do with anybody's sessions: see where somebody is signed in, and end a session.

An admin sees of a session what its owner does: the device and the address that it was begun with,
so that a stolen one can be recognized. Nobody sees its tokens.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ...core.caller import Caller
from ...core.database import take_write_lock
from ...core.errors import NotFound
from ...core.lists.paging import Page, paginate
from ...core.models import utcnow
from ...extensions import db
from ...frozen import frozen
from ..models import Session, User
from ..sessions import revoke

#: What the list of all sessions may be sorted by.
ALL_SESSION_SORTS = {"id": Session.id}
ENDED_BY_ADMIN = "ended by an admin"


@frozen
class SeenSession:
    """A session, and whose it is; other attributes are the session's."""

    session: Session
    user_name: str
    current: bool

    def __getattr__(self, name: str) -> Any:
        """Return a column of the session."""
        return getattr(self.session, name)


def list_sessions(
    caller: Caller, *, user_id: int | None, address: str | None, sort: str, **page: Any
) -> Page:
    """Return a page of everybody's valid sessions."""
    query: Any = select(Session, User.name.label("user_name"))
    query = query.join(User, User.id == Session.user_id)
    query = query.where(Session.revoked_at.is_(None), Session.expires_at > utcnow())
    if user_id is not None:
        query = query.where(Session.user_id == user_id)
    if address is not None:
        query = query.where(Session.address == address)

    def item(row: Any) -> SeenSession:
        return SeenSession(row.Session, row.user_name, row.Session.id == caller.session_id)

    return paginate(query, columns=ALL_SESSION_SORTS, sort=sort, key=Session.id, item=item, **page)


def end_session(caller: Caller, session_id: int) -> None:
    """End one session, no matter whose it is; raises NotFound."""
    take_write_lock()
    if not revoke(Session.id == session_id, ENDED_BY_ADMIN, by=caller.user_id):
        raise NotFound()
    db.session.commit()


def end_all(caller: Caller, user_id: int) -> None:
    """End all sessions of a person; raises NotFound if there is no such account."""
    take_write_lock()
    if db.session.get(User, user_id) is None:
        raise NotFound()
    revoke(Session.user_id == user_id, ENDED_BY_ADMIN, by=caller.user_id)
    db.session.commit()
