"""When a failed delivery is tried again, and when it is given up."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

#: Seconds after each failed attempt: the schedule that Standard Webhooks 1.0 recommends. After the
#: last one the delivery has failed, 75 hours and 35 minutes after its first attempt.
RETRY_DELAYS_S = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
#: The largest part of a delay that is added at random: deliveries that failed together, for one
#: cause, must not come back together.
JITTER_SHARE = 0.2
#: The longest wait that a receiver may ask for with Retry-After.
MAX_RETRY_AFTER = timedelta(days=1)
#: The statuses with which it may (RFC 9110 §10.2.3, RFC 6585 §4).
ASKS_TO_WAIT = (429, 503)


def pause(attempts: int, asked: timedelta | None, rng: Callable[[], float]) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None: that was the last one."""
    if attempts > len(RETRY_DELAYS_S):
        return None
    # Only ever longer: receivers may count on the standard's schedule as the minimum.
    own = timedelta(seconds=RETRY_DELAYS_S[attempts - 1] * (1 + JITTER_SHARE * rng()))
    return max(own, min(asked, MAX_RETRY_AFTER)) if asked else own


def jitter() -> float:
    """Return a random number from 0 to 1."""
    return random.random()  # noqa: S311 (no secret)


def asked_pause(status: int, header: str | None, now: datetime) -> timedelta | None:
    """Return how long a receiver asks to be left alone: Retry-After, in seconds or as a date."""
    if status not in ASKS_TO_WAIT or not header:
        return None
    if header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header[:9]), int(MAX_RETRY_AFTER.total_seconds())))
    try:
        found = parsedate_to_datetime(header)
        return max(found - now, timedelta(0))
    except (TypeError, ValueError, OverflowError):  # no date, or one without a zone
        return None
