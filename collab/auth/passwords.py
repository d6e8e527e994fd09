"""Passwords: argon2id, and which ones are refused."""

from __future__ import annotations

import os
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from ..core.errors import Unavailable
from ..core.slots import setting
from ..core.text.opaque import forbidden_in, prepared
from ..core.text.visible import named
from .accounts.common_passwords import is_common

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


def _hash_of_nothing() -> str:
    """Return what takes as long to check as a hash, and is no password's; made without hashing."""
    salt, tag = (
        b64encode(os.urandom(size)).decode().rstrip("=")
        for size in (_hasher.salt_len, _hasher.hash_len)
    )
    costs = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${tag}"


#: What a log-in for an unknown address is checked against, so that it takes as long.
_nobody = _hash_of_nothing()

#: Characters that a password has besides its owner's name and the installation's words.
MIN_OTHER_CHARACTERS = 6
#: Letters of a name that count as one: shorter ones are in many words.
MIN_NAME_LENGTH = 4


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
    # "aaaaaaab" and the like, of which no list has all.
    if len(set(lowered)) < 3:
        return "This password has too few different characters."
    if is_common(lowered, MIN_PASSWORD_LENGTH):
        return "This password is one of the most common ones, or a word by itself."
    if lowered in (email, email.split("@")[0]):
        return "This password is your e-mail address."
    return _leaning(lowered, email)


def _leaning(lowered: str, email: str) -> str | None:
    """Say which word a password has little besides, or None."""
    name = email.split("@")[0]
    words = [*setting("PASSWORD_WORDS"), *([name] if len(name) >= MIN_NAME_LENGTH else [])]
    rest = lowered
    for word in words:
        rest = rest.replace(word, "")
    if rest == lowered or len(rest) >= MIN_OTHER_CHARACTERS:
        return None
    least = f"at least {MIN_OTHER_CHARACTERS} characters besides"
    return f"A password needs {least} your address and what this service is called."
