"""`/activity`: feeds in sentences."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import service
from .schemas import ActivityPage, FeedQuery

blueprint = Blueprint(
    "activity",
    __name__,
    url_prefix=BASE_PATH,
    description="What happened, in sentences, newest first. A request reads about 10,000 "
    "events at most, so with a filter that matches few, a page may be short or empty and still "
    "have a `next_cursor`.",
)


@blueprint.get("/activity")
@login_required
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, ActivityPage)
@linked
def own_activity(query: dict[str, Any]) -> Page:
    """List what happened in your projects, to you, and by you."""
    return service.list_own_feed(caller(), **query)


@blueprint.get("/projects/<id:project_id>/activity")
@login_required
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, ActivityPage)
@linked
def project_activity(query: dict[str, Any], project_id: int) -> Page:
    """List what happened in a project."""
    return service.list_project_feed(caller(), project_id, **query)


@blueprint.get("/users/<id:user_id>/activity")
@login_required
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, ActivityPage)
@linked
def user_activity(query: dict[str, Any], user_id: int) -> Page:
    """List what a person did, as far as you may see it."""
    return service.list_user_feed(caller(), user_id, **query)
