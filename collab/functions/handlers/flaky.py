"""Fail as often as asked, then succeed: shows how jobs are tried again, and when they are dead."""

from __future__ import annotations

from typing import Any

MAX_FAILURES = 100


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take `{"failures": 2}`: the first two attempts fail, the third one succeeds."""
    failures: Any = event.get("failures", 1)
    if type(failures) is not int or not 0 <= failures <= MAX_FAILURES:
        context.fail(f"`failures` must be a whole number from 0 to {MAX_FAILURES}.", "bad_event")
    context.log(f"This is attempt {context.attempt}, and {failures} are to fail.")
    if context.attempt <= failures:
        raise RuntimeError(f"Attempt {context.attempt} failed, as it was asked to.")
    return {"attempts": context.attempt}
