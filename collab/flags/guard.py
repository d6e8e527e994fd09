"""Routes that are there only as long as their feature is on: for each blueprint, in one table."""

from __future__ import annotations

from flask import Flask, g, request
from sqlalchemy import Connection

from ..core.database import on_lock
from ..core.http.caller import optional_caller
from . import service

#: Blueprint -> feature.
FEATURE_OF = {
    "files": "files",
    "content": "files",
    "file_jobs": "files",
    "archives": "files",
    "tasks": "tasks",
    "comments": "tasks",
    "posts": "posts",
    "collections": "posts",
    "notifications": "notifications",
    "activity": "activity",
    "search": "search",
    "history": "files",
    "yjs": "files",
}


def require_feature() -> None:
    """Raise FeatureOff, before anything is asked about what the caller may do."""
    feature = FEATURE_OF.get(request.blueprint or "")
    if feature is not None:
        found = optional_caller()
        g.feature = (feature, found.user_id if found else None)
        service.require(*g.feature)


def require_under_lock(connection: Connection) -> None:
    """Raise FeatureOff for a change that waited for the lock while its feature was switched off."""
    if found := g.get("feature"):
        g.feature = None  # what is written about a refusal is the service's own
        service.require(*found)
        g.feature = found


def init_app(app: Flask) -> None:
    """Give an application its flags, and look at them before each request."""
    app.extensions["collab.flags"] = service.Flags(app)
    app.before_request(require_feature)
    on_lock(app, require_under_lock)
