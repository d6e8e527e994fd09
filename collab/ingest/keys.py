"""Write keys: making them, and finding the source of one without a query each time."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import bindparam, exists, or_, select

from ..core.models import utcnow
from ..core.security import digest
from ..core.slots import Slot
from ..core.transactions.remembered import Remembered
from ..extensions import db
from ..frozen import frozen
from ..projects.models import Member
from .models import Source

#: The prefix of every key, by which scanners can find leaked secrets.
KEY_PREFIX = "collab_wk_"
#: Bytes of randomness after it: 40 characters of base64url.
KEY_RANDOM_BYTES = 30
#: Characters of a key, and of its end, which is shown to tell keys apart.
KEY_LENGTH = len(KEY_PREFIX) + 40
HINT_LENGTH = 4
#: Keys whose source is remembered.
MAX_KNOWN_KEYS = 4096


@frozen
class Sender:
    """A source whose key somebody has, as of the last change to anybody's rights."""

    source_id: int
    project_id: int
    enabled: bool
    #: When the key ends, if it has been rotated.
    until: datetime | None


def new_key() -> str:
    """Return a new write key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_RANDOM_BYTES)


def hint_of(key: str) -> str:
    """Return the part of a key that is shown."""
    return key[-HINT_LENGTH:]


def _query() -> Any:
    key: Any = bindparam("digest")
    # A project without members is being deleted.
    alive = exists().where(Member.project_id == Source.project_id)
    found = or_(Source.key_digest == key, Source.previous_digest == key)
    shown = (Source.id, Source.project_id, Source.enabled, Source.key_digest, Source.previous_until)
    query: Any = select(*shown)
    return query.where(found, alive)


#: Built once: each unknown key runs it.
SENDER_OF_KEY = _query()


class KeyRing:
    """The senders of the keys that were used since rights last changed.

    Only valid keys are remembered, so made-up keys fill nothing.
    """

    def __init__(self, app: Flask) -> None:
        self._remembered: Remembered[str, Sender] = Remembered(app, MAX_KNOWN_KEYS)

    def known(self, key: str) -> Sender | None:
        """Return the sender of a key, if it has been looked up since rights last changed."""
        # By the digest, as in the table: nothing compares or keeps the secret itself.
        return self._remembered.find(digest(key))

    def find(self, key: str) -> Sender | None:
        """Return the sender of a key, or None; a key that has ended has none."""
        sender = self.known(key) or self._look_up(key)
        if sender is None or (sender.until is not None and sender.until <= utcnow()):
            return None
        return sender

    def _look_up(self, key: str) -> Sender | None:
        if len(key) != KEY_LENGTH or not key.startswith(KEY_PREFIX):
            return None
        looked_at = self._remembered.epoch.now()  # before reading, or a change could be missed
        mine = digest(key)
        row = db.session.connection().execute(SENDER_OF_KEY, {"digest": mine}).one_or_none()
        if row is None:
            return None
        until = None if row.key_digest == mine else row.previous_until
        sender = Sender(row.id, row.project_id, row.enabled, until)
        self._remembered.keep(looked_at, mine, sender)
        return sender


KEY_RING: Slot[KeyRing] = Slot("write keys", KeyRing)
