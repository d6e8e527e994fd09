"""Sealing: secrets that the service must read again are encrypted, such as second-factor seeds.

Those that need only be compared are hashed instead (`core/security`, `digest`).
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from ..extensions import db
from .database import take_write_lock
from .security import RINGS, SealedBox
from .slots import Registry, Slot

#: Rows that are resealed in one commit.
RESEALED_PER_COMMIT = 200

_BOXES: Slot[dict[str, SealedBox]] = Slot("sealing", lambda _: {})
#: The columns that hold sealed values, each with its purpose.
SEALED: Registry[dict[InstrumentedAttribute[Any], str]] = Registry("sealed", lambda _: {})


class Unsealable(Exception):
    """No key of this installation opens this, or it was sealed for another use."""


def seal(plain: str, *, purpose: str) -> str:
    """Encrypt and authenticate a text (JWE, A256GCM) under the newest SEALING_KEY.

    The purpose is a constant, such as `webhook secret`; the same one opens it.
    """
    return _box(purpose).seal({"plain": plain})


def unseal(sealed: str, *, purpose: str) -> str:
    """Return the text; raises Unsealable if no key opens it for this purpose."""
    claims = _box(purpose).open(sealed, len(sealed))
    if claims is None or not isinstance(claims.get("plain"), str):
        raise Unsealable()
    return str(claims["plain"])


def keeps_sealed(app: Flask, column: InstrumentedAttribute[Any], purpose: str) -> None:
    """Declare that a column holds sealed values, so that they are resealed after a rotation."""
    SEALED.of(app)[column] = purpose


def reseal() -> int:
    """Reseal under the newest key what an older one has sealed; return how many; commits.

    Raises Unsealable for what no key opens: then no older key may be removed.
    """
    return sum(_reseal(column, purpose) for column, purpose in SEALED.here().items())


def is_any_old() -> bool:
    """Return whether anything is sealed under an older key than the newest."""
    return any(_old(column, purpose) for column, purpose in SEALED.here().items())


def _old(column: InstrumentedAttribute[Any], purpose: str) -> list[tuple[Any, ...]]:
    """Return the keys of rows sealed under an older key, each with the sealed values."""
    keys = list(column.class_.__table__.primary_key)
    rows = db.session.execute(select(*keys, column).where(column.is_not(None)))
    old = [tuple(row) for row in rows if row[-1] and not _box(purpose).is_newest(row[-1])]
    db.session.rollback()
    return old


def _reseal(column: InstrumentedAttribute[Any], purpose: str) -> int:
    table = column.class_.__table__
    keys = list(table.primary_key)
    old = _old(column, purpose)
    for first in range(0, len(old), RESEALED_PER_COMMIT):
        take_write_lock()
        for *key, sealed in old[first : first + RESEALED_PER_COMMIT]:
            same = [one == value for one, value in zip(keys, key, strict=True)]
            anew = seal(unseal(sealed, purpose=purpose), purpose=purpose)
            # Only if it is unchanged since it was read: what was changed meanwhile is newer.
            db.session.execute(
                update(table).where(*same, column == sealed).values({column.key: anew})
            )
        db.session.commit()
    return len(old)


def _box(purpose: str) -> SealedBox:
    boxes = _BOXES.here()
    if purpose not in boxes:
        boxes[purpose] = SealedBox(RINGS.here()["SEALING_KEY"], f"sealed: {purpose}")
    return boxes[purpose]
