"""Sessions: one for each log-in, with its family of refresh tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, select, update

from ..core import client_address
from ..core.caller import Caller
from ..core.compiled import Compiled
from ..core.counting.networks import network_of
from ..core.errors import NotFound, Unauthorized
from ..core.lists.paging import Page, paginate
from ..core.models import Id, utcnow
from ..core.security import digest
from ..core.slots import setting
from ..core.storage import retention
from ..events import log
from ..events.catalogue.accounts import SessionRevoked, SessionStarted
from ..extensions import db
from ..frozen import frozen
from . import tokens
from .models import SESSION_SORTS, KnownNetwork, Session, User

#: Networks that are remembered for a person: those used last.
KNOWN_NETWORKS = 50
#: Sessions of a person that are kept: the newest. All can be ended in one transaction.
MAX_SESSIONS_KEPT = 1000


@frozen
class Client:
    """Where a request came from."""

    address: str
    user_agent: str
    #: Where the request was sent, as browsers know it: the host, and the port unless it is 443.
    host: str = ""

    @property
    def network(self) -> str:
        """Return the network under which limits count the address."""
        return network_of(self.address)


@frozen
class SignedIn:
    """A person with fresh tokens."""

    user: User
    access_token: str
    #: None where a cookie holds it.
    refresh_token: str | None
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  (the name of the scheme, RFC 6750)
    notice: str | None = None

    @property
    def role(self) -> str:
        """Return the global role."""
        return self.user.role


class AddressNotVerified(Unauthorized):
    """Verify your address first: follow the link in the mail that you got."""

    kind = "address-not-verified"

    status = 403


class SecondFactorMissing(Unauthorized):
    """Set up a second factor first, an authenticator app or a passkey: it is required here."""

    kind = "second-factor-missing"

    status = 403


class Disabled(Unauthorized):
    """This account has been disabled by an admin."""

    kind = "account-disabled"


def start(
    user: User, client: Client, *, by: str = "password", factor: str | None = None
) -> SignedIn:
    """Start a session in the open transaction, and return its tokens.

    `by` and `factor` tell the audit what was shown.
    """
    over = (Session.user_id == user.id) & (Session.expires_at < utcnow())
    # Here, since each log-in adds one: so nobody's sessions grow without limit between clean-ups.
    db.session.execute(delete(Session).where(over))
    token_id, now = tokens.new_token_id(), utcnow()
    session = Session(
        user=user,
        # Only a digest: somebody who reads the table can't exchange any token.
        token_digest=digest(token_id),
        # A header may have any length, and people need no more to know their browser.
        user_agent=client.user_agent[:200],
        address=client.address,
        created_at=now,
        expires_at=expiry(now, now),
    )
    db.session.add(session)
    _know_network(user, client)
    db.session.flush()
    _end_oldest(user)
    started = SessionStarted(user_id=user.id, session_id=session.id, by=by, factor=factor)
    log.record(started, actor=user.id)
    return issue(session, token_id)


_OLDEST = Compiled(
    select(Session.id)
    .where(Session.user_id == bindparam("user_id", type_=Id))
    .order_by(Session.created_at.desc(), Session.id.desc())
    .offset(MAX_SESSIONS_KEPT)
)


def _end_oldest(user: User) -> None:
    """Keep the newest sessions of a person, ended ones included, in the open transaction."""
    keys = [row.id for row in _OLDEST.all({"user_id": user.id})]
    if keys:
        revoke(Session.id.in_(keys), f"more than {MAX_SESSIONS_KEPT:,} sessions")
        db.session.execute(delete(Session).where(Session.id.in_(keys)))


_KNOWN = Compiled(
    select(KnownNetwork.network)
    .join(User, User.id == KnownNetwork.user_id)
    .where(User.email == bindparam("email"), KnownNetwork.network == bindparam("network"))
)


def is_known_network(email: str, client: Client) -> bool:
    """Return whether somebody has logged in to the account with this e-mail from there before."""
    return _KNOWN.one({"email": email, "network": client.network}) is not None


def _know_network(user: User, client: Client) -> None:
    """Note where somebody has logged in from, in the open transaction."""
    now = utcnow()
    here = (KnownNetwork.user_id == user.id) & (KnownNetwork.network == client.network)
    statement = update(KnownNetwork).where(here).values(used_at=now)
    statement = statement.execution_options(synchronize_session=False)
    known: Any = db.session.execute(statement)
    if known.rowcount:
        return
    db.session.add(KnownNetwork(user_id=user.id, network=client.network, used_at=now))
    mine = select(KnownNetwork.network).where(KnownNetwork.user_id == user.id)
    old = mine.order_by(KnownNetwork.used_at.desc()).offset(KNOWN_NETWORKS)
    _forget(user.id, KnownNetwork.network.in_(old))


def forget_networks(user_id: int, client: Client) -> None:
    """Forget all networks of a person but the present one, in the open transaction."""
    _forget(user_id, KnownNetwork.network != client.network)


def _forget(user_id: int, which: ColumnElement[bool]) -> None:
    statement = delete(KnownNetwork).where(KnownNetwork.user_id == user_id, which)
    db.session.execute(statement.execution_options(synchronize_session=False))


def issue(session: Session, token_id: str) -> SignedIn:
    """Make a session's tokens, with this id for the refresh token."""
    return SignedIn(
        user=session.user,
        access_token=tokens.new_access_token(session),
        refresh_token=tokens.new_refresh_token(session, token_id),
        expires_in=int(tokens.access_life().total_seconds()),
    )


def log_out(caller: Caller) -> None:
    """End the session of this request."""
    revoke(Session.id == caller.session_id, "logged out")
    db.session.commit()


def log_out_everywhere(caller: Caller) -> None:
    """End all sessions of the caller."""
    revoke(Session.user_id == caller.user_id, "logged out everywhere")
    db.session.commit()


def list_sessions(caller: Caller, *, sort: str, **page: Any) -> Page:
    """Return a page of the caller's valid sessions."""
    query = select(Session).where(
        Session.user_id == caller.user_id,
        Session.revoked_at.is_(None),
        # Not for choosing an index: that would leave all of them to be sorted.
        case((Session.expires_at > utcnow(), 1), else_=0) == 1,
    )

    def item(row: Any) -> Session:
        session: Session = row.Session
        session.current = session.id == caller.session_id
        return session

    return paginate(query, columns=SESSION_SORTS, sort=sort, key=Session.id, item=item, **page)


def end_session(caller: Caller, session_id: int) -> None:
    """End one of the caller's sessions; raises NotFound."""
    mine = (Session.user_id == caller.user_id) & (Session.id == session_id)
    if not revoke(mine, "ended by its owner"):
        raise NotFound()
    db.session.commit()


def end_sessions_of(user_id: int, reason: str) -> None:
    """End all sessions of somebody, in the open transaction."""
    revoke(Session.user_id == user_id, reason)


def has_ended(session_id: int) -> bool:
    """Return whether a session was ended, or is gone."""
    found = select(Session.id).where(Session.id == session_id, Session.revoked_at.is_(None))
    return db.session.scalar(found) is None


def revoke(which: ColumnElement[bool], reason: str, *, by: int | None = None) -> int:
    """End sessions in the open transaction, record each, and return how many.

    `by` is who did it, where that is not their owner.
    """
    statement = (
        update(Session)
        # Not those that had ended before: they keep their time, and are recorded once.
        .where(which, Session.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(Session.id, Session.user_id)
    )
    ended = db.session.execute(statement).all()
    address = client_address.address()
    log.record_each(
        [
            (SessionRevoked(user_id=user_id, session_id=key, reason=reason), by or user_id, address)
            for key, user_id in ended
        ]
    )
    return len(ended)


def forget() -> bool:
    """Delete some sessions that ended more than SESSION_RETENTION_DAYS ago.

    Returns whether there may be more; commits.
    """
    before = retention.border("SESSION_RETENTION_DAYS")
    if before is None:
        return False
    return retention.delete_older(Session.expires_at, before, Session.id)


def refresh_life() -> timedelta:
    """Return how long a refresh token is valid."""
    return timedelta(days=setting("REFRESH_TOKEN_DAYS"))


def expiry(begun: datetime, now: datetime) -> datetime:
    """Return when a session used now will end: after a time without use, or by its age."""
    unused = now + refresh_life()
    days: int = setting("SESSION_DAYS")
    return min(unused, begun + timedelta(days=days)) if days else unused


def is_too_old(session: Session) -> bool:
    """Return whether a session has ended by its age, as the setting is now."""
    days: int = setting("SESSION_DAYS")
    return days > 0 and session.created_at + timedelta(days=days) <= utcnow()
