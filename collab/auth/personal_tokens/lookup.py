"""Finding out whose personal token a request brings, as the database has it at this moment."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from ...core.caller import Caller
from ...core.errors import Unauthorized
from ...core.models import utcnow
from ...core.security import digest
from ...core.slots import setting
from ...extensions import db
from ..models import User
from ..sessions import AddressNotVerified, Disabled
from . import spelling
from .models import PersonalToken

logger = logging.getLogger(__name__)

#: How old the noted last use of a token may be: no request but one in an hour writes it.
LAST_USE_AGE = timedelta(hours=1)

PERSON_OF_TOKEN = select(
    PersonalToken.id,
    PersonalToken.user_id,
    PersonalToken.scope,
    PersonalToken.expires_at,
    PersonalToken.revoked_at,
    PersonalToken.last_used_at,
    User.name,
    User.email,
    User.disabled_at,
    User.email_verified_at,
).join_from(PersonalToken, User)


class TokenEnded(Unauthorized):
    """This personal token is not known, has expired or was revoked: make another."""

    kind = "personal-token-ended"


def from_text(token: str) -> tuple[Caller, datetime | None]:
    """Return a token's person, and when it was last used; raises TokenEnded, Disabled."""
    if not spelling.is_whole(token):
        raise TokenEnded()
    row = _found(PersonalToken.digest == digest(token), None)
    return _caller(row), row.last_used_at


def again(known: Caller, connection: Connection | None) -> Caller:
    """Return who somebody is now, who came with a personal token; raises TokenEnded, Disabled."""
    return _caller(_found(PersonalToken.id == -known.session_id, connection))


def _found(which: Any, connection: Connection | None) -> Any:
    query = PERSON_OF_TOKEN.where(which)
    row = (connection or db.session.connection()).execute(query).one_or_none()
    if row is None:
        raise TokenEnded()
    return row


def _caller(row: Any) -> Caller:
    if row.disabled_at is not None:
        raise Disabled()
    if row.revoked_at is not None or row.expires_at <= utcnow():
        raise TokenEnded()
    if row.email_verified_at is None and setting("REQUIRE_VERIFIED_EMAIL"):
        raise AddressNotVerified()
    return Caller(
        user_id=row.user_id,
        session_id=-row.id,  # sessions are above zero: connections end by either
        name=row.name,
        email=row.email,
        is_admin=False,  # a script has no business there
        token_expires=row.expires_at,
        scopes=frozenset(row.scope.split()),
    )


def note_use(who: Caller, last: datetime | None) -> None:
    """Note that a token was used, at most once an hour; commits. A failure refuses nothing."""
    now = utcnow()
    if last is not None and now - last < LAST_USE_AGE:
        return
    try:
        mine = PersonalToken.id == -who.session_id
        db.session.execute(update(PersonalToken).where(mine).values(last_used_at=now))
        db.session.commit()
    except Exception as error:  # a full disk, or a busy one: reading goes on
        db.session.rollback()
        logger.warning("the use of a personal token could not be noted: %s", error)
