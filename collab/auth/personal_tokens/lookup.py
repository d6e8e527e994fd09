"""Finding out whose personal token a request brings, as the database has it at this moment.

As with sessions, callers are remembered until the number of rights changes, which each end of a
token moves (`accounts/known_callers.py`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, event, select, update

from ...core.caller import Caller
from ...core.compiled import Compiled
from ...core.errors import BadToken
from ...core.models import utcnow
from ...core.security import digest
from ...core.slots import Slot
from ...events import log
from ...extensions import db
from ..accounts.known_callers import Known
from ..accounts.lacking import lacking
from ..factors import requirement
from ..models import User
from ..sessions import Disabled
from . import spelling
from .models import PersonalToken

logger = logging.getLogger(__name__)

#: How old the noted last use of a token may be: only one request in an hour writes it.
LAST_USE_AGE = timedelta(hours=1)

_PERSON = select(
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
_DIGEST = PersonalToken.digest == bindparam("digest")
_ID = PersonalToken.id == bindparam("token_id")
BY_DIGEST = Compiled(_PERSON.where(_DIGEST))
BY_ID = Compiled(_PERSON.where(_ID))
#: The same where a second factor is required.
_WITH_FACTORS = _PERSON.add_columns(User.role, requirement.HAS_FACTOR)
FACTORS_BY_DIGEST = Compiled(_WITH_FACTORS.where(_DIGEST))
FACTORS_BY_ID = Compiled(_WITH_FACTORS.where(_ID))


class TokenEnded(BadToken):
    """This personal token is not known, has expired or was revoked: make another."""

    kind = "personal-token-ended"


@dataclass
class Found:
    """A token's person, and when the token was last used, as far as this process knows."""

    who: Caller
    last_used_at: datetime | None


class KnownTokens(Known[str, Found]):
    """The persons of personal tokens, by the tokens' digests."""


KNOWN_TOKENS: Slot[KnownTokens] = Slot("known personal tokens", KnownTokens)


def from_text(token: str) -> Found:
    """Return a token's person; raises TokenEnded, Disabled, AddressNotVerified."""
    if not spelling.is_whole(token):
        raise TokenEnded()
    known, key = KNOWN_TOKENS.here(), digest(token)
    if (found := known.find(key)) is not None:
        return found
    looked_at = known.now()
    query = FACTORS_BY_DIGEST if requirement.is_on() else BY_DIGEST
    row = query.one({"digest": key})
    found = Found(_caller(row), row.last_used_at)
    if not db.session.registry.has():  # an open session may show what will never be committed
        known.keep(looked_at, key, found, row.expires_at)
    return found


def again(known: Caller, connection: Connection | None) -> Caller:
    """Return the present state of somebody who came with a personal token; raises as `from_text`.

    If a connection is open, it reads them: under the lock.
    """
    values = {"token_id": -known.session_id}
    query = FACTORS_BY_ID if requirement.is_on() else BY_ID
    if connection is None:
        return _caller(query.one(values))
    return _caller(next(iter(query.run(connection, values)), None))


def _caller(row: Any) -> Caller:
    if row is None:
        raise TokenEnded()
    if row.disabled_at is not None:
        raise Disabled()
    if row.revoked_at is not None or row.expires_at <= utcnow():
        raise TokenEnded()
    if (trouble := lacking(row)) is not None:
        raise trouble
    return Caller(
        user_id=row.user_id,
        session_id=-row.id,  # sessions are above zero: connections end with either
        name=row.name,
        email=row.email,
        is_admin=False,  # a script has no business there
        token_expires=row.expires_at,
        scopes=frozenset(row.scope.split()),
    )


def note_use(found: Found) -> None:
    """Note that a token was used, at most once an hour; commits. A failure refuses nothing."""
    now, last = utcnow(), found.last_used_at
    if last is not None and now - last < LAST_USE_AGE:
        return
    try:
        mine = PersonalToken.id == -found.who.session_id
        db.session.execute(update(PersonalToken).where(mine).values(last_used_at=now))
        db.session.commit()
        found.last_used_at = now
    except Exception as error:  # a full disk, or a busy one: reading still works
        db.session.rollback()
        logger.warning("the use of a personal token could not be noted: %s", error)


@event.listens_for(PersonalToken, "after_update")
def _outdate(*_: object) -> None:
    """Forget everybody once a token has changed in any way: that is rare."""
    log.outdate_callers()
