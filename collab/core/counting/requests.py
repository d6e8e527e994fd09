"""How many requests each route answers, how, and how long that takes."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from ..slots import Slot
from . import metrics

REQUESTS = metrics.histogram(
    "collab_http_request_seconds",
    "From a request's first hook to the head of its answer.",
    ("method", "route", "status"),
)

#: The route of requests that match no rule: their path may be anything.
UNKNOWN_ROUTE = "unknown"
#: A long poll takes as long as it was asked to wait: it must not count as an ordinary answer.
WAITED_NOTE = " (waited)"

#: Methods that are told apart (RFC 9110 §9, RFC 5789); any token may be sent as one.
KNOWN_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

#: A part of a rule that stands for something, such as `<id:task_id>`.
VARIABLE_PART = re.compile(r"<(?:[^<>:]*:)?([^<>:]*)>")

#: A rule, if any, a method, a status class and whether the request waited.
Key = tuple[str, str, int, bool]

#: The counters, found by one look-up.
_CHILDREN: Slot[dict[Key, Any]] = Slot("requests counted", lambda _: {})


def count(
    app: Flask, rule: str, method: str, status: int, seconds: float, *, waited: bool = False
) -> None:
    """Count a request that has been answered; the rule is empty if none matched."""
    # Few values each: what a client makes up must not become a series of its own.
    key = (rule, method if method in KNOWN_METHODS else metrics.OTHER, status // 100, waited)
    children = _CHILDREN.of(app)
    child = children.get(key)
    if child is None:
        child = children[key] = REQUESTS.of(app).child(*_labels(*key))
    child.observe(seconds)


def _labels(rule: str, method: str, status_class: int, waited: bool) -> tuple[str, str, str]:
    route = pattern(rule) + WAITED_NOTE * waited if rule else UNKNOWN_ROUTE
    return method, route, f"{status_class}xx"


def pattern(rule: str) -> str:
    """Write a rule as the OpenAPI document does: `/tasks/{task_id}`."""
    return VARIABLE_PART.sub(r"{\1}", rule)
