"""What accounts and sessions look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_dump, validate

from ..core.fields.flag import Flag
from ..core.http.pages import PageQuery, page_of, sort_field
from ..core.schemas import MAX_ID, Schema, Time, TrueOrFalse, email, line
from ..core.text.opaque import prepared
from .models import ADMIN, BLOCK_SORTS, SESSION_SORTS, USER, USER_SORTS
from .passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH

ROLE_CHOICE = validate.OneOf([USER, ADMIN])


class Prepared(fields.String):
    """A password in the form in which passwords are compared."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return prepared(super()._deserialize(value, *args, **kwargs) or "")


def new_password() -> fields.String:
    """Make a field for a new password, prepared for comparing before its length is checked."""
    return Prepared(
        required=True,
        load_only=True,
        validate=validate.Length(MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH),
        metadata={"format": "password", "example": "SecurePassword123!"},
    )


def known_password(**options: Any) -> fields.String:
    """Make a field for an existing password."""
    return fields.String(
        **(options or {"required": True}),
        load_only=True,
        validate=validate.Length(1, 1024),
        metadata={"format": "password", "example": "SecurePassword123!"},
    )


def wants_cookie() -> fields.Boolean:
    """Make a field that asks for the refresh token in a cookie."""
    words = "Whether the refresh token comes in an HttpOnly cookie instead of the body."
    return TrueOrFalse(load_default=False, metadata={"description": words})


class RegisterIn(Schema):
    """A new account."""

    example = {"email": "alice@example.com", "name": "Alice"}
    aliases = {"full_name": "name", "fullName": "name"}
    email = email(required=True)
    password = new_password()
    name = line(100, load_default=None)
    cookie = wants_cookie()


class LoginIn(Schema):
    """An e-mail address and its password."""

    example = {"email": "alice@example.com"}
    email = fields.String(
        required=True,
        validate=validate.Length(1, 254),
        metadata={"example": "user@example.com"},
    )
    password = known_password()
    cookie = wants_cookie()


class RefreshIn(Schema):
    """A refresh token; without one, the cookie's is used."""

    example = {"refresh_token": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.sealed.tag"}
    aliases = {"refreshToken": "refresh_token"}
    body_optional = True
    refresh_token = fields.String(validate=validate.Length(1, 4096))


class PasswordIn(Schema):
    """The current password, of an account that has one, and the new one."""

    example = {"new_password": "OneGiantLeap1969!"}
    aliases = {"currentPassword": "current_password", "newPassword": "new_password"}
    current_password = known_password(load_default=None)
    new_password = new_password()


class MeIn(Schema):
    """What you can change about your account."""

    example = {"name": "Alice Owner"}
    aliases = {"full_name": "name", "fullName": "name"}
    name = line(100)


class UserOut(Schema):
    """An account."""

    example = {
        "id": 2,
        "email": "alice@example.com",
        "name": "Alice",
        "role": "user",
        "email_verified": True,
    }
    id = fields.Integer(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=ROLE_CHOICE)
    email_verified = fields.Boolean(
        required=True,
        metadata={"description": "Whether a link that was sent to the address was followed."},
    )
    created_at = Time(required=True)


class SignedInOut(Schema):
    """A person with fresh tokens."""

    example = {
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.claims.signature",
        "refresh_token": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.sealed.tag",
        "token_type": "Bearer",
        "role": "user",
        "expires_in": 900,
        "notice": None,
    }
    user = fields.Nested(UserOut, required=True)
    role = fields.String(required=True, validate=ROLE_CHOICE)
    access_token = fields.String(required=True)
    refresh_token = fields.String(
        metadata={"description": "Left out if the cookie carries it."},
    )
    token_type = fields.String(required=True)
    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds until the access token expires."}
    )
    notice = fields.String(
        required=True, allow_none=True, metadata={"description": "Something worth knowing."}
    )

    @post_dump
    def _leave_out(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        if data.get("refresh_token") is None:
            data.pop("refresh_token", None)
        return data


class DemoPersonOut(Schema):
    """Somebody to sign in as."""

    example = {"name": "Alice Owner", "email": "alice@example.com"}
    name = fields.String(required=True)
    email = fields.String(required=True)


class DemoOut(Schema):
    """The people of the demo."""

    example = {"password": None}
    people = fields.List(fields.Nested(DemoPersonOut), required=True)
    password = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Their password, only for callers on the server's own machine."},
    )


class VerifyOut(Schema):
    """What a valid access token says."""

    example = {"valid": True, "session_id": 7, "role": "user", "expires_at": "2026-03-02T09:15:00Z"}
    valid = fields.Boolean(required=True)
    user_id = fields.Integer(required=True)
    session_id = fields.Integer(required=True)
    role = fields.String(required=True, validate=ROLE_CHOICE)
    expires_at = Time(required=True)


class SessionOut(Schema):
    """A log-in on one device."""

    example = {
        "id": 7,
        "user_agent": "curl/8.14.1",
        "address": "192.0.2.7",
        "last_used_at": "2026-03-02T09:30:00Z",
        "expires_at": "2026-03-09T09:30:00Z",
        "current": True,
    }
    id = fields.Integer(required=True)
    user_agent = fields.String(required=True)
    address = fields.String(required=True)
    created_at = Time(required=True)
    last_used_at = Time(required=True)
    expires_at = Time(required=True)
    current = fields.Boolean(
        required=True, metadata={"description": "Whether this request uses it."}
    )


class SessionQuery(PageQuery):
    """Which sessions."""

    sort = sort_field(SESSION_SORTS, "-last_used_at")


class SeenSessionOut(SessionOut):
    """A log-in on one device, as an admin sees it."""

    example = {"user_id": 5, "user_name": "Bob", "current": False}
    user_id = fields.Integer(required=True)
    user_name = fields.String(required=True)


class AllSessionsQuery(PageQuery):
    """Whose sessions."""

    user_id = fields.Integer(
        load_default=None,
        validate=validate.Range(1, MAX_ID),
        metadata={"description": "Those of one person."},
    )
    address = fields.String(
        load_default=None,
        validate=validate.Length(1, 45),
        metadata={"description": "Those started from an address.", "example": "192.0.2.7"},
    )
    sort = fields.String(load_default="-id", validate=validate.OneOf(("id", "-id")))


class BlockOut(Schema):
    """A person you have blocked; their name is shown if you have something in common."""

    example = {"user_id": 5}
    user_id = fields.Integer(required=True, attribute="blocked_id")
    created_at = Time(required=True)


class BlockQuery(PageQuery):
    """Which blocks."""

    sort = sort_field(BLOCK_SORTS, "user_id")


class TicketOut(Schema):
    """A ticket for `?ticket=`: it opens one socket, or belongs to one stream."""

    example = {
        "ticket": "Zk3vT9hH0mQ2yX5sR8uW1aB4cD7eF6gH9iJ0kL3mN6o",
        "expires_at": "2026-03-02T09:01:00Z",
    }
    ticket = fields.String(required=True)
    expires_at = Time(required=True)


class AccountOut(UserOut):
    """An account as an admin sees it."""

    example = {"disabled": False}
    disabled = fields.Boolean(required=True)
    updated_at = Time(required=True)


class UserQuery(PageQuery):
    """Which accounts."""

    example = {"q": "alice", "role": "user", "disabled": False}
    q = fields.String(load_default=None, validate=validate.Length(max=100))
    role = fields.String(load_default=None, validate=ROLE_CHOICE)
    disabled = Flag(load_default=None)
    sort = sort_field(USER_SORTS, "id")


class UserIn(Schema):
    """What an admin can change about an account."""

    example = {"disabled": True}
    role = fields.String(validate=ROLE_CHOICE)
    disabled = TrueOrFalse()


UserPage = page_of(AccountOut)
SessionPage = page_of(SessionOut)
SeenSessionPage = page_of(SeenSessionOut)
BlockPage = page_of(BlockOut)
