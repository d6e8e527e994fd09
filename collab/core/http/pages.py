"""How requests ask for pages of lists, and the answers; `core/lists/paging.py` makes the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlencode

from flask import request
from marshmallow import fields, validate

from ..lists.paging import Column, Page
from ..schemas import Items, Schema, patterned
from .representations.list_tags import tagged
from .traits import Trait, mark

P = ParamSpec("P")


class PageQuery(Schema):
    """`?limit=` and `?cursor=`, as every list takes them."""

    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, 100),
        metadata={"description": "Items on a page."},
    )
    #: Long enough for the longest e-mail address, which a list may be sorted by.
    cursor = patterned(
        r"^[A-Za-z0-9_\-]*$",
        "Must be the `next_cursor` of a page.",
        0,
        1500,
        load_default=None,
        metadata={"description": "The `next_cursor` of the previous page."},
    )


def page_of(schema: type[Schema]) -> type[Schema]:
    """Make the schema of a page of items."""
    members = {
        "items": Items(fields.Nested(schema), required=True),
        "next_cursor": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "Where the next page begins; null on the last."},
        ),
    }
    name = schema.__name__.removesuffix("Out") + "Page"
    return Schema.from_dict(members, name=name)  # type: ignore[return-value, arg-type]


def sort_field(columns: Mapping[str, Column], default: str | None, **options: Any) -> fields.String:
    """Make the `?sort=` parameter: a column's name, preceded by `-` for descending."""
    choices = [sign + name for name in columns for sign in ("", "-")]
    return fields.String(load_default=default, validate=validate.OneOf(choices), **options)


def linked(view: Callable[P, Page]) -> Callable[P, Any]:
    """Add the RFC 8288 `Link` to the next page, and an ETag of what the page shows."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        page = view(*args, **kwargs)
        if page.next_cursor is None:
            return page
        arguments = request.args.to_dict() | {"cursor": page.next_cursor}
        return page, None, {"Link": f'<{request.path}?{urlencode(arguments)}>; rel="next"'}

    return mark(tagged(wrapper), Trait.LINKED)
