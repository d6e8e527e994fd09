"""Exchanging refresh tokens: each is valid once, and for repeated requests a few seconds more.

Two tabs, or a page that is reloaded before the answer has come, send one token twice. Within
REFRESH_GRACE_SECONDS both get the same answer; after that, the second use ends the session.
"""

from __future__ import annotations

import time
from datetime import timedelta

from ...core.database import take_write_lock
from ...core.errors import Unauthorized
from ...core.models import utcnow
from ...core.security import digest
from ...core.slots import setting
from ...extensions import db
from .. import sessions, tokens
from ..models import Session
from ..sessions import Disabled, SignedIn

#: How many of the last tokens of a session exchanged within the grace period are remembered.
MAX_RETIRED = 16


class RefreshRefused(Unauthorized):
    """The refresh token is not valid: log in again."""


class RefreshReused(Unauthorized):
    """This refresh token was used before, so its whole session has been ended: log in again."""

    kind = "refresh-token-reused"


def refresh(token: str) -> SignedIn:
    """Exchange a refresh token for new tokens; one that was exchanged long ago ends its session.

    Within the grace period an exchanged token gives the newest tokens of its session, the same to
    everybody who asks. Raises RefreshRefused, RefreshReused, Disabled.
    """
    claims = tokens.read_refresh_token(token)
    if claims is None:
        raise RefreshRefused()
    # Under the lock: of two that use one token at once, the second finds what the first has done.
    take_write_lock()
    session = db.session.get(Session, claims.session_id, populate_existing=True)
    if session is None or session.revoked_at is not None or sessions.is_too_old(session):
        raise RefreshRefused()
    if session.user.disabled:
        raise Disabled()
    used = digest(claims.token_id)
    if session.token_digest == used:
        return _rotate(session)
    if used in _retired(session) and (again := _newest(session)):
        return again
    raise _reused(session)


def _rotate(session: Session) -> SignedIn:
    """Give a session new tokens, and keep them sealed for repeated requests."""
    token_id, now = tokens.new_token_id(), utcnow()
    retired = _retired(session) | {session.token_digest: now.timestamp()}
    # Only the newest: a page that refreshes in a loop must not make the row grow.
    session.retired = dict(list(retired.items())[-MAX_RETIRED:])
    session.token_digest = digest(token_id)
    # Each exchange extends the session: people who come back in time stay signed in, up to its age.
    session.last_used_at, session.expires_at = now, sessions.expiry(session.created_at, now)
    signed_in = sessions.issue(session, token_id)
    pair = signed_in.access_token, signed_in.refresh_token or ""
    session.newest_tokens = tokens.seal_pair(session.id, *pair)
    db.session.commit()
    return signed_in


def _retired(session: Session) -> dict[str, float]:
    """Return the digests of tokens that were exchanged within the grace period, and when.

    A time in the future means that the clock was set back: then nobody knows how long ago it was.
    """
    now, grace = time.time(), setting("REFRESH_GRACE_SECONDS")
    return {key: at for key, at in session.retired.items() if 0 <= now - at < grace}


def _newest(session: Session) -> SignedIn | None:
    """Return the tokens that the last rotation gave; None if the key that sealed them is gone."""
    pair = tokens.open_pair(session.id, session.newest_tokens or "")
    if pair is None:
        return None
    access, refresh_token = pair
    # The second time it is the same access token, with less time left.
    left: timedelta = tokens.read_access_token(access).expires - utcnow()
    return SignedIn(session.user, access, refresh_token, max(0, int(left.total_seconds())))


def _reused(session: Session) -> Unauthorized:
    """End the family of a token that was used before: one of the two who used it stole it."""
    sessions.revoke(Session.id == session.id, "refresh token reused")
    db.session.commit()
    return RefreshReused()
