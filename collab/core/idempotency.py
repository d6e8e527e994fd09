"""Idempotency keys: a request is carried out once, and its answer is kept for repetitions.

The key is claimed in a commit of its own. The commit of the change itself marks the claim as
carried out, so that a crash between the two can neither lose the change nor let it happen again.

The answer is kept with the rights by which it was given. They are checked again before it is given
again: a caller who has lost one of them since gets 404 or 403 instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    CursorResult,
    String,
    UniqueConstraint,
    delete,
    event,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import db
from .caller import Caller, act_as
from .errors import Conflict, Unprocessable
from .models import Model, utcnow
from .security import ANSWERS
from .slots import Slot
from .storage import retention
from .usage import quota

T = TypeVar("T")

#: How long a key is remembered.
KEY_LIFETIME = timedelta(hours=24)
#: How long a claim holds without an answer; after that its holder is taken for dead.
CLAIM_LEASE = timedelta(seconds=60)
#: Maximum bytes of an answer that is kept, sealed.
MAX_ANSWER_BYTES = 16 * 2**20

#: A right that was used: the kind of place, its id or name, and the right itself.
Used = tuple[str, int | str, str]
#: Looks a right up again; raises NotFound, Forbidden.
Look = Callable[[Used, Caller], None]

LOOK: Slot[Look] = Slot("look")
RIGHTS_USED = "rights_used"

CLAIMED = "claimed"
DONE = "done"
ANSWERED = "answered"


class Claim(Model):
    """A key that somebody used on a route, and the sealed answer to give again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("scope", "route", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(100))
    route: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10), default=CLAIMED)
    answer: Mapped[str | None]
    leased_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class KeyInUse(Conflict):
    """The first request with this Idempotency-Key is still being carried out."""

    kind = "idempotency-key-in-use"


class AnswerLost(Conflict):
    """The first request with this key was carried out, but its answer was lost in a crash."""

    kind = "idempotency-key-in-use"


class KeyReused(Unprocessable):
    """This Idempotency-Key was used before with another request."""

    kind = "idempotency-key-reused"


def note_right(kind: str, key: int | str, right: str) -> None:
    """Note a right that the present request relies on, if its answer may be repeated."""
    # Most requests only read, and need no session.
    noted = db.session().info.get(RIGHTS_USED) if db.session.registry.has() else None
    if noted is not None:
        noted.append((kind, key, right))


def claim(
    fingerprints: Sequence[str], who: Caller | None, **names: str
) -> tuple[int, dict[str, Any] | None]:
    """Claim a key (scope, route, key); return the claim's id, and the answer given before, if any.

    `fingerprints` are the request's under each of the service's keys, newest first.

    Raises KeyReused, KeyInUse, AnswerLost, and what looking up the answer's rights raises.
    """
    now = utcnow()
    made = Claim(**names, fingerprint=fingerprints[0], leased_until=now + CLAIM_LEASE)
    too_old = delete(Claim).filter_by(**names).where(Claim.created_at < now - KEY_LIFETIME)
    db.session.execute(too_old)
    db.session.add(made)
    try:
        # In its own commit: a second request has to find the claim while the first is carried out.
        # The unique constraint decides which of two came first.
        db.session.commit()
        return made.id, None
    except IntegrityError:
        db.session.rollback()
    known = db.session.scalars(select(Claim).filter_by(**names)).one_or_none()
    if known is None:  # given back meanwhile
        raise KeyInUse(headers={"Retry-After": "1"})
    return _known(known, fingerprints, who, now)


def _known(
    claim: Claim, fingerprints: Sequence[str], who: Caller | None, now: datetime
) -> tuple[int, dict[str, Any] | None]:
    if claim.fingerprint not in fingerprints:
        raise KeyReused(pointer="#/headers/Idempotency-Key")
    if claim.state == ANSWERED:
        return claim.id, _given_before(claim, who)
    if claim.leased_until > now:
        raise KeyInUse(headers={"Retry-After": "1"})
    # DONE: the change is committed, and its answer can't be made again.
    if claim.state == DONE or not _take_over(claim.id, now):
        raise AnswerLost()
    return claim.id, None


def _take_over(claim_id: int, now: datetime) -> bool:
    """Take a claim whose holder died before its change was committed."""
    statement = (
        update(Claim)
        .where(Claim.id == claim_id, Claim.state == CLAIMED, Claim.leased_until <= now)
        .values(leased_until=now + CLAIM_LEASE)
    )
    result = db.session.execute(statement)
    db.session.commit()
    return isinstance(result, CursorResult) and result.rowcount == 1


def _given_before(claim: Claim, who: Caller | None) -> dict[str, Any]:
    answer = ANSWERS.here().open(claim.answer or "", MAX_ANSWER_BYTES)
    if answer is None:  # the key that sealed it has been replaced
        raise AnswerLost()
    if who:
        for kind, key, right in answer.get("rights", ()):
            LOOK.here()((kind, key, right), who)
    return answer


def carry_out(claim_id: int, act: Callable[[], T]) -> tuple[T, list[Used]]:
    """Do what a claim is for; return the result, and the rights that it relied on.

    If it fails, the key is released.
    """
    session = db.session()
    session.info["idempotency_claim"], session.info[RIGHTS_USED] = claim_id, []
    try:
        made = act()
    except BaseException:
        session.rollback()  # first, or releasing the key would commit what is half done
        session.info.pop("idempotency_claim", None)
        session.info.pop(RIGHTS_USED, None)
        give_back(claim_id)
        raise
    session.info.pop("idempotency_claim", None)
    return made, session.info.pop(RIGHTS_USED, [])


@event.listens_for(db.session, "before_commit")
def _mark_done(session: Any) -> None:
    claim_id = session.info.get("idempotency_claim")
    if claim_id is not None:
        session.execute(update(Claim).where(Claim.id == claim_id).values(state=DONE))


@contextmanager
def unfinished() -> Iterator[None]:
    """Keep commits within this block from counting as the change that a request's key is for."""
    session = db.session()
    claim_id = session.info.pop("idempotency_claim", None)
    try:
        yield
    finally:
        if claim_id is not None:
            session.info["idempotency_claim"] = claim_id


def give_back(claim_id: int) -> None:
    """Release a claim, unless its change was carried out; commits."""
    act_as(None)  # the service itself stores this, whatever the caller may do by now
    db.session.execute(delete(Claim).where(Claim.id == claim_id, Claim.state == CLAIMED))
    db.session.commit()


def store(claim_id: int, answer: dict[str, Any], rights: list[Used]) -> None:
    """Keep an answer, sealed, with the rights by which it was given; commits."""
    act_as(None)
    quota.let_pass(db.session())  # the change that it answers has happened
    answer |= {"rights": list(dict.fromkeys(rights))}
    values = {"state": ANSWERED, "answer": ANSWERS.here().seal(answer)}
    db.session.execute(update(Claim).where(Claim.id == claim_id).values(**values))
    db.session.commit()


def forget() -> bool:
    """Delete some expired keys, with their answers."""
    return retention.delete_older(Claim.created_at, utcnow() - KEY_LIFETIME, Claim.id)
