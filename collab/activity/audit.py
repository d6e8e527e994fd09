"""The audit: the whole log for admins, with people's private things withheld."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.lists.paging import Page
from .filters import Wanted
from .index_scan import Sources
from .privacy import withheld
from .service import Item, read_page, shown

#: The index that each filter walks, the narrowest first; without any, the whole log.
INDEXED_FILTERS = ("actor", "topic", "project_id")


def list_events(*, limit: int, cursor: str | None, **query: Any) -> Page:
    """Return a page of the log, newest first."""
    wanted = Wanted(**query)
    page = read_page(sources(wanted), wanted, wanted.matches, limit, cursor)
    return Page(for_admins(page.items), page.next_cursor)


def sources(wanted: Wanted) -> Sources:
    """Return the one index range that contains all that is wanted."""
    for name in INDEXED_FILTERS:
        if (value := getattr(wanted, name)) is not None:
            return {name: [value]}
    return {}


def for_admins(rows: Sequence[Any]) -> list[Item]:
    """Return rows as the audit shows them."""
    return shown(rows, lambda row: withheld(row.topic, row.type, row.project_id))
