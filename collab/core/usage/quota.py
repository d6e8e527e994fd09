"""Quotas: checked in the transaction of each change, before it is committed.

The triggers know who keeps more than when the last transaction was settled. If a request brought
somebody over their quota, its commit is refused, whichever way it came in. Threads of the server's
own (the scheduler, the texts' writer, the housekeeper) ask for room themselves, since a commit of
theirs carries the work of many people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from flask import has_request_context
from sqlalchemy import bindparam, event, func, select
from sqlalchemy.orm import Session

from ...extensions import db
from .. import client_address
from ..caller import acting
from ..compiled import Compiled
from ..database import engine
from ..database.functions import numbers
from ..errors import ApiError
from ..json import dumps
from ..slots import setting
from ..storage import disk
from .models import PERSON, PROJECT, Usage

MIB = 2**20
#: The growth of a transaction that is let pass a little longer: a mark, a message, a farewell.
SMALL_GROWTH_BYTES = disk.SMALL_GROWTH_BYTES
#: Of a quota, the part beyond it that only small things may take: so a spent quota keeps nobody
#: from tidying up.
RESERVE_SHARE = 1 / 16
#: Sessions that somebody may have, whatever else they keep: nobody is locked out by a quota.
MAX_SESSIONS = 1000

#: The settings that say how much an owner may keep.
SETTINGS = {PERSON: "PERSON_QUOTA_MB", PROJECT: "PROJECT_QUOTA_MB"}
QUOTA_SUBJECTS = {PERSON: "You keep", PROJECT: "The project keeps"}

Owner = tuple[str, int]

#: What has grown or shrunk, each with all that its owner keeps by now.
SELECT_UNSETTLED = (
    "SELECT owner, owner_id, kind, bytes - settled_bytes, count - settled_count, "
    "(SELECT sum(own.bytes) FROM usage AS own "
    "WHERE own.owner = usage.owner AND own.owner_id = usage.owner_id) "
    "FROM usage WHERE bytes <> settled_bytes OR count <> settled_count"
)
SETTLE_ALL = (
    "UPDATE usage SET settled_bytes = bytes, settled_count = count "
    "WHERE bytes <> settled_bytes OR count <> settled_count"
)
_OF_OWNER = (Usage.owner == bindparam("owner"), Usage.owner_id == bindparam("owner_id"))
TOTAL_BYTES = Compiled(
    select(func.coalesce(func.sum(Usage.bytes), 0).label("bytes")).where(*_OF_OWNER)
)
TOTALS_OF_MANY = Compiled(
    select(Usage.owner_id, func.sum(Usage.bytes).label("bytes"))
    .where(Usage.owner == bindparam("owner"), Usage.owner_id.in_(numbers("ids")))
    .group_by(Usage.owner_id)
)
BYTES_OF_KIND = Compiled(
    select(Usage.bytes).where(*_OF_OWNER).where(Usage.kind == bindparam("kind"))
)


class QuotaSpent(ApiError):
    """There is no room for this: delete something first."""

    kind = "quota-spent"

    status = 413

    def __init__(self, detail: str, quota: str, used: int, limit: int) -> None:
        super().__init__(detail)
        self.members = {"quota": quota, "used": used, "limit": limit}


def spent(owner: str, used: int, limit: int) -> QuotaSpent:
    """Make the refusal of what an owner has no room for."""
    most = f"and may keep {limit // MIB} MiB"
    detail = f"{QUOTA_SUBJECTS[owner]} {used // MIB} MiB, {most}: delete something first."
    return QuotaSpent(detail, owner, used, limit)


def limit_of(owner: str) -> int:
    """Return how many bytes a person or a project may keep."""
    return int(setting(SETTINGS[owner])) * MIB


def used_by(owner: str, owner_id: int) -> int:
    """Return how many bytes an owner keeps, as the open transaction has it."""
    return int(TOTAL_BYTES.one({"owner": owner, "owner_id": owner_id}).bytes)


def used_of_kind(owner: str, owner_id: int, kind: str) -> int:
    """Return how many bytes of one kind an owner keeps."""
    row = BYTES_OF_KIND.one({"owner": owner, "owner_id": owner_id, "kind": kind})
    return row.bytes if row else 0


class Allowance:
    """What may still be added by one transaction that carries the work of many people."""

    def __init__(self) -> None:
        self._used: dict[Owner, int] = {}
        self._limits: dict[str, int] = {}
        #: Whether the disk has room for what is small: looked at once.
        self._roomy = False

    def expect(self, owner: str, ids: Collection[int]) -> None:
        """Look up at once what many keep, of whom something may be taken."""
        self._used |= dict.fromkeys(((owner, key) for key in ids), 0)
        for row in TOTALS_OF_MANY.all({"owner": owner, "ids": dumps(list(ids)).decode()}):
            self._used[owner, row.owner_id] = int(row.bytes)

    def take(self, size: int, owners: Iterable[tuple[str, int | None]]) -> None:
        """Note how many bytes more owners will keep.

        Raises QuotaSpent and DiskFull, and notes nothing then.
        """
        if size > SMALL_GROWTH_BYTES or not self._roomy:
            disk.require_free(size)
            self._roomy = self._roomy or size > 0
        known = [(owner, key) for owner, key in owners if key is not None]
        for owner, key in known:
            if (owner, key) not in self._used:
                self._used[owner, key] = used_by(owner, key)
            if owner not in self._limits:
                self._limits[owner] = limit_of(owner)
            used, limit = self._used[owner, key], self._limits[owner]
            if size > 0 and used + size > ceiling(limit, size):
                raise spent(owner, used, limit)
        for one in known:
            self._used[one] += size


def ceiling(limit: int, growth: int) -> int:
    """Return how far something that grows so much may go: small things a little beyond a quota."""
    return limit + int(limit * RESERVE_SHARE) if growth <= SMALL_GROWTH_BYTES else limit


def require(size: int, *, person_id: int | None = None, project_id: int | None = None) -> None:
    """Check, under the writer's lock, that there is room; raises QuotaSpent.

    The commit looks again. This is for code that first does something that no rollback can undo.
    """
    Allowance().take(size, ((PERSON, person_id), (PROJECT, project_id)))


@dataclass
class _Growth:
    """What a transaction did to what one owner keeps."""

    bytes: int = 0
    #: Rows and bytes of all kinds but events, which report the others.
    rows: int = 0
    kept: int = 0
    #: Bytes of all kinds but sessions and the events that report them.
    others: int = 0
    #: Bytes that the owner keeps by now.
    used: int = 0

    @property
    def asks_for_room(self) -> bool:
        """Whether more is kept than before, and not only because somebody has deleted something."""
        # Deleting gains room in the end, though its event takes some. Trading many small rows for a
        # long text gains none.
        tidied = self.rows < 0 and self.kept <= 0 and self.bytes <= SMALL_GROWTH_BYTES * -self.rows
        return self.bytes > 0 and not tidied

    def add(self, kind: str, size: int, count: int, used: int) -> None:
        self.bytes += size
        self.used = used
        if kind != "events":
            self.rows += count
            self.kept += size
        self.others += abs(size) if kind not in ("events", "sessions") else 0


#: Notes in a session that its next commit ends something, and is refused to nobody.
ESSENTIAL_NOTE = "collab.essential"


def let_pass(session: Session) -> None:
    """Let the next commit pass whatever it takes: it ends something, or records what happened."""
    session.info[ESSENTIAL_NOTE] = True


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(ESSENTIAL_NOTE, None)


@event.listens_for(db.session, "before_commit")
def _look(session: Session) -> None:
    """Look at what the open transaction changed of what people keep.

    Raises QuotaSpent and DiskFull.
    """
    if not session.in_transaction():
        return
    essential = session.info.pop(ESSENTIAL_NOTE, False)
    session.flush()
    # The driver itself: this runs before every commit, and SQLAlchemy would take some 100 µs for
    # it.
    driver: Any = session.connection().connection.dbapi_connection
    # Nothing was written, so there is nothing to judge.
    if not driver.in_transaction:
        return
    # In the same transaction: what is refused is not settled, and judged again.
    changed = engine().find_and_change(driver, SELECT_UNSETTLED, SETTLE_ALL)
    if changed and _from_outside() and not essential:
        _judge(changed)


def _from_outside() -> bool:
    """Return whether somebody asked for the open transaction, by a request or over a socket."""
    return has_request_context() or client_address.address() is not None or acting() is not None


def _judge(changed: list[tuple[str, int, str, int, int, int]]) -> None:
    grown: dict[Owner, _Growth] = defaultdict(_Growth)
    for owner, owner_id, kind, size, count, used in changed:
        grown[owner, owner_id].add(kind, size, count, used)
    asking = {one: growth for one, growth in grown.items() if growth.asks_for_room}
    # Once for all: what grows in a project also grows for its person.
    disk.require_free(max((growth.bytes for growth in asking.values()), default=0))
    for (owner, owner_id), growth in asking.items():
        _judge_one(owner, owner_id, growth)


def _judge_one(owner: str, owner_id: int, growth: _Growth) -> None:
    used, limit = growth.used, limit_of(owner)
    if used <= ceiling(limit, growth.bytes):
        return
    # Logging in only adds a session and its event: a full quota must lock nobody out.
    if growth.others == 0 and growth.rows > 0 and _sessions(owner_id) <= MAX_SESSIONS:
        return
    raise spent(owner, used - growth.bytes, limit)


def _sessions(user_id: int) -> int:
    query = select(Usage.count).where(Usage.owner == PERSON, Usage.owner_id == user_id)
    return db.session.scalar(query.where(Usage.kind == "sessions")) or 0
