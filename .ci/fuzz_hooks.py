"""What the fuzzer can't know: a key is for one request, and a tag is one that was sent."""

from __future__ import annotations

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def map_headers(context: Any, headers: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give each request a key of its own, and no tag that the resource never had."""
    if headers is None:
        return None
    kept = {name: one for name, one in headers.items() if name not in ("If-Match",)}
    if "Idempotency-Key" in kept:
        kept["Idempotency-Key"] = uuid.uuid4().hex
    return kept
