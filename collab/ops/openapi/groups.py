"""The groups of routes, in the order in which a newcomer meets them."""

from __future__ import annotations

from apispec import APISpec

GROUP_NAMES = (
    *("auth", "projects", "members", "workspaces", "files", "content", "history", "archives"),
    *("tasks", "comments", "posts", "collections", "events", "notifications", "search"),
    *(
        "activity",
        "jobs",
        "schedules",
        "file_jobs",
        "uploads",
        "ingest",
        "segment",
        "sources",
        "schemas",
    ),
    *("quotas", "users", "mails", "installation", "flags", "audit", "ops"),
)

#: What the library describes and no route here answers.
UNUSED_SCHEMAS = ("Error", "PaginationMetadata")


def put_in_order(spec: APISpec) -> None:
    """Put the groups and their routes in order; a group that is not named comes last."""
    known = {name: number for number, name in enumerate(GROUP_NAMES)}
    spec._tags.sort(key=lambda tag: known.get(tag["name"], len(known)))
    paths = spec._paths

    def place(path: str) -> int:
        operation = next(one for key, one in paths[path].items() if key != "parameters")
        return known.get(operation["tags"][0], len(known))

    # A dict keeps the order in which keys were added: taken out and put back, each comes to its
    # place.
    for path in sorted(paths, key=place):
        paths[path] = paths.pop(path)
    for name in UNUSED_SCHEMAS:
        spec.components.schemas.pop(name, None)
