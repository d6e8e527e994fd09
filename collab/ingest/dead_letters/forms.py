"""Lists of dead letters as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from ...core.lists.paging import Page
from .letter import Listed

LETTER_COLUMNS = [one.name for one in fields(Listed)]


def letters(page: Page) -> Iterator[list[Any]]:
    """Yield the rows of a page, first one with the columns' names."""
    yield LETTER_COLUMNS
    for one in page.items:
        yield [getattr(one, name) for name in LETTER_COLUMNS]
