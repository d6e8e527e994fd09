"""The close code with which an error ends a Yjs editor's connection."""

from __future__ import annotations

from ...auth import refusals
from ...auth.tokens import TokenExpired
from ...core.errors import ApiError
from ...core.usage.quota import QuotaSpent
from ...events.close_codes import (
    FORBIDDEN_CLOSURE,
    INTERNAL_ERROR,
    NOT_FOUND_CLOSURE,
    TOKEN_ENDED,
    TOKEN_EXPIRED,
    TOO_LARGE,
    TRY_AGAIN_LATER,
    UNREADABLE_MESSAGE,
    UPDATE_REFUSED,
)

#: The close code for an error's status; others get 1011.
CLOSE_CODES = {
    400: UNREADABLE_MESSAGE,
    401: TOKEN_ENDED,
    403: FORBIDDEN_CLOSURE,
    404: NOT_FOUND_CLOSURE,
    413: TOO_LARGE,
    422: UPDATE_REFUSED,
    429: TRY_AGAIN_LATER,
    503: TRY_AGAIN_LATER,
    507: TRY_AGAIN_LATER,
}


def note_refusal(path: str, error: ApiError) -> None:
    """Record for the audit that a token is invalid; an expired one is no attack."""
    if error.status == 401 and not isinstance(error, TokenExpired):
        refusals.token("WEBSOCKET", path, error)


def code_for(error: ApiError) -> int:
    """Return the close code for an error."""
    if isinstance(error, TokenExpired):
        return TOKEN_EXPIRED
    if isinstance(error, QuotaSpent):
        return TOO_LARGE
    return CLOSE_CODES.get(error.status, INTERNAL_ERROR)
