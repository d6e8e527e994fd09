"""Recovery codes: for people who have lost the device; each is valid once."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import delete, func, select

from ...core.security import digest
from ...extensions import db
from .models import RecoveryCode

#: Codes that a person is given at once.
RECOVERY_CODES = 10
#: Characters of a code, of CODE_ALPHABET: 120 bits. From 112 on a plain hash is enough (ASVS 5.0,
#: 6.5.2).
CODE_LENGTH = 24
#: Characters between two hyphens.
GROUP_LENGTH = 4
#: Crockford's base 32 (without I, L, O and U), in lower case: no two characters look alike.
CODE_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_MEANT = str.maketrans({"o": "0", "i": "1", "l": "1", "-": "", " ": ""})


def renew(user_id: int) -> list[str]:
    """Give a person new codes in the open transaction; the old ones become invalid."""
    forget_all(user_id)
    codes = [_made() for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user_id, digest=digest(code)) for code in codes)
    return [_grouped(code) for code in codes]


def forget_all(user_id: int) -> None:
    """Delete a person's codes in the open transaction."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def use(user_id: int, written: str) -> bool:
    """Use up a code, however written, in the open transaction; returns whether it was valid."""
    mine = RecoveryCode.user_id == user_id, RecoveryCode.digest == digest(_meant(written))
    # The statement that finds it deletes it: of two uses at once, only one gets the row.
    gone: Any = db.session.execute(delete(RecoveryCode).where(*mine))
    return bool(gone.rowcount)


def left(user_id: int) -> int:
    """Return how many codes a person has left."""
    mine = select(func.count()).where(RecoveryCode.user_id == user_id)
    return db.session.scalar(mine) or 0


def _made() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def _meant(written: str) -> str:
    return written.lower().translate(_MEANT)


def _grouped(code: str) -> str:
    starts = range(0, CODE_LENGTH, GROUP_LENGTH)
    return "-".join(code[start : start + GROUP_LENGTH] for start in starts)
