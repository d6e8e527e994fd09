"""What there is in the installation, and what somebody should look at: numbers alone.

Each list has its own route beside the things themselves: `/users`, `/sessions`, `/usage`, `/jobs`,
`/schedules`, `/webhooks`, `/mails`, `/ingest/dead-letters/projects`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from ..auth.models import ADMIN, Session, User
from ..core.models import utcnow
from ..core.slots import setting
from ..core.storage.free_space import free_bytes
from ..core.usage.models import PERSON, Usage
from ..extensions import db
from ..ingest.dead_letters.everywhere import count_open
from ..jobs.models import Job
from ..jobs.numbers import COUNTED_STATES
from ..mail.models import BOUNCED, WAITING, OutgoingMail
from ..projects.models import Project
from ..schedules.models import STATUSES as SCHEDULE_STATUSES
from ..schedules.models import Schedule
from ..webhooks.models import DISABLED, WEBHOOK_STATES, Delivery, Webhook
from ..webhooks.models import WAITING as DELIVERY_WAITING

MIB = 2**20


def look() -> dict[str, Any]:
    """Return the numbers, as they are at this moment."""
    return {
        "people": _people(),
        "projects": _one(select(func.count()).select_from(Project)),
        "sessions": _sessions(),
        "jobs": _by(Job.status, COUNTED_STATES, Job.created_at.is_not(None)),
        "schedules": _by(Schedule.status, SCHEDULE_STATUSES),
        "webhooks": _by(Webhook.state, WEBHOOK_STATES),
        "deliveries": _deliveries(),
        "mails": _by(OutgoingMail.status, (WAITING, BOUNCED)),
        "dead_letters": count_open(),
        "storage": _storage(),
    }


def _one(query: Select[Any]) -> int:
    return int(db.session.scalar(query) or 0)


def _by(column: Any, values: tuple[str, ...], *where: Any) -> dict[str, int]:
    """Count the rows that have each of some values; those are all of an index that has them."""
    query = select(column, func.count()).where(column.in_(values), *where).group_by(column)
    found: dict[str, int] = dict(db.session.execute(query).all())
    return {value: found.get(value, 0) for value in values}


def _people() -> dict[str, int]:
    users = select(func.count()).select_from(User)
    return {
        "all": _one(users),
        "admins": _one(users.where(User.role == ADMIN)),
        "disabled": _one(users.where(User.disabled_at.is_not(None))),
    }


def _sessions() -> int:
    good = (Session.revoked_at.is_(None), Session.expires_at > utcnow())
    return _one(select(func.count()).select_from(Session).where(*good))


def _deliveries() -> dict[str, Any]:
    mine = Delivery.webhook_id.in_(select(Webhook.id).where(Webhook.state != DISABLED))
    waits = select(func.count(), func.min(Delivery.created_at))
    count, oldest = db.session.execute(waits.where(mine, Delivery.status == DELIVERY_WAITING)).one()
    found: datetime | None = oldest
    return {"waiting": count, "oldest_at": found}


def _storage() -> dict[str, int]:
    kept = select(func.coalesce(func.sum(Usage.bytes), 0)).where(Usage.owner == PERSON)
    return {
        "kept_bytes": _one(kept),
        "free_bytes": free_bytes(),
        "required_bytes": setting("MIN_FREE_MB") * MIB,
        "person_quota_bytes": setting("PERSON_QUOTA_MB") * MIB,
        "project_quota_bytes": setting("PROJECT_QUOTA_MB") * MIB,
    }
