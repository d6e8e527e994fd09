"""Finding the people whose @name is in a text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any
from unicodedata import normalize

from sqlalchemy import or_, select

from ..core.words.calling import Called, calls, spelled
from ..extensions import db
from .models import User

#: How many @names of one text are looked up, from its beginning.
MAX_CALLS_PER_TEXT = 100
#: How many people one text mentions: many may have the same name.
MAX_PEOPLE_PER_TEXT = 100
#: How many accounts that a text may mean are looked at.
MAX_PEOPLE_LOOKED_AT = 1000

#: Names that one call may mean, the longest first.
Call = list[Called]


def mentioned(text: str, among: Any = None) -> list[int]:
    """Return the ids of the people whom a text mentions, up to 100, in ascending order.

    People are called by their name, with or without its spaces, or by what is before the @ of their
    e-mail address; of several names that a call may mean it means the longest. `among` is a
    condition on `User`, such as membership.
    """
    found = list(islice(calls(text), MAX_CALLS_PER_TEXT))
    keys = {one.key for call in found for one in call}
    if not keys:
        return []
    query = select(User.id, User.name, User.handle, User.mailbox)
    query = query.where(
        User.disabled_at.is_(None), or_(User.handle.in_(keys), User.mailbox.in_(keys))
    )
    if among is not None:
        query = query.where(among)
    # The oldest first: nobody can displace others by making accounts with their name.
    people = db.session.execute(query.order_by(User.id).limit(MAX_PEOPLE_LOOKED_AT)).all()
    meant = {person.id for call in found for person in _meant(call, people)}
    return sorted(meant)[:MAX_PEOPLE_PER_TEXT]


def _meant(call: Call, people: Sequence[Any]) -> Sequence[Any]:
    """Return who has the longest name that a call may mean: several only if they share it."""
    for one in call:
        key = one.key
        named = [person for person in people if person.handle == key and _is_name(one, person.name)]
        if named:
            return [person for person in named if _is_exactly(one, person.name)] or named
        if not one.is_spaced:
            boxes = [person for person in people if person.mailbox == key]
            if boxes:
                return boxes
    return []


def _is_name(called: Called, name: str) -> bool:
    return not called.is_spaced or spelled(called.written) == spelled(name)


def _is_exactly(called: Called, name: str) -> bool:
    """Return whether two names differ only in case and spaces."""
    return _cased(called.written) == _cased(name)


def _cased(name: str) -> str:
    return normalize("NFC", "".join(name.split())).casefold().rstrip(".")
