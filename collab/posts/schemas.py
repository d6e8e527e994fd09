"""What posts and collections look like on the wire."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate, validates_schema

from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import Schema, Time, identifier, line, patterned, text
from .models import COLLECTION_SORTS, PLACE_SORTS, POST_SORTS, POST_STATUSES, PUBLISHED

MAX_BODY_LENGTH = 100_000
#: Characters of a body up to which lists show the whole of it.
MAX_LISTED_BODY_CHARACTERS = 2000
#: Characters of every post that lists show.
EXCERPT_CHARACTERS = 300

STATUS_CHOICE = validate.OneOf(POST_STATUSES)


class PostIn(Schema):
    """A new post: published at once, unless it is a draft."""

    example = {
        "title": "We have lift-off",
        "body": "Thanks to @bob, the rocket flies.",
        "status": "published",
    }
    title = line(200, required=True)
    body = text(MAX_BODY_LENGTH, required=True)
    status = fields.String(load_default=PUBLISHED, validate=STATUS_CHOICE)


class PostPut(Schema):
    """A post, whole. Without `status` it stays published or a draft, as it is."""

    example = {"title": "We have landed"}
    title = line(200, required=True)
    body = text(MAX_BODY_LENGTH, required=True, metadata={"example": "My first post, for @alice."})
    status = fields.String(validate=STATUS_CHOICE)


class PostPatch(Schema):
    """The parts of a post that change; `status` publishes it, or makes a draft of it."""

    example = {"title": "We have landed"}
    title = line(200)
    body = text(MAX_BODY_LENGTH)
    status = fields.String(validate=STATUS_CHOICE)


class PostOut(Schema):
    """A post."""

    example = {
        "title": "We have lift-off",
        "body": "Thanks to @bob, the rocket flies.",
        "status": "published",
        "published_at": "2026-03-02T09:00:00Z",
    }
    id = fields.Integer(required=True)
    owner_id = fields.Integer(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    status = fields.String(required=True, validate=STATUS_CHOICE)
    published_at = Time(
        required=True, allow_none=True, metadata={"description": "Null for a draft."}
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class PostListedOut(PostOut):
    """A post as lists show it."""

    example = {
        "title": "We have lift-off",
        "body": None,
        "status": "published",
        "published_at": "2026-03-02T09:00:00Z",
        "excerpt": "Thanks to @bob, the rocket flies.",
    }
    body = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": f"Null past {MAX_LISTED_BODY_CHARACTERS} characters: get the post."
        },
    )
    excerpt = fields.String(
        required=True,
        metadata={"description": f"The first {EXCERPT_CHARACTERS} characters of the body."},
    )


class PostQuery(PageQuery):
    """Which posts."""

    example = {"q": "lift-off", "owner": "me"}
    owner = patterned(
        r"^(me|[1-9][0-9]{0,17})$",
        "Must be an account's id, or `me`.",
        1,
        18,
        load_default=None,
        metadata={"description": "Whose: an account's id, or `me`."},
    )
    status = fields.String(
        load_default=PUBLISHED,
        validate=STATUS_CHOICE,
        metadata={"description": "`draft`: your own drafts; sign in for them."},
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=100),
        metadata={"description": 'Words, or "a phrase"; a `-` before it excludes.'},
    )
    sort = sort_field(POST_SORTS, "-id")


class CollectionIn(Schema):
    """A collection, whole."""

    example = {"name": "Worth reading", "description": "What the crew should know."}
    name = line(120, required=True)
    description = text(2000, load_default="")


class CollectionPatch(Schema):
    """The parts of a collection that change."""

    example = {"name": "Worth reading twice"}
    name = line(120)
    description = text(2000)


class CollectionOut(Schema):
    """A collection."""

    example = {"name": "Worth reading", "description": "What the crew should know.", "posts": 1}
    id = fields.Integer(required=True)
    owner_id = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    posts = fields.Integer(required=True, metadata={"description": "How many posts you see in it."})
    created_at = Time(required=True)
    updated_at = Time(required=True)


class CollectionQuery(PageQuery):
    """Which of your collections."""

    example = {"q": "reading"}
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=100),
        metadata={"description": "A part of the name."},
    )
    sort = sort_field(COLLECTION_SORTS, "id")


class PostChoiceIn(Schema):
    """Which post."""

    example = {"post_id": 1}
    aliases = {"postId": "post_id", "post": "post_id"}
    post_id = identifier(required=True)


class PostPlaceIn(Schema):
    """Where a post stands: right before or right after another one, or else at the end."""

    example = {"after": 2}
    body_optional = True
    before = identifier(metadata={"description": "The id of a post in the collection."})
    after = identifier(metadata={"description": "The id of a post in the collection."})

    @validates_schema
    def check_one(self, data: dict[str, int], **kwargs: object) -> None:
        """Take one of the two."""
        if len(data) == 2:
            raise ValidationError("Give one of `before` and `after`.", "after")


class CollectionPostOut(PostListedOut):
    """A post in a collection."""

    example = {"added_at": "2026-03-02T09:30:00Z"}
    added_at = Time(required=True)


class CollectionPostQuery(PageQuery):
    """Which part of a collection."""

    sort = sort_field(PLACE_SORTS, "position")


PostPage = page_of(PostListedOut)
CollectionPage = page_of(CollectionOut)
CollectionPostPage = page_of(CollectionPostOut)
