"""Failed attempts: counted before the password is checked, forgiven if it was right.

Counting first closes the gap in which many attempts at once would all find the count low. Three
counts, each for another way to guess:

- of a network and an e-mail address: against guessing at one account from one place;
- of a network over all e-mail addresses: against trying one password on many. It locks nobody out
  who has logged in to the account from there before, such as others in a class;
- of an e-mail address over all networks: against guessing at one account from many places. It only
  slows down: a network from which nobody has logged in to the account is told when to come back,
  and then it is let through once, whatever others did meanwhile. Each such promise doubles the next
  wait. So many networks together guess little more than one, and the owner is never locked out: not
  delayed where they have logged in before, and elsewhere let in after one wait.

Addresses without an account are counted in the same way, or the answers would reveal them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from math import ceil

from flask import Flask
from limits import parse

from ..core.counting.kinds import windows_of
from ..core.counting.ration import ration_slot
from ..core.counting.windows import MonotonicStorage
from ..core.errors import TooManyRequests
from ..core.slots import Slot
from ..frozen import frozen

#: One network may fail this many times more over all e-mails: against trying one password on many.
SPRAY_FACTOR = 20
#: One e-mail allows this many times more failures from new networks before they have to wait.
GUESS_FACTOR = 2
#: Seconds after the last guess until guesses from many networks are forgotten.
FORGET_GUESSES_S = 3600
#: The longest that a caller is asked to wait.
MAX_WAIT_S = 3600
#: Seconds after its wait during which a network is let through.
COME_BACK_WITHIN_S = 900


class TooManyAttempts(TooManyRequests):
    """Too many failed attempts from this address or for this e-mail: wait and try again."""

    kind = "too-many-attempts"


@frozen
class Attempt:
    """An attempt that was counted: `shared` are the counts that other pairs share."""

    pair: str
    shared: tuple[str, ...] = ()


class Attempts:
    """The failures of the last minutes, by network and e-mail."""

    def __init__(
        self,
        rate: str,
        clock: Callable[[], float] = time.monotonic,
        windows: tuple[MonotonicStorage, MonotonicStorage] | None = None,
    ) -> None:
        """Make it; `windows` are those of failures and of waits, in this process unless given."""
        limit = None if rate == "off" else parse(rate)
        #: Failures of a pair in one window; 0: nothing is limited.
        self._most, self._window_s = (limit.amount, limit.get_expiry()) if limit else (0, 0)
        own = MonotonicStorage(clock=clock), MonotonicStorage(clock=clock)
        self._failures, self._waits = windows or own

    def begin(
        self, network: str, email: str, *, known: bool = False, guess: bool = True
    ) -> Attempt:
        """Count an attempt; raises TooManyAttempts with the seconds to wait.

        `known` tells that somebody has logged in to this account from this network, `guess` that
        a password is to be checked.
        """
        pair, wide, account = _keys(network, email)
        if not self._most:
            return Attempt(pair)
        held_up = guess and not known
        if held_up and (left := self._waits.left(_waiting(pair))):
            raise TooManyAttempts(retry_after=ceil(left))
        self._count(pair, self._most)
        try:
            self._count(wide, None if known else self._most * SPRAY_FACTOR)
            if held_up and not self._waits.take(_promised(pair)):
                self._slow_down(pair, account)
        except TooManyAttempts:
            # No guess was made: an attempt that another count refuses is not counted for the pair.
            self._failures.decr(pair)
            raise
        return Attempt(pair, (wide, account) if held_up else (wide,))

    def _count(self, key: str, most: int | None) -> None:
        count = self._failures.incr(key, self._window_s)
        if most is not None and count > most:
            self._failures.decr(key)
            raise TooManyAttempts(retry_after=ceil(self._failures.left(key)))

    def _slow_down(self, pair: str, account: str) -> None:
        """Count a guess at an account; if there are many, promise to take it later, and raise."""
        guesses = self._failures.incr(account, FORGET_GUESSES_S, longer=True)
        beyond = guesses - self._most * GUESS_FACTOR
        if beyond > 0:
            # The exponent is bounded, too: this never computes a number of thousands of digits.
            wait = min(MAX_WAIT_S, 2 ** min(beyond - 1, 32))
            self._waits.incr(_waiting(pair), wait)
            self._waits.incr(_promised(pair), wait + COME_BACK_WITHIN_S)
            raise TooManyAttempts(retry_after=wait)

    def forgive(self, attempt: Attempt) -> None:
        """Forget a pair's failures, and no others: it has shown that it knows the password."""
        # Only what this pair added: others may be guessing at the same account.
        failed = self._failures.take(attempt.pair)
        for key in attempt.shared:
            self._failures.decr(key, failed)


def _keys(network: str, email: str) -> tuple[str, str, str]:
    """Name the counts of an attempt; an e-mail is not kept, nor is one of any length."""
    # "replace": a lone surrogate can be sent as JSON, and must not break the log-in.
    name = blake2b(email.encode("utf-8", "replace"), digest_size=12).hexdigest()
    return f"{network} {name}", network, name


def _waiting(pair: str) -> str:
    return f"wait {pair}"


def _promised(pair: str) -> str:
    return f"promise {pair}"


def _make(app: Flask) -> Attempts:
    windows = windows_of(app, "failures"), windows_of(app, "waits")
    return Attempts(app.config["AUTH_RATE_LIMIT"], windows=windows)


ATTEMPTS: Slot[Attempts] = Slot("attempts", _make)


def attempts() -> Attempts:
    """Return the counters of this application."""
    return ATTEMPTS.here()


class TooManyAccounts(TooManyRequests):
    """Too many accounts were made from this address: wait and try again."""


#: How many accounts each network makes: each has quotas of its own, and costs the time of a hash.
REGISTRATIONS = ration_slot("registrations", "REGISTER_RATE_LIMIT", TooManyAccounts)
