"""Which of a person's notifications go when there are too many: those of the busiest sender.

Room is shared by kind, and within a kind by who did it. So a stranger who mentions somebody in a
thousand posts displaces their own mentions, and neither an assigned task nor what a teammate said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, func, select

from ..extensions import db
from .models import Notification

#: How many of a person are kept.
MAX_NOTIFICATIONS_KEPT = 1000

#: A kind, and whether it is about a post, in which everybody may mention everybody.
Group = tuple[str, bool]
#: A group, and who did it.
GroupOfActor = tuple[Group, int | None]


def excess(counts: Mapping[GroupOfActor, int], most: int) -> dict[GroupOfActor, int]:
    """Return how many of each source have to go, so that at most `most` stay.

    It always removes one of the largest group, from its largest source. A group with no more than
    its share loses nothing, nor does a source with no more than its share of its group.
    """
    left, gone = Counter(counts), Counter[GroupOfActor]()
    groups = Counter[Group]()
    for (group, _), count in counts.items():
        groups[group] += count
    for _ in range(left.total() - most):
        largest = max(groups, key=groups.__getitem__)
        source = max((one for one in left if one[0] == largest), key=left.__getitem__)
        left[source] -= 1
        groups[largest] -= 1
        gone[source] += 1
    return dict(gone)


def delete_excess(people: Collection[int]) -> None:
    """Delete, in the open transaction, people's surplus: the oldest of each source."""
    mine = Notification.user_id
    many = (
        select(mine)
        .where(mine.in_(people))
        .group_by(mine)
        .having(func.count() > MAX_NOTIFICATIONS_KEPT)
    )
    for person in db.session.scalars(many).all():
        # The database counts only for the few people who have too many.
        for source, count in excess(_counts(person), MAX_NOTIFICATIONS_KEPT).items():
            oldest = select(Notification.id).where(*_of(person, source)).order_by(Notification.id)
            gone = delete(Notification).where(Notification.id.in_(oldest.limit(count)))
            db.session.execute(gone.execution_options(synchronize_session=False))


ABOUT_A_POST = Notification.post_id.is_not(None)


def _counts(person: int) -> dict[GroupOfActor, int]:
    source = (Notification.kind, ABOUT_A_POST, Notification.actor)
    query = select(*source, func.count()).where(Notification.user_id == person).group_by(*source)
    rows = db.session.execute(query)
    return {((kind, bool(post)), actor): count for kind, post, actor, count in rows}


def _of(person: int, source: GroupOfActor) -> list[Any]:
    (kind, about_a_post), actor = source
    return [
        Notification.user_id == person,
        Notification.kind == kind,
        ABOUT_A_POST if about_a_post else ~ABOUT_A_POST,
        Notification.actor == actor,
    ]
