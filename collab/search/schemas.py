"""What a search and its results look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate
from webargs.fields import DelimitedList

from ..core.fields.registered import OneOfRegistered
from ..core.fulltext import KINDS
from ..core.http.pages import PageQuery, page_of
from ..core.schemas import MAX_ID, Schema, Time

KIND_CHOICE = OneOfRegistered(lambda: KINDS.here())

QUERY_DESCRIPTION = (
    "Words that must all occur; the last one may be the beginning of a word. "
    '`"Words in quotes"` must be next to each other, and `-` before either excludes it.'
)


class SearchQuery(PageQuery):
    """What to look for."""

    example = {"q": "rocket", "type": ["task", "post"]}
    aliases = {"projectId": "project_id"}
    q = fields.String(
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": QUERY_DESCRIPTION, "example": "launch plan"},
    )
    type = DelimitedList(
        fields.String(validate=KIND_CHOICE),
        load_default=list,
        metadata={"description": "Only these, separated by commas.", "example": ["task"]},
    )
    project_id = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_ID),
        metadata={"description": "Only what is in this project."},
    )


class ExcerptOut(Schema):
    """Where it matched: HTML with nothing in it but escaped text and `<mark>`."""

    example = {"title_html": "Order the <mark>rocket</mark>", "text_html": "From @bob's list."}
    title_html = fields.String(required=True)
    text_html = fields.String(
        required=True, metadata={"description": "A part of the text; empty if it has none."}
    )


class ResultOut(Schema):
    """Something found."""

    example = {
        "type": "task",
        "title": "Order the rocket",
        "url": "/api/v1/tasks/1",
        "project_name": "Apollo",
    }
    type = fields.String(required=True, validate=KIND_CHOICE)
    id = fields.Integer(required=True)
    title = fields.String(required=True)
    url = fields.String(required=True, metadata={"description": "Its address in this API."})
    project_id = fields.Integer(required=True, allow_none=True)
    project_name = fields.String(required=True, allow_none=True)
    excerpt = fields.Nested(ExcerptOut, required=True)
    updated_at = Time(required=True)


ResultPage = page_of(ResultOut)
