"""`/posts`."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_optional, login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller, optional_caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects.access import Right
from . import service
from .models import Post
from .schemas import PostIn, PostOut, PostPage, PostPatch, PostPut, PostQuery

blueprint = Blueprint("posts", __name__, url_prefix=BASE_PATH, description="What people publish.")

#: With a token or without.
OPTIONAL_SECURITY: list[dict[str, list[str]]] = [{}, {"bearer": []}]


@blueprint.get("/posts")
@login_optional
@blueprint.doc(security=OPTIONAL_SECURITY)
@blueprint.arguments(PostQuery, location="query")
@blueprint.response(200, PostPage)
@remembered()
@linked
def list_posts(query: dict[str, Any]) -> Page:
    """List what is published, newest first, or your drafts."""
    return service.list_posts(optional_caller(), **query)


@blueprint.post("/posts")
@login_required
@idempotent
@blueprint.arguments(PostIn)
@blueprint.response(201, PostOut)
@located("/posts/{id}")
@versioned
def create_post(data: dict[str, Any]) -> Post:
    """Write a post; it is published at once, unless it is a draft."""
    return service.create(data["title"], data["body"], data["status"], caller())


@blueprint.get("/posts/<id:post_id>")
@login_optional
@blueprint.doc(security=OPTIONAL_SECURITY)
@blueprint.response(200, PostOut)
@versioned
def get_post(post_id: int) -> Post:
    """Show a post; a draft only to its owner."""
    return service.load(post_id, optional_caller())


@blueprint.put("/posts/<id:post_id>")
@login_required
@blueprint.arguments(PostPut)
@blueprint.response(200, PostOut)
@versioned
def replace_post(data: dict[str, Any], post_id: int) -> Post:
    """Replace a post's title and body."""
    post = service.load(post_id, caller(), can=Right.MANAGE)
    require_match(post)
    return service.update(post, data, caller())


@blueprint.patch("/posts/<id:post_id>")
@login_required
@blueprint.arguments(PostPatch)
@blueprint.response(200, PostOut)
@versioned
def update_post(changes: dict[str, Any], post_id: int) -> Post:
    """Change a post, publish it, or make a draft of it."""
    post = service.load(post_id, caller(), can=Right.MANAGE)
    require_match(post)
    return service.update(post, changes, caller())


@blueprint.delete("/posts/<id:post_id>")
@login_required
@blueprint.response(204)
def delete_post(post_id: int) -> None:
    """Delete a post; it leaves all collections, which stay."""
    post = service.load(post_id, caller(), can=Right.MANAGE)
    require_match(post)
    service.delete(post, caller())
