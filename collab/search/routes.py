"""`/search`."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import service
from .schemas import ResultPage, SearchQuery

blueprint = Blueprint(
    "search", __name__, url_prefix=BASE_PATH, description="Finding things by their words."
)


@blueprint.get("/search")
@login_required
@blueprint.arguments(SearchQuery, location="query")
@blueprint.response(200, ResultPage)
@linked
def search(query: dict[str, Any]) -> Page:
    """Find projects, workspaces, files, tasks, posts and uploads, best match first.

    It finds only what you may read. For each kind, the newest 1,000 matches are ranked; if all
    words are in more than 5,000 things, matches in titles come first, then the newest.
    """
    return service.find(caller(), **query)
