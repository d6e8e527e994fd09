"""Identifying callers: for each request, each new socket and each token sent on one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Flask, g, has_request_context, request
from sqlalchemy import Connection, bindparam, select

from ..core.caller import Caller, act_as, acting, notes
from ..core.compiled import Compiled
from ..core.database import on_lock
from ..core.errors import BadToken, Forbidden, Unauthorized
from ..core.http.caller import caller, present
from ..core.http.traits import Trait, mark
from ..core.models import utcnow
from ..extensions import db
from . import tickets
from .accounts.known_callers import KNOWN_CALLERS
from .accounts.lacking import lacking
from .factors import requirement
from .models import ADMIN, Session, User
from .personal_tokens import lookup, scopes, spelling
from .sessions import Disabled
from .tokens import AccessClaims, TokenExpired, read_access_token

P = ParamSpec("P")

#: What only reads (RFC 9110 §9.2.1).
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

#: Built once: one of them runs with every request whose caller is not remembered.
PERSON_QUERY = (
    select(
        User.name,
        User.email,
        User.role,
        User.disabled_at,
        User.email_verified_at,
        Session.user_id,
        Session.revoked_at,
        Session.expires_at,
    )
    .join_from(Session, User)
    .where(Session.id == bindparam("session_id"))
)
PERSON_OF_SESSION = Compiled(PERSON_QUERY)
#: The same where a second factor is required.
PERSON_WITH_FACTORS = Compiled(PERSON_QUERY.add_columns(requirement.HAS_FACTOR))


class SessionEnded(BadToken):
    """This session has ended: log in again."""

    kind = "session-ended"


#: What people may do who have not verified their address, or set up a second factor, where that is
#: required: the ways to do so, and what concerns their account alone.
BLUEPRINTS_OF_ALL = ("auth", "contact", "second factors")


class NoLongerAdmin(Forbidden):
    """You were an admin when this request arrived, and no longer are."""


class InsufficientScope(Forbidden):
    """Your personal token may not do this."""

    kind = "insufficient-scope"

    def __init__(self, area: str | None, *, write: bool) -> None:
        wanted = f"{area}:{scopes.WRITE if write else scopes.READ}"
        detail = f"Your personal token lacks the scope {wanted}."
        challenge = 'Bearer realm="collab", error="insufficient_scope"'  # RFC 6750 §3.1
        if area is None:
            detail = "No personal token may do this: log in."
        else:
            challenge += f', scope="{wanted}"'
        super().__init__(detail, headers={"WWW-Authenticate": challenge})


def require_scope(who: Caller, area: str | None, *, write: bool) -> None:
    """Raise InsufficientScope if somebody came with a personal token that does not allow this.

    Scopes are checked only here. None as the area: no such token may do it.
    """
    if not within_scope(who, area, write=write):
        raise InsufficientScope(area, write=write)


def within_scope(who: Caller, area: str | None, *, write: bool) -> bool:
    """Return whether somebody logged in, or came with a personal token that allows this."""
    if who.scopes is None:
        return True
    return area is not None and scopes.allow(who.scopes, area, write=write)


def person_of(claims: AccessClaims, connection: Connection | None = None) -> Caller:
    """Return the token's person as the database has them now; raises Unauthorized.

    If a connection is open, it reads them: under the lock, nothing remembered counts.
    """
    known = KNOWN_CALLERS.here()
    if connection is None and (found := known.find(claims)) is not None:
        return found
    looked_at = known.now()
    values = {"session_id": claims.session_id}
    query = PERSON_WITH_FACTORS if requirement.is_on() else PERSON_OF_SESSION
    if connection is None:
        # Session and person in one query: it runs with every request that is not remembered.
        row = query.one(values)
    else:
        row = next(iter(query.run(connection, values)), None)
    who = _admitted(claims, row)
    # An open session may show what will never be committed.
    if connection is None and not db.session.registry.has() and lacking(row) is None:
        known.keep(looked_at, claims, who, row.expires_at)
    return who


def _admitted(claims: AccessClaims, row: Any) -> Caller:
    # Session ids may be reassigned after a backup was restored: the person has to be the same.
    if row is None or row.user_id != claims.user_id:
        raise SessionEnded()
    # Before the check of the session, which disabling ends as well: "disabled" tells them more.
    if row.disabled_at is not None:
        raise Disabled()
    if row.revoked_at is not None or row.expires_at <= utcnow():
        raise SessionEnded()
    if (trouble := lacking(row)) is not None:
        _require_own_business(trouble)
    return Caller(
        user_id=claims.user_id,
        session_id=claims.session_id,
        name=row.name,
        email=row.email,
        is_admin=row.role == ADMIN,
        token_expires=claims.expires,
    )


def _require_own_business(trouble: Unauthorized) -> None:
    """Let somebody who lacks something only manage their account.

    It is checked wherever a person comes in: requests, sockets and streams. Raises the error for
    them.
    """
    if not has_request_context() or request.blueprint not in BLUEPRINTS_OF_ALL:
        raise trouble


def from_token(token: str, area: str | None = None) -> Caller:
    """Return the person of an access token or a personal token; raises Unauthorized, Forbidden.

    TokenExpired means that a fresh one would do; if the session has ended, that is said instead. A
    personal token must allow what this request does, or reading in `area`, if given.
    """
    if spelling.looks_personal(token):
        return _from_personal_token(token, area)
    try:
        claims = read_access_token(token)
    except TokenExpired as expired:
        # An ended session is reported first: no fresh token would help there.
        if expired.claims is not None:
            person_of(expired.claims)
        raise
    # For the log: the claimed person is known even if the session has ended.
    notes().claimed = claims.user_id
    return person_of(claims)


def _from_personal_token(token: str, area: str | None) -> Caller:
    found = lookup.from_text(token)
    who = found.who
    g.claimed = who.user_id
    if area is not None:
        require_scope(who, area, write=False)
    else:
        write = request.method not in SAFE_METHODS
        require_scope(who, scopes.area_of(request.blueprint), write=write)
    # After the check: a refused use is no use.
    lookup.note_use(found)
    return who


def recheck(known: Caller, connection: Connection | None = None) -> Caller:
    """Return the present state of somebody who was let in earlier; raises Unauthorized."""
    if known.scopes is not None:
        return lookup.again(known, connection)
    claims = AccessClaims(known.user_id, known.session_id, known.token_expires)
    return person_of(claims, connection)


def recheck_under_lock(connection: Connection) -> None:
    """Look up again who is changing something, now that nobody else can write.

    The caller is identified before the lock, for which a request may wait while the session is
    ended, the account disabled or the admin demoted. Raises Unauthorized, NoLongerAdmin.
    """
    who = acting()
    if who is None:
        return
    act_as(None)  # the service itself writes about a refusal
    now = recheck(who, connection)
    if who.is_admin and not now.is_admin:
        raise NoLongerAdmin()
    act_as(who)


def bearer() -> str | None:
    """Return the token of the Authorization header."""
    scheme, _, token = present()[0].headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def identify() -> None:
    """Note who calls, or what is wrong with their token, before anything else runs."""
    # Only noted: the route decides whether to refuse a bad token, and 404 comes before 401.
    asked, noted = present()
    noted.caller, noted.refusal = None, None
    if "Authorization" not in asked.headers:
        return
    token = bearer()
    try:
        if token is None:
            raise Unauthorized("The Authorization header must be `Bearer <access token>`.")
        noted.caller = from_token(token)
    except (Unauthorized, Forbidden) as refusal:
        noted.refusal = refusal


def from_address(read: Callable[[str], AccessClaims] = tickets.use) -> Caller | None:
    """Return the caller of a socket or stream: `?ticket=`, `?token=` or the header; or None.

    `read` uses a ticket and returns what it says.
    """
    try:
        if ticket := request.args.get("ticket"):
            return person_of(read(ticket))
        if token := request.args.get("token"):
            return from_token(token)
    except (Unauthorized, Forbidden) as refusal:
        g.refusal = refusal
        raise
    return caller() if "Authorization" in request.headers else None


def login_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """Let in callers who are signed in."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        caller()
        return view(*args, **kwargs)

    return mark(wrapper, Trait.SIGNED_IN)


def login_optional(view: Callable[P, Any]) -> Callable[P, Any]:
    """Allow anonymous callers, but refuse a bad token.

    Otherwise its sender would take the public view for everything.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        if g.refusal is not None:
            raise g.refusal
        return view(*args, **kwargs)

    return wrapper


def admin_required(view: Callable[P, Any]) -> Callable[P, Any]:
    """Let in admins."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not caller().is_admin:
            raise Forbidden("Only an admin may do this.")
        return view(*args, **kwargs)

    return mark(wrapper, Trait.SIGNED_IN, Trait.ADMINS)


def init_app(app: Flask) -> None:
    """Identify the caller of every request, and once more before each change."""
    app.before_request(identify)
    on_lock(app, recheck_under_lock)
