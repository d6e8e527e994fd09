"""Passwords: argon2id, and which ones are refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..core.errors import Unavailable
from ..core.text.opaque import forbidden_in, prepared
from ..core.text.visible import named

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 128

#: OWASP's recommendation for argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

#: Hashing is heavy on purpose; more than this at once would only fill the memory: 19 MiB each.
HASHES_AT_ONCE = 2
_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)
#: Those that wait for a slot, some two seconds' worth: each holds a thread.
MAX_HASHES_WAITING = 100
_places = threading.BoundedSemaphore(HASHES_AT_ONCE + MAX_HASHES_WAITING)

#: What a log-in for an unknown address is checked against, so that it takes as long.
_nobody = _hasher.hash("a password that nobody has")

COMMON_PASSWORDS = frozenset(
    """
    password passw0rd password1 password12 password1234 passwords p@ssword p@ssw0rd pa55word
    12345678 123456789 1234567890 0123456789 87654321 987654321 9876543210 11223344 12341234
    11111111 00000000 22222222 88888888 99999999 12121212 123123123 147258369 123321123 qwertyui
    qwertyuiop qwerty12 qwerty123 qwerty1234 asdfghjk asdfghjkl zxcvbnm1 1q2w3e4r 1q2w3e4r5t
    q1w2e3r4 1qaz2wsx qazwsxedc abcdefgh abcd1234 abc12345 a1b2c3d4 aa123456 iloveyou iloveyou1
    sunshine princess football baseball basketball superman batman123 starwars trustno1 whatever
    welcome1 welcome123 letmein1 letmein123 changeme changeme1 computer internet samsung1 michelle
    jennifer charlie1 dragon123 monkey123 master123 shadow123 freedom1 administrator admin123
    admin1234 administrator1 root1234 test1234 testtest default1 secret123 mypassword newpassword
    passpass liverpool chocolate
    """.split()  # noqa: SIM905  (so many literals would be hard to read)
)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a slot; raises Unavailable when too many wait already."""
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many passwords are being checked at once.", retry_after=2)
    try:
        with _slots:
            yield
    finally:
        _places.release()


class Match(Enum):
    """How a password is the one kept."""

    #: As passwords are compared (`core/text/opaque.py`).
    PREPARED = "prepared"
    #: Code point by code point, as all were compared once: its hash has to be replaced.
    AS_TYPED = "as typed"


def hash_password(password: str) -> str:
    """Hash a password for keeping; raises Unavailable when too many wait for that."""
    with _turn():
        return _hasher.hash(prepared(password))


def check_password(password: str, kept: str | None) -> Match | None:
    """Return whether a password is the one kept, and how; takes as long when nothing is kept.

    An account without a password keeps nothing: no password is right for it.

    Raises Unavailable when too many wait for that.
    """
    plain = prepared(password)
    if _is_hash_of(plain, kept):
        return Match.PREPARED
    # Only where the two differ: a second hash for everybody would double the time, and the load.
    return Match.AS_TYPED if plain != password and _is_hash_of(password, kept) else None


def _is_hash_of(password: str, kept: str | None) -> bool:
    with _turn():
        try:
            return _hasher.verify(kept or _nobody, password) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: str) -> bool:
    """Return whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def weakness(password: str, email: str) -> str | None:
    """Say why a password is refused, or None."""
    if (wrong := forbidden_in(password)) is not None:
        return f"A password can't have {named(wrong)}."
    lowered = prepared(password).lower()
    if lowered in COMMON_PASSWORDS:
        return "This password is one of the most common ones."
    # "aaaaaaab" and the like, of which no list has all.
    if len(set(lowered)) < 3:
        return "This password has too few different characters."
    if lowered in (email, email.split("@")[0]):
        return "This password is your e-mail address."
    return None
