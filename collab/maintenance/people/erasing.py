"""Erasing somebody: their own data goes, what belongs to a project stays without their name.

It begins in one transaction, after which nobody is signed in as them any more; a job, made in that
transaction, does the rest in bounded steps (`job_types.py`). A chore of the housekeeper makes
another job if there is none, whatever happened to the first. At the end the search index has
forgotten their words, and the write-ahead log has been emptied: SQLite overwrites deleted data
(`secure_delete`), so no page contains anything of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask
from sqlalchemy import delete, exists, func, select, text

from ...auth.accounts import disabling, former
from ...auth.models import ADMIN, USER, FormerAddress, User
from ...auth.sessions import end_sessions_of
from ...auth.users import LastAdmin
from ...core import fulltext
from ...core.caller import Caller, act_as
from ...core.database import engine, take_write_lock
from ...core.errors import Conflict
from ...core.models import utcnow
from ...core.personal.declared import ERASING, KEPT, Kept, Person, Subject, Then
from ...core.storage import blob_store, housekeeping
from ...core.usage import quota
from ...events import log
from ...events.catalogue.accounts import AccountErased
from ...extensions import db
from ...jobs import reading, registry
from ...jobs import service as jobs
from ...jobs.models import ERASE_TYPE, Job
from ...jobs.order import Order
from ...projects import service as projects
from ...projects.models import OWNER, Member, Project
from . import keeping
from .models import Erasure

#: The name of an account after its erasure.
ERASED_NAME = "Erased account"
ERASED_EMAIL = "erased-{}@erased.invalid"
#: Rows that are deleted or changed in one commit.
ERASED_PER_COMMIT = 200
#: Pages of the search index that are merged in one commit.
MERGED_PAGES = 300


class OwnsAlone(Conflict):
    """This account alone owns projects of others: add an owner, or set `take_projects`."""

    def __init__(self, found: list[int]) -> None:
        why = " ".join((type(self).__doc__ or "").split())
        super().__init__(f"{why} Their ids: {', '.join(map(str, sorted(found)))}.")


def owned_alone(user_id: int) -> tuple[list[int], list[int]]:
    """Return the projects that somebody alone owns: those with other members, and without."""
    mine = select(Member.project_id).where(Member.user_id == user_id, Member.role == OWNER)
    with_others: list[int] = []
    without: list[int] = []
    for key in db.session.scalars(mine):
        roles = _others_in(key, user_id)
        if OWNER not in roles:
            (with_others if roles else without).append(key)
    return with_others, without


def _others_in(project_id: int, user_id: int) -> Sequence[str]:
    """Return the roles of a project's other members."""
    others = select(Member.role).where(Member.project_id == project_id, Member.user_id != user_id)
    return db.session.scalars(others).all()


def begin(user: User, *, take_projects: bool, actor: Caller) -> None:
    """Begin to erase somebody, and commit; raises LastAdmin, OwnsAlone.

    Projects in which they are alone go with them; those that only they own, if that is asked for.
    """
    user_id = user.id
    while _goes_first(user_id, take_projects, actor):
        pass
    user = db.session.get_one(User, user_id, populate_existing=True)
    # If it is asked for twice, it goes on with the data of the first time: the account has none
    # left.
    if db.session.get(Erasure, user.id) is None:
        db.session.add(Erasure(user_id=user.id, email=user.email, name=user.name))
    end_sessions_of(user.id, "account erased")
    whom = Subject(user.id, user.email, user.name)
    _forget(user)
    _order(user.id)
    db.session.commit()
    keeping.forget(whom)  # at once: the job is not the first in its queue


def _goes_first(user_id: int, take_projects: bool, actor: Caller) -> bool:
    """Delete projects that go with somebody, and end some of what is done in their name.

    Returns whether there may be more: after each commit they may have made something new. If there
    is nothing left, the transaction stays open, and nobody else writes before its end.
    """
    take_write_lock()
    user = db.session.get_one(User, user_id, populate_existing=True)
    keys = _goes_along(user, take_projects)
    for key in keys:
        take_write_lock()  # again: each deletion commits, after which others may write
        others = _others_in(key, user_id)
        if not others or (take_projects and OWNER not in others):
            projects.delete(db.session.get_one(Project, key), actor)
    if keys:
        return True
    more = disabling.end_some_of(user_id, actor.user_id)
    if more:
        db.session.commit()
    return more


def _goes_along(user: User, take_projects: bool) -> list[int]:
    """Return the projects that go with somebody; raises LastAdmin, OwnsAlone."""
    with_others, without = owned_alone(user.id)
    if with_others and not take_projects:
        raise OwnsAlone(with_others)
    _require_another_admin(user)
    return with_others + without


def _forget(user: User) -> None:
    """Blank an account except for its id."""
    user.email, user.name = ERASED_EMAIL.format(user.id), ERASED_NAME
    user.mailbox = ERASED_EMAIL.format(user.id).partition("@")[0]
    user.password_hash, user.role, user.disabled_at = "", USER, utcnow()
    user.email_verified_at = user.email_bounced_at = None


def _require_another_admin(user: User) -> None:
    others = select(func.count()).where(
        User.role == ADMIN, User.disabled_at.is_(None), User.id != user.id
    )
    if user.role == ADMIN and not db.session.scalar(others):
        raise LastAdmin()


# -- the rest -------------------------------------------------------------------------------------


def step(user_id: int, say: Callable[[float], None] = lambda _: None) -> bool:
    """Do a part of the rest of an erasure; returns whether more can be done now.

    `say` is told which share of the tables is done.
    """
    act_as(None)
    quota.let_pass(db.session())
    found = db.session.get(Erasure, user_id, populate_existing=True)
    if found is None:
        return False
    # A copy: the session loses the row with the snapshot that is given up here.
    before = former.addresses_of(found.user_id)
    whom = Subject(found.user_id, found.email, found.name, before)
    db.session.rollback()
    if not whom.email:  # all that was looked for is gone, and this is forgotten, too
        return _end(whom)
    if any(callback(whom) for callback in ERASING):
        return True
    rules = list(_rules())
    for done, (table, person) in enumerate(rules):
        if _apply(table, person, whom):
            say(done / len(rules))
            return True
    if blob_store.sweep_freed() or _merge():
        return True
    return _forget_whom(whom)


def _rules() -> Iterator[tuple[Kept, Person]]:
    for table in KEPT.here().values():
        if ":" not in table.table:  # the event store keeps no data of our accounts
            yield from ((table, one) for one in table.people if one.then is not Then.STAYS)


def _apply(table: Kept, person: Person, whom: Subject) -> bool:
    """Delete or unlink some rows by each of their addresses; returns whether there were any."""
    addresses = whom.addresses if ":email" in person.condition else (whom.email,)
    return any(_apply_one(table, person, replace(whom, email=one)) for one in addresses)


def _apply_one(table: Kept, person: Person, whom: Subject) -> bool:
    """Delete or unlink some rows; returns whether there were any. Names are of declarations."""
    condition, values = person.condition, vars(whom)
    if person.then is Then.UNLINK:
        condition = f"({condition}) AND {person.column} IS NOT NULL"
        change = f"UPDATE {table.table} SET {person.column} = NULL"  # noqa: S608
    else:
        change = f"DELETE FROM {table.table}"  # noqa: S608
    row = engine().row_name
    part = f"SELECT {row} FROM {table.table} WHERE {condition} LIMIT {ERASED_PER_COMMIT}"  # noqa: S608
    take_write_lock()
    result: Any = db.session.execute(text(f"{change} WHERE {row} IN ({part})"), values)
    db.session.commit()
    return bool(result.rowcount)


def _merge() -> bool:
    """Remove the words of deleted rows from the search index, a part at a time."""
    take_write_lock()
    changed = fulltext.merge(MERGED_PAGES)
    db.session.commit()
    return changed


def _forget_whom(whom: Subject) -> bool:
    """Forget what was looked for."""
    take_write_lock()
    erasure = db.session.get_one(Erasure, whom.id)
    # In a commit before the last: the log that is emptied then has to include this one.
    erasure.email = erasure.name = ""
    db.session.execute(delete(FormerAddress).where(FormerAddress.user_id == whom.id))
    db.session.commit()
    return True


def _end(whom: Subject) -> bool:
    """Empty the write-ahead log, and record that the erasure is done."""
    if not put_away():
        return False  # somebody is reading an older state
    take_write_lock()
    # By the row count: another worker whose job was taken for this one may have ended it.
    over: Any = db.session.execute(delete(Erasure).where(Erasure.user_id == whom.id))
    if over.rowcount:
        log.record(AccountErased(user_id=whom.id), actor=None)
    db.session.commit()
    return True


def put_away() -> bool:
    """Remove all traces of deleted rows from the database's log; False while others read it."""
    return engine().forget_deleted(db.session.connection())


def goes_on(user_id: int) -> bool:
    """Return whether somebody's erasure has begun and has not ended."""
    return db.session.get(Erasure, user_id, populate_existing=True) is not None


# -- the jobs -------------------------------------------------------------------------------------


def _order(user_id: int) -> None:
    """Make the job that erases somebody, in the open transaction, unless one is active."""
    quota.let_pass(db.session())
    if reading.going_on(user_id, ERASE_TYPE) is None:
        jobs.enqueue_for(user_id, Order(registry.require(ERASE_TYPE), {}))


def order_lost() -> bool:
    """Make a job for an erasure that has none: its own is dead, was cancelled, or never existed.

    Returns whether there may be more.
    """
    live = exists().where(Job.owner_id == Erasure.user_id, Job.type == ERASE_TYPE, reading.GOES_ON)
    # Without the lock: under it this is checked again.
    user_id = db.session.scalar(select(Erasure.user_id).where(~live).limit(1))
    db.session.rollback()
    if user_id is None:
        return False
    take_write_lock()
    if goes_on(user_id):
        _order(user_id)
    db.session.commit()
    return True


def init_app(app: Flask) -> None:
    """Have the housekeeper make sure that each erasure completes."""
    housekeeping.bring(app, "erasures", order_lost)
