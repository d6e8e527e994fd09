"""Passwords: hashing with argon2id, and which ones are refused."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from ..core.errors import Unavailable
from ..core.security import argon2id
from ..core.slots import setting
from ..core.text.opaque import forbidden_in, prepared
from ..core.text.visible import named
from .accounts.common_passwords import is_common

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 128

#: Hashing is expensive on purpose; more than this at once would only fill memory.
HASHES_AT_ONCE = 2
_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)
#: Hashes that may wait for a slot, some two seconds' worth: each holds a thread.
MAX_HASHES_WAITING = 100
_places = threading.BoundedSemaphore(HASHES_AT_ONCE + MAX_HASHES_WAITING)

#: What a log-in for an unknown address is checked against, so that it takes as long. It matches no
#: password, and is made without hashing.
_nobodys = os.urandom(argon2id.SALT_BYTES), os.urandom(argon2id.TAG_BYTES)

#: Characters that a password needs besides its owner's name and the installation's words.
MIN_OTHER_CHARACTERS = 6
#: Letters from which on a name counts: shorter ones are in many words.
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
    """How a password matches the stored one."""

    #: In the form in which passwords are compared (`core/text/opaque.py`).
    PREPARED = "prepared"
    #: Code point by code point, as all were compared once: then its hash has to be replaced.
    AS_TYPED = "as typed"


def hash_password(password: str) -> str:
    """Hash a password for storing; raises Unavailable when too many wait for that."""
    with _turn():
        return argon2id.make(prepared(password), setting("PASSWORD_HASH_MB"))


def check_password(password: str, kept: str | None) -> Match | None:
    """Return whether and how a password matches the stored hash; takes as long if there is none.

    An account without a password has no hash: no password is right for it. Raises Unavailable when
    too many wait for that.
    """
    plain = prepared(password)
    if _is_hash_of(plain, kept):
        return Match.PREPARED
    # Only where the two differ: a second hash for everybody would double the time, and the load.
    return Match.AS_TYPED if plain != password and _is_hash_of(password, kept) else None


def _is_hash_of(password: str, kept: str | None) -> bool:
    with _turn():
        return argon2id.matches(password, kept or _nobodys_hash()) and bool(kept)


def _nobodys_hash() -> str:
    return argon2id.spelled(*_nobodys, setting("PASSWORD_HASH_MB"))


def outdated(kept: str) -> bool:
    """Return whether a hash was made with parameters other than today's."""
    return argon2id.outdated(kept, setting("PASSWORD_HASH_MB"))


def weakness(password: str, email: str) -> str | None:
    """Say why a password is refused, or None."""
    if (wrong := forbidden_in(password)) is not None:
        return f"A password can't have {named(wrong)}."
    lowered = prepared(password).lower()
    # "aaaaaaab" and the like, which no list has all of.
    if len(set(lowered)) < 3:
        return "This password has too few different characters."
    if is_common(lowered, MIN_PASSWORD_LENGTH):
        return "This password is one of the most common ones, or a word by itself."
    if lowered in (email, email.split("@")[0]):
        return "This password is your e-mail address."
    return _leaning(lowered, email)


def _leaning(lowered: str, email: str) -> str | None:
    """Say which word makes up most of a password, or None."""
    name = email.split("@")[0]
    words = [*setting("PASSWORD_WORDS"), *([name] if len(name) >= MIN_NAME_LENGTH else [])]
    rest = lowered
    for word in words:
        rest = rest.replace(word, "")
    if rest == lowered or len(rest) >= MIN_OTHER_CHARACTERS:
        return None
    least = f"at least {MIN_OTHER_CHARACTERS} characters besides"
    return f"A password needs {least} your address and what this service is called."
