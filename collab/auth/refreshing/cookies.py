"""The cookie that holds a page's refresh token: no script reads it, no other page sends it."""

from __future__ import annotations

from dataclasses import replace

from flask import request
from werkzeug.http import dump_cookie

from ...core.http.origin import refuse_foreign_pages
from ...core.links import BASE_PATH
from .. import sessions
from ..sessions import SignedIn
from ..tokens import read_refresh_token
from . import rotation

COOKIE_NAME = "refresh_token"
COOKIE_PATH = f"{BASE_PATH}/auth"

NO_STORE = {"Cache-Control": "no-store"}

Answer = tuple[SignedIn, int, dict[str, str]]


class NoToken(rotation.RefreshRefused):
    """There is no refresh token: send it as `refresh_token`, or log in with `cookie` true."""


def asked_for(data: dict[str, object]) -> bool:
    """Return whether a body asks for the cookie; raises ForeignPage where it may not."""
    if data["cookie"]:
        refuse_foreign_pages()
    return bool(data["cookie"])


def sent() -> str:
    """Return the refresh token of this request's cookie; raises NoToken, ForeignPage."""
    token = request.cookies.get(COOKIE_NAME)
    if not token:
        raise NoToken()
    refuse_foreign_pages()
    return token


def answer(signed_in: SignedIn, status: int, *, cookie: bool) -> Answer:
    """Answer with tokens; with `cookie`, the refresh token is in the cookie and nowhere else."""
    if not cookie:
        return signed_in, status, NO_STORE
    life = int(sessions.refresh_life().total_seconds())
    set_cookie = _written(signed_in.refresh_token or "", life)
    return replace(signed_in, refresh_token=None), status, NO_STORE | {"Set-Cookie": set_cookie}


def after_the_end() -> dict[str, str]:
    """Return what removes the cookie from a browser, if its session has ended.

    A cookie of a session that goes on stays, as does one that another service on this host set:
    cookies ignore ports (RFC 6265 §8.5).
    """
    claims = read_refresh_token(request.cookies.get(COOKIE_NAME, ""))
    if claims is None or not sessions.has_ended(claims.session_id):
        return {}
    return {"Set-Cookie": _written("", 0)}


def _written(value: str, life_s: int) -> str:
    return dump_cookie(
        COOKIE_NAME,
        value,
        max_age=life_s,
        # Nothing outside this path needs the cookie, so no other request carries it.
        path=COOKIE_PATH,
        secure=request.is_secure,
        # No script reads it: code injected into the page can't steal it.
        httponly=True,
        # Strict: no other site's page can make the browser send it, not even by a link.
        samesite="Strict",
        sync_expires=False,
    )
