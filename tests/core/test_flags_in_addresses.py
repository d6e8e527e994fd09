"""A yes or no in an address is read alike by each route that takes one."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from ..support.people import Person

YES = ["true", "True", "TRUE", "1", "yes", "on"]
NO = ["false", "False", "0", "no", "off"]
NEITHER = ["maybe", "2", "", "null", "truefalse"]


def flags(http: httpx.Client) -> Iterator[tuple[str, str]]:
    """Yield each route without further places to fill, and its parameters that are booleans."""
    document = http.get("/api/openapi.json").json()
    for path, operations in document["paths"].items():
        for one in operations.get("get", {}).get("parameters", ()):
            kind = one.get("schema", {}).get("type", "")
            if one.get("in") == "query" and "boolean" in kind and "{" not in path:
                yield path, one["name"]


def test_each_route_reads_each_spelling_alike(ada: Person, http: httpx.Client) -> None:
    found = list(flags(http))
    assert {name for _, name in found} >= {"unread", "overdue", "disabled"}
    headers = {"Authorization": f"Bearer {ada.token}"}
    for path, name in found:
        said = {
            text: http.get(path, params={name: text}, headers=headers).status_code
            for text in YES + NO + NEITHER
        }
        assert said == dict.fromkeys(YES + NO, 200) | dict.fromkeys(NEITHER, 422), (path, name)
