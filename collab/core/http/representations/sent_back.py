"""Bodies of PUT and PATCH that came from GET: they may contain read-only members.

A client reads a resource, changes a member of it and sends all of it back, as PUT is defined (RFC
9110 §9.3.4). Members such as `id` or `created_at` are not part of what PUT takes. Sent back
unchanged they mean nothing; changed, they ask for what is not possible, and the error names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Response, current_app, make_response, request
from werkzeug.exceptions import HTTPException

from ...json import dumps, loads
from ...schemas import Schema
from ..caller import present
from ..etags import check_preconditions

#: Characters of a value that a refusal shows.
MAX_SHOWN_LENGTH = 80
#: Members beyond those that a route takes: with more it is no representation of ours.
MAX_STRANGE_MEMBERS = 100
REPLACING_METHODS = ("PUT", "PATCH")


def without_unchanged(sent: Any, schema: Schema) -> Any:
    """Return a body without the members that GET shows here, if they are as it shows them.

    Raises ValidationError for those that differ, and PreconditionFailed; members that GET does not
    show stay, to be refused.
    """
    if present()[0].method not in REPLACING_METHODS or not isinstance(sent, Mapping):
        return sent
    strange = [name for name in sent if not schema.takes(name, sent)]
    if not 0 < len(strange) <= MAX_STRANGE_MEMBERS:
        return sent
    shown = _shown()
    if wrong := {
        name: [_refusal(shown[name])]
        for name in strange
        if name in shown and not same(sent[name], shown[name])
    }:
        raise ma.ValidationError(wrong)
    return {name: one for name, one in sent.items() if name not in strange or name not in shown}


def _shown() -> Mapping[str, Any]:
    """Return what GET answers here now, if that is a JSON object; raises what it raises."""
    adapter = current_app.create_url_adapter(request)
    try:
        endpoint, values = adapter.match(method="GET") if adapter else ("", {})
    except HTTPException:
        return {}
    if endpoint not in current_app.view_functions:
        return {}
    answer: Response = make_response(current_app.view_functions[endpoint](**values))
    try:
        if (tag := answer.get_etag()[0]) is not None:
            check_preconditions(tag)  # or a lost update would show as a difference in times
        found = loads(answer.get_data()) if answer.is_json else {}
    finally:
        answer.close()
    return found if isinstance(found, Mapping) else {}


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _refusal(value: Any) -> str:
    written = dumps(value).decode()
    shown = f" ({written} here)" if len(written) <= MAX_SHOWN_LENGTH else ""
    return f"Nobody changes this by a request{shown}: leave it out, or send it as GET gives it."
