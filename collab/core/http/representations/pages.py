"""Whether the caller wants a page, or data for programs."""

from __future__ import annotations

from flask import request


def wants_page() -> bool:
    """Return whether a browser asks: it names HTML, which `*/*` (curl, clients) does not."""
    accepted = request.accept_mimetypes
    named = any(kind.lower().startswith("text/html") for kind in accepted.values())
    return named and accepted["text/html"] >= accepted["application/json"]
