"""`/auth`: registering, logging in and out, sessions, tickets."""

from __future__ import annotations

from typing import Any

from flask import request

from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.origin import is_local
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import blocks, demo_people, service, sessions, tickets, users
from .demo_people import Demo
from .guard import login_required
from .models import User
from .refreshing import cookies, rotation
from .refreshing.cookies import NO_STORE, Answer
from .schemas import (
    BlockPage,
    BlockQuery,
    DemoOut,
    LoginIn,
    MeIn,
    PasswordIn,
    RefreshIn,
    RegisterIn,
    SessionPage,
    SessionQuery,
    SignedInOut,
    TicketOut,
    UserOut,
    VerifyOut,
)
from .sessions import Client

blueprint = Blueprint(
    "auth", __name__, url_prefix=f"{BASE_PATH}/auth", description="Accounts, sessions and tokens."
)


def client() -> Client:
    """Return where this request came from."""
    agent = request.headers.get("User-Agent", "")
    return Client(request.remote_addr or "", agent, request.host)


@blueprint.post("/register")
@blueprint.post("/signup", endpoint="signup")
@idempotent
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(RegisterIn)
@blueprint.response(201, SignedInOut)
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(403, "Problem")
def register(data: dict[str, Any]) -> Answer:
    """Create an account and sign in."""
    cookie = cookies.asked_for(data)
    signed_in = service.register(data["email"], data["password"], data["name"], client())
    return cookies.answer(signed_in, 201, cookie=cookie)


@blueprint.post("/login")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(LoginIn)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
def login(data: dict[str, Any]) -> Answer:
    """Sign in with e-mail and password."""
    cookie = cookies.asked_for(data)
    signed_in = service.log_in(data["email"], data["password"], client())
    return cookies.answer(signed_in, 200, cookie=cookie)


@blueprint.post("/refresh")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(RefreshIn)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
def refresh(data: dict[str, Any]) -> Answer:
    """Exchange a refresh token, from the body or the cookie, for new tokens.

    The same request within REFRESH_GRACE_SECONDS gets the same new tokens; after that, a
    token used twice ends its session.
    """
    token = data.get("refresh_token")
    signed_in = rotation.refresh(token or cookies.sent())
    return cookies.answer(signed_in, 200, cookie=token is None)


@blueprint.get("/demo")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, DemoOut)
def demo() -> tuple[Demo, int, dict[str, str]]:
    """List the demo's people, to sign in as; nobody unless the server runs with `--demo`.

    Only callers on the server's own machine get their password.
    """
    return demo_people.offered(to_local=is_local()), 200, NO_STORE


@blueprint.post("/logout")
@login_required
@blueprint.response(204)
def logout() -> tuple[None, int, dict[str, str]]:
    """End this session."""
    sessions.log_out(caller())
    return None, 204, cookies.after_the_end()


@blueprint.post("/logout-all")
@login_required
@blueprint.response(204)
def logout_all() -> tuple[None, int, dict[str, str]]:
    """End all of your sessions."""
    sessions.log_out_everywhere(caller())
    return None, 204, cookies.after_the_end()


@blueprint.post("/password")
@login_required
@blueprint.arguments(PasswordIn)
@blueprint.response(204)
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(409, "Problem")
def change_password(data: dict[str, Any]) -> tuple[None, int, dict[str, str]]:
    """Change your password; your other sessions end.

    For an account without one, this sets its first, without `current_password`, if you have just
    signed in.
    """
    current, new = data["current_password"], data["new_password"]
    if current is None:
        service.set_first_password(caller(), new, client())
    else:
        service.change_password(caller(), current, new, client())
    return None, 204, cookies.after_the_end()


@blueprint.get("/me")
@login_required
@blueprint.response(200, UserOut)
@versioned
def me() -> User:
    """Show your account."""
    return users.load(caller().user_id)


@blueprint.patch("/me")
@login_required
@blueprint.arguments(MeIn)
@blueprint.response(200, UserOut)
@versioned
def update_me(changes: dict[str, str]) -> User:
    """Change your account."""
    user = users.load(caller().user_id, to_change=True)
    require_match(user)
    return service.update_me(user, changes)


@blueprint.get("/me/blocks")
@login_required
@blueprint.arguments(BlockQuery, location="query")
@blueprint.response(200, BlockPage)
@linked
def list_blocks(query: dict[str, Any]) -> Page:
    """List the people you have blocked."""
    return blocks.list_blocks(caller(), **query)


@blueprint.put("/me/blocks/<id:user_id>")
@login_required
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def block(user_id: int) -> None:
    """Block a person, who does not learn of it: they can't add you to projects or notify you."""
    blocks.block(caller(), user_id)


@blueprint.delete("/me/blocks/<id:user_id>")
@login_required
@blueprint.response(204)
def unblock(user_id: int) -> None:
    """Remove a block."""
    blocks.unblock(caller(), user_id)


@blueprint.get("/verify")
@login_required
@blueprint.response(200, VerifyOut)
def verify() -> dict[str, Any]:
    """Check your access token."""
    who = caller()
    role = "admin" if who.is_admin else "user"
    found = {"user_id": who.user_id, "session_id": who.session_id, "expires_at": who.token_expires}
    return {"valid": True, "role": role} | found


@blueprint.get("/sessions")
@login_required
@blueprint.arguments(SessionQuery, location="query")
@blueprint.response(200, SessionPage)
@linked
def list_sessions(query: dict[str, Any]) -> Page:
    """List your sessions, most recently used first."""
    return sessions.list_sessions(caller(), **query)


@blueprint.delete("/sessions/<id:session_id>")
@login_required
@blueprint.response(204)
def end_session(session_id: int) -> tuple[None, int, dict[str, str]]:
    """End one of your sessions."""
    sessions.end_session(caller(), session_id)
    return None, 204, cookies.after_the_end()


@blueprint.post("/ticket")
@login_required
@blueprint.response(201, TicketOut)
def issue_ticket() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Get a ticket for the URL of a socket or stream, to be used within a minute.

    It opens one socket, once. A stream that was opened with it may reconnect to the same URL, as a
    browser's EventSource does automatically, until the session ends.
    """
    ticket, expires_at = tickets.issue(caller())
    return {"ticket": ticket, "expires_at": expires_at}, 201, NO_STORE
