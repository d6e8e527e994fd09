"""`Idempotency-Key`: a repeated POST is carried out once and answered twice.

The key is claimed in a commit of its own. The commit of the change itself marks the claim as
carried out, so that a crash between the two can neither lose the change nor let it happen again.

With the answer is kept by which rights it was given. They are looked up again before it is given
again: whoever has lost one of them since gets 404 or 403 instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from tempfile import TemporaryFile
from typing import IO, Any, ParamSpec

from flask import Response, current_app, g, request
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

from ...extensions import db
from ..errors import Conflict, Malformed, Unprocessable
from ..limits.networks import network_of
from ..models import Model, utcnow
from ..security import ANSWERS
from ..slots import Slot
from ..storage import retention
from ..storage.blobs import PIECE
from ..usage import quota
from .caller import Caller, act_as, optional_caller

P = ParamSpec("P")

KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
KEY = re.compile(r"[\x21-\x7e]{1,255}")
#: Bytes of an answer that is kept, sealed.
MAX_ANSWER_BYTES = 16 * 2**20
STORED_HEADERS = ("Content-Type", "ETag", "Location", "Cache-Control")

#: A right that was used: the kind of place, its id or name, and what was to be done there.
Used = tuple[str, int | str, str]
#: Looks a right up again; raises NotFound, Forbidden.
Look = Callable[[Used, Caller], None]

LOOK: Slot[Look] = Slot("look")
RIGHTS_USED = "rights_used"

CLAIMED, DONE, ANSWERED = "claimed", "done", "answered"


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


class AnswerLost(Conflict):
    """The first request with this key was carried out, but its answer was lost in a crash."""


class KeyReused(Unprocessable):
    """This Idempotency-Key was used before with another request."""


def note_right(kind: str, key: int | str, right: str) -> None:
    """Note a right by which the present request is carried out, if its answer may be repeated."""
    noted = db.session().info.get(RIGHTS_USED)
    if noted is not None:
        noted.append((kind, key, right))


def idempotent(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer a repeated request with the first answer; stands above what reads the body."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(*args, **kwargs)
        try:
            claim_id, answer = _claim(key)
            return answer or _carry_out(claim_id, lambda: view(*args, **kwargs))
        finally:
            if "kept_body" in g:
                g.pop("kept_body").close()

    return wrapper


def _claim(key: str) -> tuple[int, Response | None]:
    """Claim the key, or return the answer that was given before."""
    if not KEY.fullmatch(key):
        raise Malformed("An Idempotency-Key is 1 to 255 visible ASCII characters.")
    found, now = optional_caller(), utcnow()
    values = {
        "scope": f"user:{found.user_id}" if found else f"address:{network_of(request.remote_addr)}",
        "route": f"{request.method} {request.url_rule}",
        "key": key,
    }
    fingerprint = _fingerprint()
    claim = Claim(**values, fingerprint=fingerprint, leased_until=now + LEASE)
    too_old = delete(Claim).filter_by(**values).where(Claim.created_at < now - KEPT)
    db.session.execute(too_old)
    db.session.add(claim)
    try:
        db.session.commit()
        return claim.id, None
    except IntegrityError:
        db.session.rollback()
    known = db.session.scalars(select(Claim).filter_by(**values)).one_or_none()
    if known is None:  # given back meanwhile
        raise KeyInUse(headers={"Retry-After": "1"})
    return _known(known, fingerprint, now)


def forget() -> bool:
    """Delete some keys that count no more, with their answers."""
    gone = retention.delete_older(Claim.created_at, utcnow() - KEPT, Claim.id)
    return gone == retention.AT_ONCE


def _known(claim: Claim, fingerprint: str, now: datetime) -> tuple[int, Response | None]:
    if claim.fingerprint != fingerprint:
        raise KeyReused()
    if claim.state == ANSWERED:
        return claim.id, _replay(claim)
    if claim.leased_until > now:
        raise KeyInUse(headers={"Retry-After": "1"})
    if claim.state == DONE or not _take_over(claim.id, now):
        raise AnswerLost()
    return claim.id, None


def _take_over(claim_id: int, now: datetime) -> bool:
    """Take a claim whose holder died before its change was committed."""
    statement = (
        update(Claim)
        .where(Claim.id == claim_id, Claim.state == CLAIMED, Claim.leased_until <= now)
        .values(leased_until=now + LEASE)
    )
    result = db.session.execute(statement)
    db.session.commit()
    return isinstance(result, CursorResult) and result.rowcount == 1


def _carry_out(claim_id: int, view: Callable[[], Response]) -> Response:
    session = db.session()
    session.info["idempotency_claim"], session.info[RIGHTS_USED] = claim_id, []
    try:
        response = view()
    except BaseException:
        session.rollback()
        session.info.pop("idempotency_claim", None)
        session.info.pop(RIGHTS_USED, None)
        _give_back(claim_id)
        raise
    session.info.pop("idempotency_claim", None)
    rights = session.info.pop(RIGHTS_USED, [])
    if response.status_code < 300:
        _store(claim_id, response, rights)
    else:
        _give_back(claim_id)
    return response


@event.listens_for(db.session, "before_commit")
def _mark_done(session: Any) -> None:
    claim_id = session.info.get("idempotency_claim")
    if claim_id is not None:
        session.execute(update(Claim).where(Claim.id == claim_id).values(state=DONE))


@contextmanager
def unfinished() -> Iterator[None]:
    """Let commits within this block not count as the change that a request's key is for."""
    session = db.session()
    claim_id = session.info.pop("idempotency_claim", None)
    try:
        yield
    finally:
        if claim_id is not None:
            session.info["idempotency_claim"] = claim_id


def _give_back(claim_id: int) -> None:
    act_as(None)  # what is noted of a request is the service's own, whoever may do what by now
    db.session.execute(delete(Claim).where(Claim.id == claim_id, Claim.state == CLAIMED))
    db.session.commit()


def _store(claim_id: int, response: Response, rights: list[Used]) -> None:
    act_as(None)
    quota.let_pass(db.session())  # what it answers has happened
    answer = {
        "status": response.status_code,
        "headers": {name: response.headers.get(name) for name in STORED_HEADERS},
        "body": response.get_data(as_text=True),
        "rights": list(dict.fromkeys(rights)),
    }
    values = {"state": ANSWERED, "answer": ANSWERS.here().seal(answer)}
    db.session.execute(update(Claim).where(Claim.id == claim_id).values(**values))
    db.session.commit()


def _replay(claim: Claim) -> Response:
    answer = ANSWERS.here().open(claim.answer or "", MAX_ANSWER_BYTES)
    if answer is None:  # the key that sealed it has been replaced
        raise AnswerLost()
    if who := optional_caller():
        for kind, key, right in answer.get("rights", ()):
            LOOK.here()((kind, key, right), who)
    headers = {name: value for name, value in answer["headers"].items() if value}
    return Response(answer["body"], answer["status"], headers | {"Idempotency-Replayed": "true"})


def _fingerprint() -> str:
    """Tag the request; keyed, since a body may hold a password.

    A body that may be larger than others is read a piece at a time, and kept in a file for the
    route to read again.
    """
    path = request.full_path.encode() + b"\n"
    if request.max_content_length == current_app.config["MAX_CONTENT_LENGTH"]:
        return ANSWERS.here().tag(path, [request.get_data()])
    kept = TemporaryFile(dir=current_app.config["INSTANCE_PATH"])  # noqa: SIM115
    g.kept_body = kept
    tag = ANSWERS.here().tag(path, _copied(request.stream, kept))
    g.kept_bytes = kept.tell()
    kept.seek(0)
    request.stream = kept
    return tag


def _copied(source: IO[bytes], target: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        target.write(piece)
        yield piece
