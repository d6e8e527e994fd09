"""What personal tokens look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ...core.http.pages import PageQuery, page_of, sort_field
from ...core.schemas import Schema, Time, line
from ..factors.schemas import ConfirmIn
from .models import MAX_TOKEN_NAME, TOKEN_SORTS

#: Scopes of one token.
MAX_SCOPES = 40
#: Characters of a scope.
MAX_SCOPE_LENGTH = 40
#: Days that a token is valid, unless its maker says how long.
DEFAULT_DAYS = 30
#: Maximum days that any setting allows a token to be valid.
MAX_DAYS = 3650

EXAMPLE_SCOPES = ["projects:read", "search:read"]


class PersonalTokenIn(ConfirmIn):
    """A new token: what it may do, until when, and who its maker is, once more."""

    example = {"scopes": EXAMPLE_SCOPES}
    body_optional = False
    name = line(MAX_TOKEN_NAME, required=True, metadata={"example": "nightly export"})
    scopes = fields.List(
        fields.String(validate=validate.Length(1, MAX_SCOPE_LENGTH)),
        required=True,
        validate=validate.Length(1, MAX_SCOPES),
        metadata={"description": "`GET /auth/tokens/scopes` has them all."},
    )
    expires_in_days = fields.Integer(
        strict=True, load_default=DEFAULT_DAYS, validate=validate.Range(1, MAX_DAYS)
    )


class PersonalTokenOut(Schema):
    """A personal token, without its text."""

    example = {
        "id": 4,
        "name": "nightly export",
        "scopes": EXAMPLE_SCOPES,
        "expires_at": "2026-04-01T09:00:00Z",
        "last_used_at": "2026-03-02T09:00:00Z",
    }
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Time(required=True)
    expires_at = Time(required=True)
    last_used_at = Time(
        required=True, allow_none=True, metadata={"description": "To within about an hour."}
    )


class PersonalTokenMadeOut(PersonalTokenOut):
    """A new token with its text, which is shown only this once."""

    example = {"token": "collab_pat_1s4PbJ0e9XcKz3VvWm7RyQh2TgNd5LfA0gYtqm"}
    token = fields.String(required=True)


class ScopeOut(Schema):
    """A scope, and what it allows."""

    example = {"name": "projects:read", "meaning": "Read projects and their members"}
    name = fields.String(required=True)
    meaning = fields.String(required=True)


class ScopesOut(Schema):
    """All scopes."""

    scopes = fields.List(fields.Nested(ScopeOut), required=True)


class PersonalTokenQuery(PageQuery):
    """Which tokens."""

    sort = sort_field(TOKEN_SORTS, "id")


PersonalTokenPage = page_of(PersonalTokenOut)
