"""Routes that exist only while their feature is on: packages say which belong to which."""

from __future__ import annotations

from flask import Blueprint as FlaskBlueprint
from flask import Flask
from sqlalchemy import Connection

from ..core.caller import notes
from ..core.database import on_lock
from ..core.http.caller import optional_caller, present
from ..core.slots import Registry
from . import service

#: Blueprint -> feature.
FEATURES: Registry[dict[str, str]] = Registry("features of blueprints", lambda _: {})


def switch(app: Flask, feature: str, *blueprints: FlaskBlueprint) -> None:
    """Let the routes of some blueprints be there only while their feature is on."""
    FEATURES.of(app).update((one.name, feature) for one in blueprints)


def require_feature() -> None:
    """Raise FeatureOff, before anything is asked about what the caller may do."""
    asked, noted = present()
    feature = FEATURES.here().get(asked.blueprint or "")
    if feature is not None:
        found = optional_caller()
        noted.feature = (feature, found.user_id if found else None)
        service.require(*noted.feature)


def require_under_lock(connection: Connection) -> None:
    """Raise FeatureOff for a change that waited for the lock while its feature was switched off."""
    noted = notes()
    if found := noted.get("feature"):
        noted.feature = None  # what is written about a refusal is the service's own
        service.require(*found)
        noted.feature = found


def init_app(app: Flask) -> None:
    """Give an application its flags, and look at them before each request."""
    app.before_request(require_feature)
    on_lock(app, require_under_lock)
