"""Personal tokens: made, listed and revoked by their person; ended with the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import ColumnElement, func, select, update

from ...core.caller import Caller
from ...core.errors import Conflict, NotFound, invalid
from ...core.lists.paging import Page, paginate
from ...core.models import utcnow
from ...core.schemas import unknown
from ...core.security import digest
from ...core.slots import setting
from ...core.storage import retention
from ...events import log
from ...events.catalogue.security import TokenCreated, TokenRevoked
from ...extensions import db
from ..accounts import disabling, ways_in
from ..models import User
from . import scopes, spelling
from .models import TOKEN_SORTS, PersonalToken

#: Valid tokens of one person.
MAX_TOKENS = 50


class TooManyTokens(Conflict):
    """You have 50 personal tokens: revoke one first."""


def create(user: User, name: str, wanted: Sequence[str], days: int) -> PersonalToken:
    """Make a token in the transaction that `confirming` opened; commits; raises TooManyTokens.

    Its text is in the returned token, and nowhere else.
    """
    _require_known(wanted)
    _require_life(days)
    if (db.session.scalar(select(func.count()).where(*_good(user.id))) or 0) >= MAX_TOKENS:
        raise TooManyTokens()
    token, now = spelling.new(), utcnow()
    kept = PersonalToken(
        user_id=user.id,
        name=name,
        # Only a digest: somebody who reads the table can't use any token.
        digest=digest(token),
        scope=" ".join(sorted(set(wanted))),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(kept)
    db.session.flush()
    made = TokenCreated(user_id=user.id, token_id=kept.id, name=name, scopes=kept.scopes)
    log.record(made, actor=user.id)
    db.session.commit()
    kept.token = token
    return kept


def _require_known(wanted: Sequence[str]) -> None:
    known = [one.name for one in scopes.known()]
    for index, one in enumerate(wanted):
        if one not in known:
            raise invalid(f"scopes/{index}", unknown(one, known).replace("field", "scope"))


def _require_life(days: int) -> None:
    most: int = setting("PERSONAL_TOKEN_DAYS")
    if days > most:
        raise invalid("expires_in_days", f"Must be at most {most}.")


def _good(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        PersonalToken.user_id == user_id,
        PersonalToken.revoked_at.is_(None),
        PersonalToken.expires_at > utcnow(),
    )


def list_tokens(user_id: int, *, sort: str, **page: Any) -> Page:
    """Return a page of a person's valid tokens."""
    query = select(PersonalToken).where(*_good(user_id))
    return paginate(query, columns=TOKEN_SORTS, sort=sort, key=PersonalToken.id, **page)


def list_tokens_of(user_id: int, **page: Any) -> Page:
    """Return the same to an admin; raises NotFound if there is no such account."""
    if db.session.get(User, user_id) is None:
        raise NotFound()
    return list_tokens(user_id, **page)


def revoke(user_id: int, token_id: int, caller: Caller) -> None:
    """End a token, for its person or an admin; commits; raises NotFound."""
    mine = (PersonalToken.user_id == user_id) & (PersonalToken.id == token_id)
    by_owner = caller.user_id == user_id
    if not _revoke(mine, caller.user_id, f"revoked by {'its owner' if by_owner else 'an admin'}"):
        raise NotFound()
    db.session.commit()


def _revoke(which: ColumnElement[bool], actor: int | None, reason: str) -> int:
    """End tokens in the open transaction, record each, and return how many."""
    statement = (
        update(PersonalToken)
        .where(which, PersonalToken.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(PersonalToken.id, PersonalToken.user_id, PersonalToken.name)
    )
    ended = db.session.execute(statement).all()
    for key, user_id, name in ended:
        event = TokenRevoked(
            # A negative session: the hub ends connections by sessions, and tokens have none of
            # their own.
            user_id=user_id,
            token_id=key,
            session_id=-key,
            name=name,
            reason=reason,
        )
        log.record(event, actor=actor)
    return len(ended)


def _end_all_of(user_id: int, admin_id: int) -> bool:
    """End the tokens of a disabled person; all fit into one transaction."""
    _revoke(PersonalToken.user_id == user_id, admin_id, "account disabled")
    return False


def _close(user_id: int) -> None:
    """End the tokens of an account just proved to be its owner's, in the open transaction."""
    _revoke(PersonalToken.user_id == user_id, None, "somebody else may have made it")


def forget() -> bool:
    """Delete some tokens that ended more than SESSION_RETENTION_DAYS ago.

    Returns whether there may be more; commits.
    """
    before = retention.border("SESSION_RETENTION_DAYS")
    if before is None:
        return False
    return retention.delete_older(PersonalToken.expires_at, before, PersonalToken.id)


def init_app(app: Flask) -> None:
    """End tokens with their person's account, and when it turns out to be somebody else's."""
    disabling.on_disabled(app, _end_all_of)
    ways_in.on_owner_proved(app, _close)
