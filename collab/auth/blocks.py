"""Blocks: people whom a person wants nothing to do with.

A blocked person can't add them to a project, and nothing they do causes a notification. They are
not told: adding is answered as for an address without an account. Projects that both are members of
stay as they are; a project can be left. No event reports a block: it is nobody's business, not even
that of the audit's readers.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Exists, delete, exists, func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, NotFound
from ..core.lists.paging import Page, paginate
from ..extensions import db
from .models import BLOCK_SORTS, Block, User

#: People that one person can block.
MAX_BLOCKS = 1000


class OwnAccount(Conflict):
    """You can't block yourself."""


class TooManyBlocks(Conflict):
    """You have blocked 1,000 people: unblock somebody first."""


def block(caller: Caller, user_id: int) -> None:
    """Block somebody, from this moment on; raises NotFound, OwnAccount, TooManyBlocks."""
    take_write_lock()
    if user_id == caller.user_id:
        raise OwnAccount()
    if db.session.get(User, user_id) is None:
        raise NotFound()
    # A second time changes nothing, so that a repeated request succeeds.
    if db.session.get(Block, (caller.user_id, user_id)) is None:
        mine = select(func.count()).where(Block.user_id == caller.user_id)
        # Under the lock: blocks sent at once are counted one after the other.
        if (db.session.scalar(mine) or 0) >= MAX_BLOCKS:
            raise TooManyBlocks()
        db.session.add(Block(user_id=caller.user_id, blocked_id=user_id))
    db.session.commit()


def unblock(caller: Caller, user_id: int) -> None:
    """Remove a block; raises NotFound."""
    mine = (Block.user_id == caller.user_id) & (Block.blocked_id == user_id)
    gone: Any = db.session.execute(delete(Block).where(mine))
    if not gone.rowcount:
        raise NotFound()
    db.session.commit()


def list_blocks(caller: Caller, *, sort: str, **page: Any) -> Page:
    """Return a page of the people whom the caller has blocked."""
    query = select(Block).where(Block.user_id == caller.user_id)
    return paginate(
        query,
        columns=BLOCK_SORTS,
        sort=sort,
        key=Block.blocked_id,
        **page,
    )


def blocked(person: Any, other: Any) -> Exists:
    """Return the condition that a person has blocked another one; ids or columns."""
    return exists().where(Block.user_id == person, Block.blocked_id == other)


def has_blocked(person: int, other: int) -> bool:
    """Return whether a person has blocked another one."""
    return db.session.get(Block, (person, other)) is not None
