"""Which texts of which tables can be found, and what is derived from them, on PostgreSQL.

On SQLite the migrations have it in their triggers.
"""

from __future__ import annotations

from collections.abc import Callable

from ...frozen import frozen
from ..words.folding import fold
from ..words.sorting import sort_key


@frozen
class Found:
    """How rows of a table are found: the number of their kind, and what the index holds of them."""

    number: int
    #: SQL of the places from which a row can be seen, separated by spaces.
    places: str
    title: str
    body: str = "''"
    #: SQL of a JSON array.
    tags: str = "NULL"


@frozen
class TextSource:
    """A table with texts."""

    table: str
    #: The columns that matter.
    columns: tuple[str, ...]
    #: Column -> the column it is derived from, and how.
    derived: tuple[tuple[str, str, Callable[[str], str]], ...] = ()
    found: Found | None = None


def _of_name(*, folded: bool = False) -> tuple[tuple[str, str, Callable[[str], str]], ...]:
    key = ("name_key", "name", sort_key)
    return (key, ("name_folded", "name", fold)) if folded else (key,)


TEXT_SOURCES = (
    TextSource(
        "projects",
        ("name", "description"),
        _of_name(folded=True),
        Found(1, "'project projectadmin projectp' || id", "name", "description"),
    ),
    TextSource(
        "tasks",
        ("title", "description", "tags", "project_id", "owner_id"),
        found=Found(
            2,
            "'task taskadmin task' || CASE WHEN project_id IS NULL THEN 'u' || owner_id"
            " ELSE 'p' || project_id END",
            "title",
            "description",
            "tags",
        ),
    ),
    TextSource(
        "posts",
        ("title", "body", "status", "owner_id"),
        found=Found(
            3,
            "'post postu' || owner_id || CASE status WHEN 'published' THEN ' postpublic'"
            " ELSE '' END",
            "title",
            "body",
        ),
    ),
    TextSource(
        "uploads",
        ("name", "project_id", "owner_id"),
        _of_name(),
        Found(
            4,
            "CASE WHEN project_id IS NULL THEN 'upload uploadu' || owner_id"
            " ELSE 'upload uploadadmin uploadp' || project_id END",
            "name",
        ),
    ),
    TextSource(
        "workspaces",
        ("name", "project_id"),
        _of_name(),
        Found(5, "'workspace workspaceadmin workspacep' || project_id", "name"),
    ),
    TextSource(
        "files",
        ("path", "searchable", "project_id"),
        found=Found(6, "'file fileadmin filep' || project_id", "path", "searchable"),
    ),
    TextSource("collections", ("name",), _of_name(folded=True)),
    TextSource(
        "users", ("name", "email"), (("name_folded", "name", fold), ("email_folded", "email", fold))
    ),
)
BY_TABLE = {one.table: one for one in TEXT_SOURCES}
