"""Replacing keys while the service runs.

A new key is put before the others in its file. Every process checks the file once a second, and at
once when a token names a key that it does not know; so none has to be told or restarted. An older
key stays until nothing that it signed or sealed can still be valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from flask import Flask

from ..core import sealing
from ..core.idempotency import KEY_LIFETIME
from ..core.models import utcnow
from ..core.security import RINGS, key_id
from ..core.security.keys import FALLBACKS_SUFFIX, Kept, new_secret, read_kept, write_kept
from ..core.storage.file_lock import locked

#: How much later older keys are forgotten: clocks differ, and processes check once a second.
FORGET_MARGIN = timedelta(hours=1)


def lifetimes(app: Flask) -> dict[str, timedelta | None]:
    """Return how long what a key has signed or sealed may be valid; None: until it is resealed."""
    tokens = timedelta(days=app.config["REFRESH_TOKEN_DAYS"])
    return {
        "SECRET_KEY": KEY_LIFETIME + FORGET_MARGIN,
        "JWT_SECRET_KEY": tokens + FORGET_MARGIN,
        "SEALING_KEY": None,
    }


def rotate(app: Flask, *, forget: bool) -> Iterator[str]:
    """Add a new key to each ring; yields what was done, a sentence for each."""
    for name, life in lifetimes(app).items():
        ring = RINGS.of(app)[name]
        if ring.path is None:
            yield f"{name} is a setting: put a new one there, and this one into {name}{_AFTER}."
            continue
        with locked(_lock_of(ring.path)):
            now = utcnow()
            # Read under the lock: two concurrent rotations would each forget the other's new key.
            found = [Kept(new_secret(), now), *read_kept(ring.path)]
            kept = found if life is None else good(found, now - (timedelta() if forget else life))
            write_kept(ring.path, kept)
        ring.look_again()
        yield f"{name}: {key_id(kept[0].secret)} is new, {_count(len(kept) - 1)}."


_AFTER = FALLBACKS_SUFFIX


def good(keys: list[Kept], before: datetime) -> list[Kept]:
    """Return the keys that may still be needed: those whose successor is not older than a time."""
    kept = keys[:1]
    for newer, older in pairwise(keys):
        # An older key signed until its successor came: its time runs from then.
        if newer.since is None or newer.since <= before:
            break
        kept.append(older)
    return kept


def _count(older: int) -> str:
    return "none is older" if not older else f"{older} older still open"


def reseal(app: Flask) -> Iterator[str]:
    """Reseal kept secrets, then forget the older keys; yields what was done."""
    ring = RINGS.of(app)["SEALING_KEY"]
    ring.look_again()
    yield f"{sealing.reseal()} secrets were resealed."
    if ring.path is None:
        yield f"SEALING_KEY{FALLBACKS_SUFFIX} can be unset now."
        return
    with locked(_lock_of(ring.path)):
        newest = ring.secrets[0]
        kept = read_kept(ring.path)
        # Somebody rotated meanwhile: what was sealed then needs the key that would be forgotten
        # here.
        if kept[0].secret != newest or sealing.is_any_old():
            yield "The key was rotated meanwhile: run it again."
            return
        write_kept(ring.path, kept[:1])
    yield f"SEALING_KEY: only {key_id(newest)} is left."


def _lock_of(path: Path) -> Path:
    """Return the lock that a rotation holds, to be the only one."""
    return path.with_name("keys.lock")
