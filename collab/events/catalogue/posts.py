"""What happens to posts and collections."""

from __future__ import annotations

from ...frozen import frozen
from ..types import Event


@frozen(kw_only=True)
class PostEvent(Event):
    """Something that happened to a post."""

    post_id: int
    owner_id: int
    title: str
    #: Whether everybody may know of it, before or after the change.
    public: bool

    @property
    def topic(self) -> str:
        """Return everybody's topic, or its owner's for a draft."""
        return "posts" if self.public else f"user:{self.owner_id}"


@frozen(kw_only=True)
class CollectionEvent(Event):
    """Something that happened to a collection."""

    collection_id: int
    owner_id: int
    name: str

    @property
    def topic(self) -> str:
        """Return its owner's topic."""
        return f"user:{self.owner_id}"


@frozen(kw_only=True)
class PostCreated(PostEvent):
    """A post was made, as a draft or published at once."""

    type = "post.created"
    mentioned: list[int]


@frozen(kw_only=True)
class PostUpdated(PostEvent):
    """A post changed; `changed` names the fields."""

    type = "post.updated"
    changed: list[str]
    mentioned: list[int]


@frozen(kw_only=True)
class PostPublished(PostEvent):
    """A draft was published."""

    type = "post.published"
    mentioned: list[int]


@frozen(kw_only=True)
class PostUnpublished(PostEvent):
    """A published post became a draft: only its owner sees it now."""

    type = "post.unpublished"


@frozen(kw_only=True)
class PostDeleted(PostEvent):
    """A post was deleted, and left all collections."""

    type = "post.deleted"


@frozen(kw_only=True)
class CollectionCreated(CollectionEvent):
    """A collection was made."""

    type = "collection.created"


@frozen(kw_only=True)
class CollectionUpdated(CollectionEvent):
    """A collection's name or description changed; `changed` names the fields."""

    type = "collection.updated"
    changed: list[str]


@frozen(kw_only=True)
class CollectionDeleted(CollectionEvent):
    """A collection was deleted; its posts were not."""

    type = "collection.deleted"


@frozen(kw_only=True)
class CollectionPostAdded(CollectionEvent):
    """A post was added to a collection."""

    type = "collection.post_added"
    post_id: int


@frozen(kw_only=True)
class CollectionPostMoved(CollectionEvent):
    """A post was moved to another place in a collection."""

    type = "collection.post_moved"
    post_id: int


@frozen(kw_only=True)
class CollectionPostRemoved(CollectionEvent):
    """A post was taken out of a collection."""

    type = "collection.post_removed"
    post_id: int
