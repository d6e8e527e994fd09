"""What the tests of collections ask for again and again."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import update

from collab.extensions import db
from collab.posts.models import CollectionPost

from ..support.people import Person, ok, paged


def order(who: Person, collection: int, limit: int = 100) -> list[int]:
    """Return the ids of a collection's posts in their order."""
    return paged(who, f"/collections/{collection}/posts?limit={limit}")


def shown(who: Person, collection: int) -> dict[str, Any]:
    """Return a collection."""
    found: dict[str, Any] = ok(who.get(f"/collections/{collection}"))
    return found


def tag(who: Person, collection: int) -> str:
    """Return a collection's ETag."""
    return who.get(f"/collections/{collection}").headers["ETag"]


def crowd(app: Flask, collection: int, positions: dict[int, str]) -> None:
    """Give posts positions as after very many moves."""
    with app.app_context():
        for post, position in positions.items():
            place = CollectionPost.collection_id == collection, CollectionPost.post_id == post
            db.session.execute(update(CollectionPost).where(*place).values(position=position))
        db.session.commit()
