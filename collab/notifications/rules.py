"""Who is notified of some events, by the rules that packages have registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..events.concerns import FAMILIES, Family

#: What is inserted for one person, by column name.
Draft = dict[str, Any]
#: Family -> what it has looked up.
Facts = Mapping[str, Any]

NO_SUBJECT = dict.fromkeys(
    ("project_id", "task_id", "comment_id", "post_id", "job_id", "schedule_id")
)


def word_of(kind: str) -> str:
    """Return the family of a type: its first word."""
    return kind.partition(".")[0]


def family_of(values: Mapping[str, Any]) -> Family:
    """Return the family of a notification's subject: the most specific one it has."""
    families = FAMILIES.here().values()
    return next(
        one
        for one in reversed(families)
        if values["kind"] in one.sentences and values[f"{one.subject}_id"] is not None
    )


def look_up(rows: Sequence[Any]) -> Facts:
    """Look up what events are about, family by family."""
    mine: dict[str, list[Any]] = {}
    for row in rows:
        mine.setdefault(word_of(row.type), []).append(row)
    families = FAMILIES.here()
    return {word: families[word].look_up(some) for word, some in mine.items()}


def drafts(rows: Sequence[Any], facts: Facts) -> Iterator[Draft]:
    """Apply the rules to each event, in their order: a person gets one of the results.

    Whether they may read it, and want this kind, is not checked here.
    """
    families = FAMILIES.here()
    for row in rows:
        word = word_of(row.type)
        yield from _drafts_of(row, families[word], facts[word])


def _drafts_of(row: Any, family: Family, facts: Any) -> Iterator[Draft]:
    about = family.about(row, facts)
    if about is None:
        return
    actor = family.actor(row, facts)
    common = NO_SUBJECT | about | {"event_id": row.id, "actor": actor, "data": family.data(row)}
    for rule in family.rules.get(row.type, ()):
        # Nobody is notified of their own acts.
        people = set(rule.people(row, facts)) - {actor}
        # Sorted: the order in which rows are written must not depend on a set.
        for person in sorted(filter(None, people)):
            yield common | {"user_id": person, "kind": rule.kind, "created_at": row.time}
