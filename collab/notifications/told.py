"""Who has been told that a text mentions them: once for each text, however often it is edited."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, or_, select

from ..extensions import db
from .models import ToldMention
from .rules import Draft

MENTIONED_KIND = "mentioned"

#: What texts belong to: the most specific one that a notification has is the text's.
TEXT_COLUMNS = ("comment_id", "task_id", "post_id")

#: A text, as a column and an id, and somebody.
Mention = tuple[str, int, int]


def _mention(draft: Draft) -> Mention:
    column = next(name for name in TEXT_COLUMNS if draft[name] is not None)
    return column, draft[column], draft["user_id"]


class Told:
    """Who has been told of which mentions, including those of this transaction."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        asked = {_mention(one) for one in drafts if one["kind"] == MENTIONED_KIND}
        self._known = _known(asked) if asked else set()
        self._new: dict[Mention, None] = {}

    def is_news(self, draft: Draft) -> bool:
        """Return whether a notification is news to its reader, and note that they are told."""
        if draft["kind"] != MENTIONED_KIND:
            return True
        mention = _mention(draft)
        if mention in self._known or mention in self._new:
            return False
        self._new[mention] = None
        return True

    def keep(self) -> None:
        """Record who is told now, in the open transaction."""
        if self._new:
            rows = [
                dict.fromkeys(TEXT_COLUMNS) | {column: key, "user_id": person}
                for column, key, person in self._new
            ]
            db.session.execute(insert(ToldMention), rows)


def _known(asked: set[Mention]) -> set[Mention]:
    texts = [
        getattr(ToldMention, name).in_({key for column, key, _ in asked if column == name})
        for name in TEXT_COLUMNS
    ]
    columns = (getattr(ToldMention, name) for name in TEXT_COLUMNS)
    query = select(ToldMention.user_id, *columns).where(
        or_(*texts), ToldMention.user_id.in_({person for _, _, person in asked})
    )
    return {
        (name, key, row.user_id)
        for row in db.session.execute(query)
        for name in TEXT_COLUMNS
        if (key := getattr(row, name)) is not None
    }
