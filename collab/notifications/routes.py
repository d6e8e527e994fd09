"""`/notifications`: what you should know of, and which of it you want."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import reading, service
from .reading import Preferences, Shown, Unread
from .schemas import (
    NotificationOut,
    NotificationPage,
    NotificationPatch,
    NotificationQuery,
    PreferencesIn,
    PreferencesOut,
    PreferencesPatch,
    ReadIn,
    UnreadOut,
)

blueprint = Blueprint(
    "notifications", __name__, url_prefix=BASE_PATH, description="What you should know about."
)


@blueprint.get("/notifications")
@login_required
@blueprint.arguments(NotificationQuery, location="query")
@blueprint.response(200, NotificationPage)
@remembered()
@linked
def list_notifications(query: dict[str, Any]) -> Page:
    """List your notifications, newest first."""
    return reading.list_notifications(caller(), **query)


@blueprint.get("/notifications/unread")
@login_required
@blueprint.response(200, UnreadOut)
@versioned
def count_unread() -> Unread:
    """Count what you have not read."""
    return reading.unread(caller())


@blueprint.post("/notifications/read")
@login_required
@blueprint.arguments(ReadIn)
@blueprint.response(200, UnreadOut)
def mark_read(data: dict[str, Any]) -> Unread:
    """Mark as read: some (`ids`), those up to an id (`through`), or `all`."""
    return service.mark_read(caller(), **data)


@blueprint.get("/notifications/<id:notification_id>")
@login_required
@blueprint.response(200, NotificationOut)
@versioned
def get_notification(notification_id: int) -> Shown:
    """Show a notification of yours."""
    return reading.load(notification_id, caller())


@blueprint.patch("/notifications/<id:notification_id>")
@login_required
@blueprint.arguments(NotificationPatch)
@blueprint.response(200, NotificationOut)
@versioned
def update_notification(changes: dict[str, Any], notification_id: int) -> Shown:
    """Mark a notification as read, or as unread."""
    one = service.load_to_change(notification_id, caller())
    require_match(one)
    return service.mark(one, changes["read"], caller())


@blueprint.delete("/notifications/<id:notification_id>")
@login_required
@blueprint.response(204)
def delete_notification(notification_id: int) -> None:
    """Delete a notification."""
    one = service.load_to_change(notification_id, caller())
    require_match(one)
    service.delete(one, caller())


@blueprint.get("/notifications/preferences")
@login_required
@blueprint.response(200, PreferencesOut)
@versioned
def get_preferences() -> Preferences:
    """Show which kinds of notifications you want."""
    return reading.preferences(caller())


@blueprint.put("/notifications/preferences")
@login_required
@blueprint.arguments(PreferencesIn)
@blueprint.response(200, PreferencesOut)
@versioned
def replace_preferences(data: dict[str, bool]) -> Preferences:
    """Say which kinds of notifications you want; those left out are wanted."""
    require_match(service.preferences_to_change(caller()))
    return service.set_preferences(caller(), data)


@blueprint.patch("/notifications/preferences")
@login_required
@blueprint.arguments(PreferencesPatch)
@blueprint.response(200, PreferencesOut)
@versioned
def update_preferences(changes: dict[str, bool]) -> Preferences:
    """Say whether you want some kinds of notifications."""
    require_match(service.preferences_to_change(caller()))
    return service.set_preferences(caller(), changes)
