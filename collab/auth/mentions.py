"""Finding the people whose @name is in a text."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import or_, select

from ..extensions import db
from .models import User

#: Not in the middle of a word, as in an e-mail address; it ends before what ends a sentence.
HANDLE_PATTERN = re.compile(r"(?<![\w.@+-])@(\w(?:[\w.+-]{0,98}\w)?)")

#: How many names of one text are looked up.
MAX_NAMES_PER_TEXT = 20
#: How many people one text mentions: many may bear one name.
MAX_PEOPLE_PER_TEXT = 100


def handles(text: str) -> list[str]:
    """Return the names that a text mentions, in lower case, each once."""
    return list(dict.fromkeys(name.lower() for name in HANDLE_PATTERN.findall(text)))[
        :MAX_NAMES_PER_TEXT
    ]


def mentioned(text: str, among: Any = None) -> list[int]:
    """Return the ids of the people whom a text mentions, up to 100, in ascending order.

    Somebody is called by the name without its spaces, or by what is before the @ of the e-mail
    address. `among` is a condition on `User`, such as that of being a member.
    """
    names = handles(text)
    if not names:
        return []
    called = or_(User.handle.in_(names), User.mailbox.in_(names))
    query = select(User.id).where(User.disabled_at.is_(None), called)
    if among is not None:
        query = query.where(among)
    return list(db.session.scalars(query.order_by(User.id).limit(MAX_PEOPLE_PER_TEXT)))
