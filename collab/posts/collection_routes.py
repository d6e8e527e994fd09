"""`/collections`: posts put together, in an order."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects.access import Right
from . import collection_posts
from . import collections as service
from .models import Collection
from .schemas import (
    CollectionIn,
    CollectionOut,
    CollectionPage,
    CollectionPatch,
    CollectionPostPage,
    CollectionPostQuery,
    CollectionQuery,
    PostChoiceIn,
    PostPlaceIn,
)

blueprint = Blueprint(
    "collections", __name__, url_prefix=BASE_PATH, description="Posts put together, in order."
)


@blueprint.get("/collections")
@login_required
@blueprint.arguments(CollectionQuery, location="query")
@blueprint.response(200, CollectionPage)
@remembered()
@linked
def list_collections(query: dict[str, Any]) -> Page:
    """List your collections."""
    return service.list_collections(caller(), **query)


@blueprint.post("/collections")
@login_required
@idempotent
@blueprint.arguments(CollectionIn)
@blueprint.response(201, CollectionOut)
@located("/collections/{id}")
@versioned
def create_collection(data: dict[str, Any]) -> Collection:
    """Create a collection; nobody else sees it."""
    return service.create(data["name"], data["description"], caller())


@blueprint.get("/collections/<id:collection_id>")
@login_required
@blueprint.response(200, CollectionOut)
@versioned
def get_collection(collection_id: int) -> Collection:
    """Show a collection of yours; its ETag changes with its posts and their order."""
    return service.load(collection_id, caller())


@blueprint.put("/collections/<id:collection_id>")
@login_required
@blueprint.arguments(CollectionIn)
@blueprint.response(200, CollectionOut)
@versioned
def replace_collection(data: dict[str, Any], collection_id: int) -> Collection:
    """Replace a collection's name and description."""
    collection = service.load(collection_id, caller(), can=Right.MANAGE)
    require_match(collection)
    return service.update(collection, data, caller())


@blueprint.patch("/collections/<id:collection_id>")
@login_required
@blueprint.arguments(CollectionPatch)
@blueprint.response(200, CollectionOut)
@versioned
def update_collection(changes: dict[str, Any], collection_id: int) -> Collection:
    """Change a collection's name or description."""
    collection = service.load(collection_id, caller(), can=Right.MANAGE)
    require_match(collection)
    return service.update(collection, changes, caller())


@blueprint.delete("/collections/<id:collection_id>")
@login_required
@blueprint.response(204)
def delete_collection(collection_id: int) -> None:
    """Delete a collection; its posts stay."""
    collection = service.load(collection_id, caller(), can=Right.MANAGE)
    require_match(collection)
    service.delete(collection, caller())


@blueprint.post("/collections/<id:collection_id>/add_post")
@login_required
@idempotent
@blueprint.arguments(PostChoiceIn)
@blueprint.response(200, CollectionOut)
@blueprint.alt_response(409, "Problem")
@versioned
def add_post(data: dict[str, Any], collection_id: int) -> Collection:
    """Add a post at the end; adding it twice changes nothing."""
    collection = service.load(collection_id, caller(), can=Right.WRITE)
    require_match(collection)
    return collection_posts.put(collection, data["post_id"], caller())


@blueprint.post("/collections/<id:collection_id>/remove_post")
@login_required
@blueprint.arguments(PostChoiceIn)
@blueprint.response(200, CollectionOut)
@versioned
def remove_post(data: dict[str, Any], collection_id: int) -> Collection:
    """Remove a post from a collection; 404 if it is not there."""
    collection = service.load(collection_id, caller(), can=Right.WRITE)
    require_match(collection)
    return collection_posts.remove(collection, data["post_id"], caller())


@blueprint.get("/collections/<id:collection_id>/posts")
@login_required
@blueprint.arguments(CollectionPostQuery, location="query")
@blueprint.response(200, CollectionPostPage)
@remembered()
@linked
def list_collection_posts(query: dict[str, Any], collection_id: int) -> Page:
    """List the posts of a collection in their order."""
    return collection_posts.list_collection_posts(service.load(collection_id, caller()), **query)


@blueprint.put("/collections/<id:collection_id>/posts/<id:post_id>")
@login_required
@blueprint.arguments(PostPlaceIn)
@blueprint.response(200, CollectionOut)
@blueprint.alt_response(409, "Problem")
@versioned
def place_post(place: dict[str, Any], collection_id: int, post_id: int) -> Collection:
    """Add a post, or move it next to another one."""
    collection = service.load(collection_id, caller(), can=Right.WRITE)
    require_match(collection)
    return collection_posts.put(collection, post_id, caller(), **place)


@blueprint.delete("/collections/<id:collection_id>/posts/<id:post_id>")
@login_required
@blueprint.response(204)
def take_post_out(collection_id: int, post_id: int) -> None:
    """Remove a post from a collection; 404 if it is not there."""
    collection = service.load(collection_id, caller(), can=Right.WRITE)
    require_match(collection)
    collection_posts.remove(collection, post_id, caller())
