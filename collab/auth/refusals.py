"""Refusals for the audit: failed log-ins, invalid tokens, insufficient roles.

A refusal is recorded after the rollback of what was refused, in a transaction of its own. Recording
must not change the answer, and is bounded, so that nobody fills the log by being refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask, Response, g, request

from ..core import client_address
from ..core.caller import act_as, notes
from ..core.counting.networks import network_of
from ..core.errors import ApiError, TooManyRequests
from ..core.http.caller import optional_caller
from ..core.slots import Slot
from ..core.text.addresses import folded
from ..events import log
from ..events.catalogue.system import AccessRefused, LoginRefused
from ..events.types import AuditEvent
from ..extensions import db
from .sessions import Disabled

logger = logging.getLogger(__name__)

#: Refusals of one person or address that are recorded in one window.
MAX_RECORDED_REFUSALS = 60
#: Seconds of a window.
REFUSAL_WINDOW_S = 60.0
#: People and addresses that are counted; past that, counting starts over.
MAX_SUBJECTS_COUNTED = 10_000
#: Characters that are kept of a path and of a reason.
MAX_REASON_LENGTH = 300
#: Characters of an e-mail address (RFC 5321 §4.5.3.1).
MAX_EMAIL_LENGTH = 254
#: What failed after the first factor was shown, or without one; by the problem's type.
OF_SECOND_STEP = {
    "wrong-code": "wrong code of the second factor",
    "proof-refused": "the proof or challenge has expired or was used",
    "passkey-refused": "the passkey is not good",
}


@dataclass
class _Count:
    since: float
    recorded: int = 0
    left_out: int = 0


class Meter:
    """Limits how much is recorded per person or address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._counts: dict[str, _Count] = {}

    def take(self, key: str) -> int | None:
        """Return how many were left out since the last recorded one; None: leave this one out."""
        with self._lock:
            now = self._clock()
            count = self._counts.get(key)
            if count is None:
                self._forget(now)
                count = self._counts[key] = _Count(now)
            elif now - count.since >= REFUSAL_WINDOW_S:
                count.since, count.recorded = now, 0
            if count.recorded >= MAX_RECORDED_REFUSALS:
                count.left_out += 1
                return None
            count.recorded += 1
            left_out, count.left_out = count.left_out, 0
            return left_out

    def _forget(self, now: float) -> None:
        if len(self._counts) >= MAX_SUBJECTS_COUNTED:
            kept = {
                key: one for key, one in self._counts.items() if now - one.since < REFUSAL_WINDOW_S
            }
            self._counts = kept if len(kept) < MAX_SUBJECTS_COUNTED else {}


def log_in(email: str, error: ApiError) -> None:
    """Record a failed log-in, with the canonical spelling of the address that was typed."""
    reason = "wrong e-mail address or password"
    if isinstance(error, Disabled):
        reason = "the account is disabled"
    elif isinstance(error, TooManyRequests):
        reason = "too many attempts"
    elif error.kind in OF_SECOND_STEP:
        reason = OF_SECOND_STEP[error.kind]
    _record(
        None,
        lambda left_out: LoginRefused(
            # An erasure would not find it as typed.
            email=folded(email)[:MAX_EMAIL_LENGTH],
            reason=reason,
            left_out=left_out,
        ),
    )


def access(user_id: int | None, method: str, path: str, error: ApiError) -> None:
    """Record what was refused to a person, or to the bearer of an invalid token."""
    _record(
        user_id,
        lambda left_out: AccessRefused(
            method=method,
            path=path[:MAX_REASON_LENGTH],
            status=error.status,
            reason=error.detail[:MAX_REASON_LENGTH],
            left_out=left_out,
        ),
    )


def token(method: str, path: str, error: ApiError) -> None:
    """Record an invalid token, with its person if that is known."""
    access(g.get("claimed"), method, path, error)


def _record(user_id: int | None, event: Callable[[int], AuditEvent]) -> None:
    """Write a refusal to the log in a transaction of its own, if possible."""
    key = (
        f"address:{network_of(client_address.address())}" if user_id is None else f"user:{user_id}"
    )
    meter = METER.here()
    left_out = meter.take(key)
    if left_out is None:  # a flood of refusals must not become a flood of rows
        return
    try:
        db.session.rollback()  # rolls back what the refused request had written
        act_as(None)  # the service itself records it, whatever happened to the person meanwhile
        log.record(event(left_out), actor=user_id)
        db.session.commit()
    except Exception as error:  # whatever goes wrong, the answer has been decided
        db.session.rollback()
        logger.warning("a refusal could not be recorded: %s", error)


def _note(response: Response) -> Response:
    """Record the request's refusal, if it is one for the audit."""
    error: ApiError | None = notes().get("answered_with")
    who = optional_caller()
    if error is None or error.status != response.status_code:
        return response
    path = quote(request.path)
    if error.status == 403 and who is not None:
        access(who.user_id, request.method, path, error)
    elif error.status in (401, 403) and _token_refused(error):
        token(request.method, path, error)
    return response


def _token_refused(error: ApiError) -> bool:
    """Return whether a sent token is invalid; a caller without one is merely not signed in."""
    return error is g.get("refusal") or request.endpoint == "auth.refresh"


METER: Slot[Meter] = Slot("refusals", lambda _: Meter())


def init_app(app: Flask) -> None:
    """Note the refusals of an application's requests."""
    app.after_request(_note)
