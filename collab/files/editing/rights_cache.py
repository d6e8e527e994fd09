"""Who may change which text, remembered from one commit to the next."""

from __future__ import annotations

import time

from sqlalchemy import bindparam, select

from ...auth.guard import recheck, require_scope, within_scope
from ...core.caller import Caller
from ...core.compiled import Compiled
from ...core.errors import NotFound
from ...events import log
from ...events.catalogue import corrections
from ...events.models import EventRow
from ...projects import access
from ...projects.access import Right, Role
from ..models import TEXT, File

#: The area of personal tokens' scopes to which files belong, at any door.
FILES_AREA = "files"
#: Seconds after which all is looked up again: sessions also end without an event.
RIGHTS_LIFETIME_S = 10.0

#: Events that are searched for one that changes rights; if there are more, one might.
MAX_NEWER_EVENTS = 1000
NEWER_EVENTS = Compiled(
    select(EventRow.id, EventRow.type)
    .where(EventRow.id > bindparam("after"))
    .order_by(EventRow.id)
    .limit(MAX_NEWER_EVENTS)
)


class Rights:
    """Answers as the database would in this transaction, but asks once for each author and text.

    Whatever takes a right away, in any process, is an event, and ids grow in the order of commits:
    if no event was added since the last look, all rights that held then still hold. Refusals are
    not remembered.
    """

    def __init__(self) -> None:
        self._position = 0
        self._begun = 0.0
        self._projects: dict[tuple[int, int, int], int] = {}

    def refresh(self) -> None:
        """Forget what may have changed; call this while nobody else can write."""
        now = time.monotonic()
        # A session that expires writes no event.
        if now - self._begun > RIGHTS_LIFETIME_S:
            self._forget(now, log.last_id())
            return
        newer = NEWER_EVENTS.all({"after": self._position})
        # There may be more, unread: one of them may take a right away.
        if len(newer) == MAX_NEWER_EVENTS:
            self._forget(now, log.last_id())
        elif any(row.type in corrections() for row in newer):
            self._forget(now, newer[-1].id)
        elif newer:
            self._position = newer[-1].id

    def _forget(self, now: float, newest: int) -> None:
        self._projects.clear()
        self._begun, self._position = now, newest

    def project_of(self, file_id: int, caller: Caller) -> int:
        """Return the project of a text that somebody may change.

        Raises NotFound, Forbidden and Unauthorized.
        """
        # By session, too: it may end while the person's others go on.
        key = (file_id, caller.user_id, caller.session_id)
        found = self._projects.get(key)
        if found is None:
            # Only a yes is kept: somebody admitted meanwhile must not be refused from memory.
            found = self._projects[key] = _looked_up(file_id, caller)
        return found


def _looked_up(file_id: int, caller: Caller) -> int:
    now = recheck(caller) if caller.session_id else caller
    require_scope(now, FILES_AREA, write=True)
    file = access.load(File, file_id, now, can=Right.WRITE)
    if file.kind != TEXT:
        raise NotFound("This file is not a text file.")
    return file.project_id


def writes(role: Role, caller: Caller) -> bool:
    """Return whether a role may change a text, with the token that was presented."""
    return access.may(role, Right.WRITE) and within_scope(caller, FILES_AREA, write=True)
