"""Each way to ask for something: all documented GET routes with all their parameters."""

from __future__ import annotations

from typing import Any

#: What takes as long as there is of what was asked for, or never ends.
LEFT_OUT = {
    "/api/v1/events/stream": "never ends",
    "/api/v1/audit/export": "is the whole log, read a hundred rows at a time",
    "/api/v1/workspaces/{workspace_id}/archive": "is all files of a workspace",
}

#: Values of parameters that have no list of them.
VALUES: dict[str, list[Any]] = {
    "q": ["task"],
    "type": ["test_echo"],
    "tag": ["red"],
    "assignee": ["me", "none"],
    "owner": ["me"],
    "author": ["me"],
    "actor": ["me"],
    "after": [0, 1500],
    "overdue": ["true", "false"],
    "since": ["2020-01-01T00:00:00Z"],
    "until": ["2100-01-01T00:00:00Z"],
    "unread": ["true", "false"],
    "limit": [100],
    "project_id": ["{project}"],
}


def addresses(document: dict[str, Any], ids: dict[str, int]) -> list[str]:
    """Return the addresses of all lists and things, plain and with each parameter."""
    found = []
    for path, methods in document["paths"].items():
        if "get" in methods and path not in LEFT_OUT:
            address = filled(path, ids)
            found.append(address)
            found += [f"{address}?{query}" for query in queries(methods, ids)]
    return found


def filled(path: str, ids: dict[str, int]) -> str:
    """Put ids into an address."""
    for name, key in ids.items():
        path = path.replace(f"{{{name}_id}}", str(key))
    return path.replace("{name}", "search").replace("{version}", "1")


def queries(methods: dict[str, Any], ids: dict[str, int]) -> list[str]:
    """Return a query for each value of each parameter."""
    shared = methods.get("parameters", [])
    # Those that are references are headers, which all operations of a kind take.
    every = [one for one in shared + methods["get"].get("parameters", []) if "$ref" not in one]
    taken = [one for one in every if one["in"] == "query"]
    found = []
    for parameter in taken:
        schema = parameter["schema"]
        choices = schema.get("enum") or schema.get("items", {}).get("enum")
        choices = choices or VALUES.get(parameter["name"], [])
        found += [f"{parameter['name']}={str(one).format(**ids)}" for one in choices if one]
    return found
