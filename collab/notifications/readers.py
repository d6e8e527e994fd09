"""Who may be notified: people who may read it at this moment, and want to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from ..auth.models import Block, User
from ..extensions import db
from ..frozen import frozen
from ..projects.models import Member
from .models import NotificationPreferences
from .rules import Draft, Facts, family_of


@frozen
class Readers:
    """Who may read what at this moment, and wants to be notified."""

    facts: Facts
    people: Collection[int]
    members: Collection[tuple[int, int]]
    muted: Mapping[int, Collection[str]]
    #: Who has blocked whom.
    blocks: Collection[tuple[int, int]]

    @classmethod
    def of(cls, drafts: Sequence[Draft], facts: Facts) -> Readers:
        """Look up the people of some drafts."""
        people = {draft["user_id"] for draft in drafts}
        projects = {draft["project_id"] for draft in drafts} - {None}
        wanted, unwanted = NotificationPreferences.user_id, NotificationPreferences.muted
        # For the whole batch at once: a query for each draft could be a thousand for one text.
        known = select(User.id).where(User.id.in_(people), User.disabled_at.is_(None))
        pairs = select(Member.project_id, Member.user_id)
        pairs = pairs.where(Member.project_id.in_(projects), Member.user_id.in_(people))
        muted = select(wanted, unwanted).where(wanted.in_(people))
        actors = {draft["actor"] for draft in drafts} - {None}
        blocks = select(Block.user_id, Block.blocked_id)
        blocks = blocks.where(Block.user_id.in_(people), Block.blocked_id.in_(actors))
        return cls(
            facts=facts,
            people=set(db.session.scalars(known)),
            members={(one.project_id, one.user_id) for one in db.session.execute(pairs)},
            muted=dict(db.session.execute(muted).all()),
            blocks={(one.user_id, one.blocked_id) for one in db.session.execute(blocks)},
        )

    def want(self, draft: Draft) -> bool:
        """Return whether somebody may read what it is about, and wants to be notified."""
        person = draft["user_id"]
        if (person, draft["actor"]) in self.blocks or person not in self.people:
            return False
        return draft["kind"] not in self.muted.get(person, ()) and self._may_read(draft)

    def _may_read(self, draft: Draft) -> bool:
        """Check the project's members; without a project, ask the family."""
        person = draft["user_id"]
        if draft["project_id"] is not None:
            return (draft["project_id"], person) in self.members
        family = family_of(draft)
        return family.may_read(draft[f"{family.subject}_id"], person, self.facts[family.word])
