"""Lists of tasks: each filter and sort walks an index, however many there are."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, case, literal_column, or_, select, true

from ..core import fulltext
from ..core.caller import Caller
from ..core.errors import Forbidden
from ..core.lists.paging import Page, paginate
from ..core.lists.reading import as_text
from ..core.models import Id, utcnow
from ..core.words.asked import read
from ..extensions import db
from ..projects import access
from .fields import tidy
from .models import DONE, IS_OPEN, PRIORITIES, PRIORITY_NAMES, TASK_SORTS, Task, TaskTag

PRIORITY_NAME: Any = case(PRIORITY_NAMES, value=Task.priority_rank)
LIST_COLUMNS = (
    Task.id,
    Task.project_id,
    Task.owner_id,
    Task.title,
    Task.description,
    Task.status,
    PRIORITY_NAME.label("priority"),
    Task.assignee_id,
    as_text(Task.due_at),
    Task.due_zone,
    Task.tags,
    Task.position,
    as_text(Task.created_at),
    as_text(Task.updated_at),
)

ME_PARAMETER: Any = bindparam("me")
IN_MY_PROJECTS = access.in_project_of(ME_PARAMETER, Task.project_id)
MATCHES_SEARCH = fulltext.matches(bindparam("match", type_=String))
FOUND_KEYS = select(fulltext.key()).where(MATCHES_SEARCH)
#: The full-text index's own order of tasks, which is that of their ids.
INDEX_ENTRY: Any = literal_column("search_index.rowid", Id)

FILTERS: dict[str, Any] = {
    "status": Task.status == bindparam("status"),
    "rank": Task.priority_rank == bindparam("rank"),
    "assignee": Task.assignee_id == bindparam("assignee"),
    "unassigned": Task.assignee_id.is_(None),
    "overdue": and_(IS_OPEN, Task.due_order < bindparam("now")),
    "not_overdue": or_(Task.status == DONE, Task.due_order >= bindparam("now")),
    "match": Task.id.in_(FOUND_KEYS),
    "tag": TaskTag.tag == bindparam("tag"),
}


def list_tasks(
    caller: Caller,
    *,
    project_id: int | None = None,
    scope: str = "mine",
    sort: str | None,
    overdue: bool | None,
    **asked: Any,
) -> Page:
    """Return a page of tasks: a project's, or the caller's, or those assigned to somebody.

    Raises NotFound for a project that the caller can't read, Forbidden for all to no admin.
    """
    page = {name: asked.pop(name) for name in ("limit", "cursor")}
    kind = _kind(project_id, scope, asked["assignee"], caller)
    values = _values(overdue, caller, **asked)
    if "match" in values:
        words = read(values["match"])
        if not words.wanted:
            return Page([], None)
        values["match"] = fulltext.match(words, "task", _scopes(kind, project_id, caller))
    filters = frozenset(values)
    values |= _place(kind, project_id, caller)
    # A caller who asks for overdue tasks wants those that have been so for longest.
    sort = sort or ("due_at" if overdue else "-id")
    key = _key(filters, sort)
    return paginate(
        _listed(kind, filters, key),
        columns=TASK_SORTS | {"id": key},
        sort=sort,
        key=key,
        item=lambda row: row,
        # A filter without a parameter is part of the statement that was chosen.
        values={name: value for name, value in values.items() if value is not None},
        **page,
    )


def _kind(project_id: int | None, scope: str, assignee: str | None, caller: Caller) -> str:
    """Return which tasks are meant; checks that the caller may list them."""
    if scope == "all" and not caller.is_admin:
        raise Forbidden("Only an admin may list everybody's tasks.")
    if project_id is not None:
        access.place(f"project:{project_id}", caller)
        return "project"
    if scope == "mine" and assignee not in (None, "none"):
        return "all" if caller.is_admin else "readable"
    return scope


def _values(
    overdue: bool | None,
    caller: Caller,
    *,
    status: str | None,
    assignee: str | None,
    tag: str | None,
    priority: str | None,
    q: str | None,
) -> dict[str, Any]:
    """Return the filters by name, each with its parameter (None: it has none)."""
    values: dict[str, Any] = {"status": status, "match": q or None, "tag": tag and tidy(tag)}
    values["rank"] = None if priority is None else PRIORITIES[priority]
    if assignee not in (None, "none"):
        values["assignee"] = caller.user_id if assignee == "me" else int(assignee or 0)
    asked = {name: value for name, value in values.items() if value is not None}
    if assignee == "none":
        asked["unassigned"] = None
    if overdue is not None:
        asked |= {"overdue" if overdue else "not_overdue": None, "now": utcnow()}
    return asked


def _scopes(kind: str, project_id: int | None, caller: Caller) -> list[str] | None:
    """Return the places of the full-text index that hold what is listed; None: too many."""
    if kind == "project":
        return [f"p{project_id}"]
    if kind == "all":
        return ["admin"]
    if kind == "personal":
        return [f"u{caller.user_id}"]
    projects = db.session.scalars(access.projects_of(caller).limit(fulltext.MAX_SCOPES))
    own = [f"u{caller.user_id}", *(f"p{key}" for key in projects)]
    # Too many places to name in one query of the index: then rights are checked for each row that
    # matches.
    return own if len(own) <= fulltext.MAX_SCOPES else None


def _place(kind: str, project_id: int | None, caller: Caller) -> dict[str, Any]:
    if kind in ("project", "personal"):
        return {"board": project_id or -caller.user_id}
    return {} if kind == "all" else {"me": caller.user_id}


def _key(filters: frozenset[str], sort: str) -> Any:
    """Return the column of ids that a list is sorted by.

    The full-text index and that of tags are in this order, so the list reads no more rows than it
    shows.
    """
    if "match" in filters and sort in ("id", "-id"):
        return INDEX_ENTRY
    return TaskTag.task_id if "tag" in filters else Task.id


@cache
def _listed(kind: str, filters: frozenset[str], key: Any) -> Select[Any]:
    """Build, once for each kind, the query of the columns that a list shows."""
    driving: Any = TaskTag if key is TaskTag.task_id else Task
    query: Any = select(*LIST_COLUMNS)
    if key is INDEX_ENTRY:
        query = query.select_from(fulltext.SEARCH_INDEX).join(Task, Task.id == fulltext.key())
    if "tag" in filters:
        query = query.join(TaskTag, TaskTag.task_id == Task.id)
    readable = or_(IN_MY_PROJECTS, and_(Task.project_id.is_(None), Task.owner_id == ME_PARAMETER))
    conditions = {
        "project": driving.board == bindparam("board"),
        "personal": driving.board == bindparam("board"),
        "mine": and_(driving.owner_id == ME_PARAMETER, readable),
        "readable": readable,
        "all": true(),
    }
    wanted = FILTERS | ({"match": MATCHES_SEARCH} if key is INDEX_ENTRY else {})
    query = query.where(conditions[kind])
    return query.where(*(wanted[name] for name in sorted(filters - {"now"})))  # type: ignore[no-any-return]
