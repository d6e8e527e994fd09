"""The two kinds of token: short-lived JWTs for access, sealed JWEs for refresh."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask_jwt_extended import create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import ExpiredSignatureError, PyJWTError

from ..core.errors import BadToken
from ..core.models import utcnow
from ..core.schemas import MAX_ID
from ..core.security import RINGS, KeyRing, SealedBox, key_id, new_token
from ..core.slots import Slot, setting
from ..extensions import jwt
from ..frozen import frozen
from .models import Session

#: Tokens whose signature is remembered as checked; their person is looked up every time. Verifying
#: a signature takes longer than all other steps that identify the caller.
KNOWN_TOKENS = 4096


#: Seals refresh tokens; seals what a rotation gave; and the access tokens that were verified, by
#: their text.
REFRESH: Slot[SealedBox] = Slot("refresh")
PAIRS: Slot[SealedBox] = Slot("rotated tokens")
VERIFIED: Slot[Verified] = Slot("tokens", lambda _: Verified())


def init_app(app: Flask) -> None:
    """Make the boxes for refresh tokens and for what a rotation gave."""
    keys = RINGS.of(app)["JWT_SECRET_KEY"]
    REFRESH.put(app, SealedBox(keys, "refresh tokens"))
    PAIRS.put(app, SealedBox(keys, "rotated tokens"))


@jwt.encode_key_loader
def _signing_key(identity: str) -> str:
    return _keys().secrets[0]


@jwt.decode_key_loader
def _verifying_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return the key that a token names; one without a name was signed before keys had names."""
    name = header.get("kid")
    for _ in range(2):
        for secret in _keys().secrets:
            if name == key_id(secret):
                return secret
        if name is None:
            # The last key is the oldest one.
            return _keys().secrets[-1]
        _keys().look_again()  # another process may have rotated it
    raise BadToken()


def _keys() -> KeyRing:
    return RINGS.here()["JWT_SECRET_KEY"]


@frozen
class AccessClaims:
    """What an access token says."""

    user_id: int
    session_id: int
    expires: datetime


@frozen
class RefreshClaims:
    """What a refresh token says."""

    session_id: int
    token_id: str


class Verified(OrderedDict[str, AccessClaims]):
    """Access tokens that were verified, by their text, with the keys that did it."""

    secrets: tuple[str, ...] = ()


class TokenExpired(BadToken):
    """The access token has expired: refresh it."""

    kind = "token-expired"

    def __init__(self, detail: str | None = None, claims: AccessClaims | None = None) -> None:
        super().__init__(detail)
        #: What the token said.
        self.claims = claims


def new_access_token(session: Session) -> str:
    """Sign an access token (RFC 7519)."""
    # The session, not only the person: it can be ended before the token expires.
    claims = {"sid": session.id}
    name = {"kid": key_id(_keys().secrets[0])}
    token = create_access_token(
        str(session.user_id), additional_claims=claims, additional_headers=name
    )
    return str(token)


def new_refresh_token(session: Session, token_id: str) -> str:
    """Seal a refresh token (RFC 7516): its claims are for this service's eyes only."""
    claims = {"sid": session.id, "jti": token_id, "exp": int(session.expires_at.timestamp())}
    return _box().seal(claims)


def new_token_id() -> str:
    """Return the id of a new refresh token."""
    return new_token()


def read_access_token(token: str) -> AccessClaims:
    """Check an access token; raises Unauthorized."""
    known = VERIFIED.here()
    if known.secrets is not (secrets := _keys().secrets):
        known.clear()  # one of them may have been forgotten
        known.secrets = secrets
    claims = known.get(token)
    if claims is None:  # only valid ones are remembered: invented tokens fill nothing
        claims = known[token] = _verified(token)
        while len(known) > KNOWN_TOKENS:
            # The one that was checked longest ago: its next request will check it again.
            known.popitem(last=False)
    elif claims.expires <= utcnow():
        raise TokenExpired(claims=claims)
    return claims


def _verified(token: str) -> AccessClaims:
    try:
        return _claims(decode_token(token))
    except ExpiredSignatureError:  # its signature is valid (RFC 7519 §7.2)
        raise TokenExpired(claims=_claims(decode_token(token, allow_expired=True))) from None
    except (JWTExtendedException, PyJWTError):
        raise BadToken() from None


def _claims(found: dict[str, Any]) -> AccessClaims:
    try:
        expires = datetime.fromtimestamp(found["exp"], UTC)
        read = AccessClaims(int(found["sub"]), int(found["sid"]), expires)
    except (KeyError, ValueError, TypeError):
        raise BadToken() from None
    # A number that the database can't hold would fail there, as an error of ours.
    if found.get("type") != "access" or not 0 < read.session_id <= MAX_ID:
        raise BadToken("This is not an access token.")
    return read


def read_refresh_token(token: str) -> RefreshClaims | None:
    """Open a refresh token; None for one that is forged or has expired."""
    claims = _box().open(token)
    if claims is None or not _whole(claims) or claims["exp"] <= time.time():
        return None
    return RefreshClaims(claims["sid"], claims["jti"])


def seal_pair(session_id: int, access: str, refresh: str) -> str:
    """Seal the tokens that a rotation gave, so that the table reveals none."""
    return PAIRS.here().seal({"sid": session_id, "access": access, "refresh": refresh})


def open_pair(session_id: int, sealed: str) -> tuple[str, str] | None:
    """Return the access and the refresh token; None for what was not sealed for this session."""
    pair = PAIRS.here().open(sealed)
    if pair is None or pair.get("sid") != session_id:
        return None
    return str(pair["access"]), str(pair["refresh"])


def _whole(claims: dict[str, Any]) -> bool:
    wanted = {"sid": int, "jti": str, "exp": int}
    return all(isinstance(claims.get(name), kind) for name, kind in wanted.items())


def access_life() -> timedelta:
    """Return how long an access token is valid."""
    return timedelta(minutes=setting("ACCESS_TOKEN_MINUTES"))


def _box() -> SealedBox:
    return REFRESH.here()
