"""The links in mails: made for one purpose and address, valid once and for some time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from ..core.errors import ApiError
from ..core.models import utcnow
from ..core.security import digest, new_token
from ..core.storage import retention
from ..extensions import db
from .models import MailLink

VERIFY_LIFE = timedelta(days=2)
RESET_LIFE = timedelta(minutes=30)
INVITE_LIFE = timedelta(days=14)
CHANGE_LIFE = timedelta(hours=1)


class LinkSpent(ApiError):
    """The link was used before, was replaced by a newer one, or has expired."""

    kind = "link-spent"

    status = 410


def issue(
    purpose: str,
    email: str,
    life: timedelta,
    *,
    user_id: int | None = None,
    invitation_id: int | None = None,
) -> str:
    """Make a link's token in the open transaction; older ones for the same are void."""
    same = (
        MailLink.purpose == purpose,
        MailLink.user_id == user_id if user_id else MailLink.invitation_id == invitation_id,
    )
    # Only one is valid at a time: an older mail, perhaps forwarded, opens nothing any more.
    db.session.execute(delete(MailLink).where(*same).execution_options(synchronize_session=False))
    token, now = new_token(), utcnow()
    db.session.add(
        MailLink(
            digest=digest(token),
            purpose=purpose,
            user_id=user_id,
            invitation_id=invitation_id,
            email=email,
            created_at=now,
            expires_at=now + life,
        )
    )
    db.session.flush()
    return token


def find(token: str, purpose: str) -> MailLink:
    """Return a link that is still valid; raises LinkSpent."""
    query = select(MailLink).where(MailLink.digest == digest(token), MailLink.purpose == purpose)
    found = db.session.scalar(query.where(MailLink.expires_at > utcnow()))
    if found is None:
        raise LinkSpent()
    return found


def use(token: str, purpose: str) -> MailLink:
    """Use up a link in the open transaction; of two at once, one succeeds. Raises LinkSpent."""
    statement = delete(MailLink).where(
        MailLink.digest == digest(token),
        MailLink.purpose == purpose,
        MailLink.expires_at > utcnow(),
    )
    found: MailLink | None = db.session.scalar(statement.returning(MailLink))
    if found is None:
        raise LinkSpent()
    return found


def forget() -> bool:
    """Delete some expired links; returns whether there may be more; commits."""
    return retention.delete_older(MailLink.expires_at, utcnow(), MailLink.digest)
