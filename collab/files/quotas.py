"""The quota of a project's files, at every door that changes one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..core.slots import setting
from ..core.usage.counted import ROW_BYTES
from ..core.usage.models import PERSON, PROJECT
from ..core.usage.quota import MIB, Allowance, QuotaSpent, ceiling, used_of_kind
from .text import delta as deltas

if TYPE_CHECKING:
    from .editing.changes import Change

#: How many times the bytes of an edit are kept: as a delta, for the CRDT, and in the event.
COPIES_OF_AN_EDIT = 3


def weight_of(size: int, *, text: bool) -> int:
    """Return about how many bytes a new file of a size takes, with its history and events."""
    return (COPIES_OF_AN_EDIT * size if text else size) + 4 * ROW_BYTES


class FileAllowance:
    """By how much projects' files may still grow in one transaction (FILE_QUOTA_MB)."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}

    def take(self, growth: int, project_id: int, *, about: bool = False) -> None:
        """Note by how many bytes, about, a project's files grow.

        Raises QuotaSpent; small growth that is not known exactly may go a little beyond the quota.
        """
        if project_id not in self._used:
            self._used[project_id] = used_of_kind(PROJECT, project_id, "files")
        used, limit = self._used[project_id], setting("FILE_QUOTA_MB") * MIB
        if growth > 0 and used + growth > (ceiling(limit, growth) if about else limit):
            raise QuotaSpent(
                f"The project's files take {used // MIB} of {limit // MIB} MiB: delete some first.",
                "files",
                used,
                limit,
            )
        self._used[project_id] += growth


class TextAllowance:
    """What the edits of one batch may still add: to the files, and to their history."""

    def __init__(self) -> None:
        self._files, self._all = FileAllowance(), Allowance()

    def expect(self, changes: Iterable[Change]) -> None:
        """Look up, in one query, how much each of the authors keeps."""
        self._all.expect(PERSON, {change.caller.user_id for change in changes})

    def take(self, change: Change, project_id: int) -> None:
        """Note that an edit will be kept; raises QuotaSpent, before anything is merged.

        An update of the CRDT adds at most its own bytes, whatever it refers to.
        """
        sent = change.update
        growth = deltas.growth(change.delta) if sent is None else len(sent.data)
        self._files.take(growth, project_id, about=sent is not None)
        owners = ((PERSON, change.caller.user_id), (PROJECT, project_id))
        self._all.take(COPIES_OF_AN_EDIT * change.weight + ROW_BYTES, owners)
