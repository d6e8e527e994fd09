"""How long to wait between guesses at the code of the second factor, after the first was shown.

A code has six digits, and three codes are valid at a time. The first wrong ones are free, as
SECOND_FACTOR_RATE_LIMIT says; after that each doubles the wait, up to a day, and a restart of the
service forgives nothing. Nobody gets here without the password, so a stranger can't lock anybody
out; recovery codes and passkeys can't be guessed, and are accepted meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from limits import parse

from ...core.errors import TooManyRequests, Unauthorized
from ...core.slots import setting
from .models import Totp

#: The longest wait for the next guess.
MAX_GUESS_WAIT_S = 24 * 3600
#: Wrong codes in a row are forgotten when nobody has guessed for this long: no attacker gains by
#: it.
FORGET_AFTER = timedelta(days=30)
#: Doublings that are counted: more don't lengthen the wait.
MAX_DOUBLINGS = 10


class WrongCode(Unauthorized):
    """The code is wrong, was used before, or has expired."""

    kind = "wrong-code"


class TooManyGuesses(TooManyRequests):
    """Too many wrong codes for this account: wait, or use a recovery code or a passkey."""

    kind = "too-many-attempts"


def require_turn(totp: Totp, now: datetime) -> None:
    """Raise TooManyGuesses while the account has to wait."""
    # Before any code is checked: a right one is refused as well, or guessing could go on.
    if totp.wait_until is not None and now < totp.wait_until:
        raise TooManyGuesses(retry_after=ceil((totp.wait_until - now).total_seconds()))


def count(totp: Totp, now: datetime) -> None:
    """Count a wrong code, and decide when the next one is checked."""
    free, window = _limit()
    if not free:
        return
    if totp.failed_at is None or now - totp.failed_at > FORGET_AFTER:
        totp.failures = 0
    totp.failures, totp.failed_at = totp.failures + 1, now
    over = totp.failures - free
    if over >= 0:
        # Twice as long each time (RFC 4226 §7.3), and per account: those who have the password can
        # begin as many log-ins as they like.
        wait = min(MAX_GUESS_WAIT_S, window * 2 ** min(over, MAX_DOUBLINGS))
        totp.wait_until = now + timedelta(seconds=wait)


def forgive(totp: Totp) -> None:
    """Forget the wrong codes: the right one was among them."""
    totp.failures, totp.failed_at, totp.wait_until = 0, None, None


def _limit() -> tuple[int, int]:
    """Return how many wrong codes are free, and the first wait in seconds; 0: no limit."""
    rate: str = setting("SECOND_FACTOR_RATE_LIMIT")
    if rate == "off":
        return 0, 0
    limit = parse(rate)
    return limit.amount, limit.get_expiry()
