"""What all answers of the doors have: any origin may read them, and errors have a `code`."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response
from flask_cors.core import FLASK_CORS_EVALUATED

from ...core.http.limits import is_preflight

PROBLEM_TYPE = "application/problem+json"
#: Any page may send: unlike a cookie, a write key is not added automatically by a browser, and it
#: says where the events belong.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Request-ID",
}
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "POST",
    # `*` is every name but Authorization (Fetch §4.9).
    "Access-Control-Allow-Headers": "*, Authorization",
    "Access-Control-Max-Age": "7200",
}


def complete(response: Response) -> Response:
    """Let any origin read the answer, and give an error its `code` and `message`."""
    response.headers.update(CORS_HEADERS)
    if is_preflight():
        response.headers.update(PREFLIGHT_HEADERS)
    setattr(response, FLASK_CORS_EVALUATED, True)  # CORS_ORIGINS is for the other routes
    if response.mimetype == PROBLEM_TYPE:
        _name_for_libraries(response)
    return response


def _name_for_libraries(response: Response) -> None:
    """Add what Segment's libraries show for an error: `code` and `message`."""
    problem: dict[str, Any] = orjson.loads(response.get_data())
    code = str(problem["type"]).rpartition("/")[2].replace("-", "_")
    told = problem | {"code": code, "message": problem["detail"]}
    response.set_data(orjson.dumps(told))


def open_to_pages(blueprint: Blueprint) -> None:
    """Complete all answers of a blueprint, including those that no route gives."""
    blueprint.after_request(complete)
