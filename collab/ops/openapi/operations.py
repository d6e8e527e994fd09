"""Which answers an operation can give, and the headers that it takes and sends.

All of it follows from the decorators of its route (`core/http/traits.py`), its method and its
address; a test holds every answer of the suite against it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from flask import Flask
from werkzeug.routing import Rule

from ...core.http.blueprint import NO_SECURITY
from ...core.http.downloads import COMPLETE_HEADER
from ...core.http.limits import UNLIMITED_ENDPOINTS
from ...core.http.traits import Trait, traits_of
from ...core.lists.tables import CSV_TYPE
from ...core.problems import type_of
from ...flags.guard import FEATURES

Json = dict[str, Any]

#: A variable in the address of a rule: `<id:project_id>`.
RULE_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")
#: What begins with one of these is decided about in a route that calls it.
PRECONDITIONS = ("require_match", "check_preconditions")
CHANGING_METHODS = ("post", "put", "patch", "delete")
#: They keep something: a quota may be spent.
KEEPING_METHODS = ("post", "put", "patch")

#: Parameters in headers, by what a route has.
HEADER_PARAMETERS: dict[str, Json] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "description": "Sent again within 24 hours, the same request gives the first answer again.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "examples": ["order-rocket-1"]},
    },
    "IfMatch": {
        "name": "If-Match",
        "description": "Change only this version: the `ETag` that you have read; otherwise 412.",
        "schema": {"type": "string", "examples": ['"5f0c1e9a2b7d4c3e8f6a1b0d"']},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "description": "The `ETag` that you have: 304 if it is the current one.",
        "schema": {"type": "string", "examples": ['"5f0c1e9a2b7d4c3e8f6a1b0d"']},
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "description": (
            "Go on after this event; browsers send it when they connect again. An id that is not "
            "in the log is not an error: the stream says `recovered: false`, and begins now."
        ),
        "schema": {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["41"]},
    },
}

TEXT_SCHEMA = {"type": "string"}
#: Headers of answers.
HEADERS: dict[str, Json] = {
    "ETag": {
        "description": "Names this representation; send it as `If-Match` or `If-None-Match`.",
        "schema": TEXT_SCHEMA,
        "example": '"5f0c1e9a2b7d4c3e8f6a1b0d"',
    },
    "Link": {
        "description": "The next page (RFC 8288); absent on the last.",
        "schema": TEXT_SCHEMA,
        "example": '</api/v1/projects?limit=20&cursor=WyJpZCIsMSwxXQ>; rel="next"',
    },
    "Location": {
        "description": "The address of what was made (RFC 9110 §10.2.2).",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/api/v1/projects/1",
    },
    "RetryAfter": {
        "description": "Seconds to wait.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "RateLimit": {
        "description": "Requests left in this window (`r`), and its seconds (`t`).",
        "schema": TEXT_SCHEMA,
        "example": '"default";r=299;t=60',
    },
    "RateLimitPolicy": {
        "description": "Requests in a window (`q`), and its length in seconds (`w`).",
        "schema": TEXT_SCHEMA,
        "example": '"default";q=300;w=60',
    },
    "WWWAuthenticate": {
        "description": "How to sign in (RFC 6750).",
        "schema": TEXT_SCHEMA,
        "example": 'Bearer realm="collab"',
    },
}
#: What they are called, where that is not a name of a component.
HEADER_NAMES = {
    "RetryAfter": "Retry-After",
    "RateLimitPolicy": "RateLimit-Policy",
    "WWWAuthenticate": "WWW-Authenticate",
}
RATE_HEADERS = ("RateLimit", "RateLimitPolicy")
#: Headers of the answers that tell of an error.
ERROR_HEADERS = {401: ["WWWAuthenticate"], 429: ["RetryAfter"], 503: ["RetryAfter"]}
ERROR_HEADERS |= {507: ["RetryAfter"]}


#: What a problem says of the request.
REQUEST_EXAMPLE: Json = {
    "instance": "/api/v1/projects",
    "request_id": "9f0c2b7d4c3e4f6a8b1d5e7f0a2c4e6f",
}


def components(spec: APISpec) -> None:
    """Put headers and errors where operations refer to them."""
    for name, one in HEADERS.items():
        spec.components.header(name, one)
    for name, one in HEADER_PARAMETERS.items():
        spec.components.parameter(name, "header", one | {"required": False})


def describe(app: Flask, spec: APISpec) -> None:
    """Complete each operation with the answers that it can give and with headers."""
    for rule, view, method, operation in _operations(app, spec):
        _describe_parameters(view, method, operation)
        errors = errors_of(app, rule, view, method) | errors_of_request(spec, operation)
        _describe_errors(errors, operation)
        _describe_headers(app, rule, view, operation)
        if Trait.TABULAR in traits_of(view):
            _describe_table(operation["responses"]["200"])


def _operations(app: Flask, spec: APISpec) -> Iterator[tuple[Rule, Callable[..., Any], str, Json]]:
    by_method = {
        (described(rule), method.lower()): rule
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, item in spec._paths.items():
        for method, operation in item.items():
            if (rule := by_method.get((path, method))) is not None:
                yield rule, app.view_functions[rule.endpoint], method, operation


def described(rule: Rule) -> str:
    """Return the path of a rule as the document writes it."""
    return RULE_VARIABLE.sub(r"{\1}", rule.rule)


def asks_preconditions(view: Callable[..., Any]) -> bool:
    """Tell whether the function under the decorators looks at If-Match."""
    code = inspect.unwrap(view).__code__
    return any(name.lstrip("_") in PRECONDITIONS for name in code.co_names)


def header_parameters(view: Callable[..., Any], method: str) -> list[str]:
    """Name the parameters in headers that a route takes."""
    traits = traits_of(view)
    wanted = {
        "IdempotencyKey": Trait.IDEMPOTENT in traits,
        "IfMatch": asks_preconditions(view),
        "IfNoneMatch": Trait.VERSIONED in traits and method == "get",
        "LastEventId": Trait.RESUMED in traits,
    }
    return [name for name, takes in wanted.items() if takes]


def _describe_parameters(view: Callable[..., Any], method: str, operation: Json) -> None:
    found = [{"$ref": f"#/components/parameters/{one}"} for one in header_parameters(view, method)]
    if found:
        operation["parameters"] = [*operation.get("parameters", ()), *found]


def errors_of(app: Flask, rule: Rule, view: Callable[..., Any], method: str) -> set[int]:
    """Return the statuses of errors that follow from what a route is."""
    traits, found = traits_of(view), {422}
    if rule.endpoint not in UNLIMITED_ENDPOINTS:
        found |= {429, 503}
    if Trait.ADMINS in traits:
        found |= {403}
    if rule.arguments or _feature(app, rule):
        found |= {404}
    if Trait.LINKED in traits:
        found |= {400}
    if Trait.IDEMPOTENT in traits:
        found |= {400, 409}
    if Trait.VERSIONED in traits and method == "get":
        found |= {304, 412}
    if asks_preconditions(view):
        found |= {412}
    return found | _of_changes(traits, method)


def _of_changes(traits: frozenset[Trait], method: str) -> set[int]:
    found = {507} if method in CHANGING_METHODS else set()
    if method in CHANGING_METHODS and Trait.SIGNED_IN in traits:
        found |= {403}
    return found | ({413} if method in KEEPING_METHODS else set())


def _feature(app: Flask, rule: Rule) -> bool:
    return rule.endpoint.partition(".")[0] in FEATURES.of(app)


def errors_of_request(spec: APISpec, operation: Json) -> set[int]:
    """Return the statuses of errors that follow from what a route reads."""
    found = {400, 413, 415} if "requestBody" in operation else set()
    if operation.get("security") != NO_SECURITY:
        found |= {401}
    if any(one.get("name") == "scope" for one in operation.get("parameters", ())):
        found |= {403}  # what is everybody's is for admins
    return found | ({404} if names_others(spec, operation) else set())


def _describe_errors(errors: set[int], operation: Json) -> None:
    answers: Json = operation["responses"]
    declared = {int(status) for status in answers if str(status).isdigit()}
    for status in sorted(errors | {one for one in declared if one >= 300}):
        if not _own(answers.get(str(status))):
            answers[str(status)] = _error(status)


def names_others(spec: APISpec, operation: Json) -> bool:
    """Tell whether parameters or a body name something else, which may not be there."""
    names = {one.get("name", "") for one in operation.get("parameters", ())}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schema = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        names |= spec.components.schemas.get(schema, {}).get("properties", {}).keys()
    return any(name == "topic" or name.endswith("_id") for name in names)


def _own(answer: Any) -> bool:
    """Tell whether a route describes an error's answer with a schema of its own."""
    content = answer.get("content", {}) if isinstance(answer, dict) else {}
    refs = [one.get("schema", {}).get("$ref", "") for one in content.values()]
    return any(ref and not ref.endswith("/Problem") for ref in refs)


def problem_example(status: int) -> Json:
    """Return what is answered with an error's status."""
    kind = type_of(status)
    told = {"type": kind.address, "title": kind.title, "status": status, "detail": kind.meaning}
    return told | REQUEST_EXAMPLE


def _error(status: int) -> Json:
    phrase = HTTPStatus(status).phrase
    if status == HTTPStatus.NOT_MODIFIED:
        return {"description": "You have this representation already.", "headers": _refs("ETag")}
    schema, example = {"$ref": "#/components/schemas/Problem"}, problem_example(status)
    described: Json = {
        "description": phrase,
        "content": {"application/problem+json": {"schema": schema, "example": example}},
    }
    if status in ERROR_HEADERS:
        described["headers"] = _refs(*ERROR_HEADERS[status])
    return described


def _describe_headers(app: Flask, rule: Rule, view: Callable[..., Any], operation: Json) -> None:
    traits = traits_of(view)
    names = [] if rule.endpoint in UNLIMITED_ENDPOINTS else list(RATE_HEADERS)
    names += ["ETag"] if Trait.VERSIONED in traits else []
    names += ["Location"] if Trait.LOCATED in traits else []
    names += ["Link"] if Trait.LINKED in traits else []
    for status, answer in operation["responses"].items():
        if str(status).startswith("2") and names:
            answer["headers"] = _refs(*names) | answer.get("headers", {})


def _describe_table(answer: Json) -> None:
    complete = "For CSV: `false` if it is not all that was asked for; JSON says so in the body."
    schema = {"type": "string", "enum": ["true", "false"]}
    answer["content"][CSV_TYPE] = {"schema": {"type": "string"}, "example": "id,type\r\n"}
    answer["headers"][COMPLETE_HEADER] = {"description": complete, "schema": schema}


def _refs(*names: str) -> Json:
    return {
        HEADER_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names
    }
