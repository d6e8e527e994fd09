"""Several changes of texts in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from ...core.caller import Caller
from ...core.compiled import Compiled
from ...core.database import take_write_lock
from ...core.errors import ApiError, Conflict, NotFound, PreconditionFailed, invalid
from ...core.models import utcnow
from ...events import log
from ...events.catalogue.files import FileEdited
from ...events.types import Event
from ...extensions import db
from ..models import File, FileChange
from ..quotas import TextAllowance
from ..text import delta as deltas
from ..text.encoding import loaded, stored, told
from ..text.tidying import brings
from ..updates.owners import NO_OWNER
from . import store
from .changes import Change
from .first_version import REST
from .live_text import Applied, LiveText
from .newlines import LF_TEXTS
from .rights_cache import Rights
from .spending import Spending
from .store import INSERT_CHANGES, INSERT_CLIENTS

#: CPU seconds after which the rest waits for the next commit.
TURN_S = 0.05

FILES = File.__table__
UPDATE_FILE = Compiled(
    update(FILES)  # type: ignore[arg-type]
    .where(FILES.c.id == bindparam("key"))
    .values(
        content_version=bindparam("new_version"),
        size=bindparam("new_size"),
        other_bytes=bindparam("new_other_bytes"),
        updated_at=bindparam("now"),
    )
)


#: Stands for the author of the service's own changes, which have none in the database.
SERVICE_CALLER = Caller(NO_OWNER, 0, "", "", False, utcnow())


LF_ONLY_DETAIL = "The text is open in an editor that takes LF as line breaks only: send no CR."

Sender = tuple[int, int]


def sender(change: Change) -> Sender:
    """Return the key (text and author) within which changes keep the order in which they came."""
    return change.file_id, change.caller.user_id


class UndoneMeanwhile(Conflict):
    """Somebody else undid changes of this text at the same time: try again."""


class Batch:
    """Changes that are committed together, or not at all."""

    _connection: Connection

    def __init__(
        self, live_text: Callable[[int], LiveText], rights: Rights, spending: Spending | None = None
    ) -> None:
        self._live_text, self._rights, self._spending = live_text, rights, spending or Spending()
        #: The texts that may differ from the database until the commit.
        self.touched: dict[int, LiveText] = {}
        self.accepted: list[tuple[Change, Applied]] = []
        #: Texts that have to be reloaded before anything more is done to them.
        self.spoilt: set[int] = set()
        #: The changes that another turn has to continue.
        self._begun: dict[Sender, Change] = {}
        self._results: list[tuple[Change, Applied | ApiError]] = []
        self._projects: dict[int, int] = {}
        self._quota = TextAllowance()
        #: Edits that have an `edit_id`, by file, author and that id.
        self._named: dict[tuple[int, int, str], Applied] = {}

    def take_all(self, changes: list[Change]) -> list[Change]:
        """Carry changes out in the open transaction; returns those left for the next transaction.

        Others wait for the writer's lock meanwhile.
        """
        take_write_lock()
        self._connection = db.session.connection()
        self._rights.refresh()  # under the lock: from here to the commit no right is taken away
        self._quota.expect(changes)
        # This thread's CPU time: on a busy machine, the work of others must not shorten the turn.
        end, taken = time.thread_time() + TURN_S, 0
        untouched: list[Change] = []
        for change in changes:
            # At least one, or a change that is slow in itself would never be carried out.
            late = taken and time.thread_time() > end
            # Each sender's changes keep their order: those after one that has begun wait with it.
            if late or sender(change) in self._begun or change.file_id in self.spoilt:
                untouched.append(change)
            else:
                self._take_one(change)
                taken += 1
        self._write()
        # People who sent much go on after the others.
        before = [one for one in untouched if sender(one) not in self._begun]
        after = [one for one in untouched if sender(one) in self._begun]
        return [*before, *self._begun.values(), *after]

    def _take_one(self, change: Change) -> None:
        try:
            with self._spending.of(change.caller.user_id, change.spent_s):
                applied = self._take(change)
        except ApiError as error:
            # Only this change fails: the others of the batch were made by other people.
            self._results.append((change, error))
            return
        finally:
            change.spent_s = 0.0
            self._bill(change)
        if applied.update:
            self.accepted.append((change, applied))
            if change.edit_id is not None:
                self._named[change.file_id, change.caller.user_id, change.edit_id] = applied
        change.update = applied.left or change.update
        if applied.left is None:
            self._results.append((change, applied))
        else:
            self._begun[sender(change)] = change

    def _bill(self, change: Change) -> None:
        """Charge those whose updates waited for this one."""
        live_text = self.touched.get(change.file_id)
        for person, seconds in live_text.document.waiting.take_bills().items() if live_text else ():
            self._spending.shift(seconds, change.caller.user_id, person)

    def _take(self, change: Change) -> Applied:
        self._projects[change.file_id] = self._rights.project_of(change.file_id, change.caller)
        live_text = self._entered(change.file_id)
        live_text.lf = change.file_id in LF_TEXTS.here()
        if change.literal and live_text.lf and brings(change.delta, "\r"):
            raise invalid("edits", LF_ONLY_DETAIL)
        if change.expected not in (None, live_text.version):
            raise PreconditionFailed()
        if change.undoes is not None:
            self._first_to_undo(change)
        if change.edit_id is not None and (known := self._carried_out(change, change.edit_id)):
            return known
        # Not before: an edit that is sent again, and was carried out, costs nothing.
        self._quota.take(change, self._projects[change.file_id])
        try:
            if change.update is None:
                return live_text.change(change.delta, change.base)
            person = change.caller.user_id
            return live_text.merge(change.update, person, all_it_has=change.all_it_has)
        finally:
            if live_text.spoilt:
                # The library can't undo a merge: put the letters back, and reload the document.
                live_text.document.units = live_text.before
                self.spoilt.add(live_text.file_id)

    def _first_to_undo(self, change: Change) -> None:
        """Raise UndoneMeanwhile if there was an undo after the version that this is based on."""
        query = select(FileChange.version).where(FileChange.file_id == change.file_id)
        later = query.where(FileChange.version > change.base, FileChange.undoes.is_not(None))
        # Changes of this batch are not in the database yet.
        here = [one for one, _ in self.accepted if one.file_id == change.file_id and one.undoes]
        if here or db.session.scalar(later.limit(1)):
            raise UndoneMeanwhile()

    def _carried_out(self, change: Change, edit_id: str) -> Applied | None:
        """Return what became of an edit that was sent before, as a change without effect."""
        named = (change.file_id, change.caller.user_id, edit_id)
        if named in self._named:
            # An empty update writes nothing: the sender gets the first answer again.
            return replace(self._named[named], update=b"")
        row = store.carried_out(self._connection, *named)
        return row and Applied(row.base, row.version, loaded(row.delta), b"")

    def _entered(self, file_id: int) -> LiveText:
        live_text = self.touched.get(file_id)
        if live_text is None:
            live_text = self.touched[file_id] = self._live_text(file_id)
            live_text.catch_up()
            self._take_amendment(live_text)
        return live_text

    def _take_amendment(self, live_text: LiveText) -> None:
        if live_text.amendment is not None:
            self.accepted.append((_nobodys(live_text.file_id), live_text.amendment))
            live_text.amendment = None

    def amend(self, file_id: int) -> None:
        """Write the change that makes a text and its history agree, into the transaction."""
        take_write_lock()
        self._projects[file_id] = _project_of(file_id)
        self._entered(file_id)
        self._write()

    def write_nobodys(self, live_text: LiveText, applied: Applied) -> None:
        """Write a change that the service made of a text."""
        self._projects[live_text.file_id] = _project_of(live_text.file_id)
        self.touched[live_text.file_id] = live_text
        self.accepted.append((_nobodys(live_text.file_id), applied))
        self._write()

    def _write(self) -> None:
        """Write the changes, the files' new sizes, and the events."""
        if not self.accepted:
            return
        now = utcnow()
        connection = db.session.connection()
        # The rows of all texts in one statement: most batches have many small edits.
        INSERT_CHANGES.run_many(connection, [_row(*pair, now) for pair in self.accepted])
        changed = {change.file_id for change, _ in self.accepted}
        # Once for each text, however many of the changes were its own.
        for live_text in (self.touched[file_id] for file_id in changed):
            values = {"new_version": live_text.version, "new_size": live_text.size, "now": now}
            values |= {"new_other_bytes": live_text.other_bytes, "key": live_text.file_id}
            UPDATE_FILE.run(connection, values)
        clients = [row for live_text in self.touched.values() for row in _claimed(live_text)]
        if clients:
            INSERT_CLIENTS.run_many(connection, clients)
        log.record_each([self._event(*pair) for pair in self.accepted])

    def _event(self, change: Change, applied: Applied) -> tuple[Event, int | None, str | None]:
        event = FileEdited(
            file_id=change.file_id,
            project_id=self._projects[change.file_id],
            version=applied.version,
            door=change.door,
            edits=told(applied.delta),
            edit_id=change.edit_id,
        )
        return event, change.caller.user_id or None, change.address

    def answer(self) -> None:
        """Return what became of each, the last first: when the first is ready, all are."""
        for change, result in reversed(self._results):
            if isinstance(result, ApiError):
                change.done.set_exception(result)
            else:
                change.done.set_result(result)


def _claimed(live_text: LiveText) -> list[dict[str, int]]:
    """Return the rows of client ids that were first used now."""
    claimed, live_text.document.claimed = live_text.document.claimed, {}
    return [
        {"file_id": live_text.file_id, "client": client, "user_id": user_id}
        for client, user_id in claimed.items()
    ]


def write_nobodys(live_text: LiveText, applied: Applied) -> None:
    """Write a change that the service made of a text, into the open transaction."""
    Batch(lambda _: live_text, Rights()).write_nobodys(live_text, applied)


def _project_of(file_id: int) -> int:
    project = db.session.scalar(select(File.project_id).where(File.id == file_id))
    if project is None:
        raise NotFound()
    return project


def _nobodys(file_id: int) -> Change:
    """Return an empty change by the service."""
    return Change(file_id, SERVICE_CALLER, REST)


def _row(change: Change, applied: Applied, now: Any) -> dict[str, Any]:
    return {
        "file_id": change.file_id,
        "version": applied.version,
        "base": applied.base,
        # The service's own changes have author 0, which is nobody's row.
        "author_id": change.caller.user_id or None,
        "door": change.door,
        "edit_id": change.edit_id,
        "inserted": deltas.inserted(applied.delta),
        "deleted": deltas.deleted(applied.delta),
        "weight": deltas.weight(applied.delta),
        "delta": stored(applied.delta),
        "update": applied.update,
        "at": now,
        "undoes": change.undoes,
    }
