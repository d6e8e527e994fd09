"""What the fuzzer can't know: a key is for one request, and a tag is one that was sent."""

from __future__ import annotations

import json
import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Give each request a key of its own, and ask for no version that a resource never had."""
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    for name in ("If-Match", "if-match"):
        if case.headers and name in case.headers:
            del case.headers[name]


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(context: Any, value: Any) -> bytes:
    """Write a value as lines of JSON: one, or one for each item of a list."""
    items = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)
