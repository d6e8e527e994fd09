"""What is asked by links and for mails, on the wire."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

import marshmallow as ma
from marshmallow import fields, validate

from ..auth.schemas import known_password, new_password
from ..core.schemas import Schema, email
from .digests import EVERY_CHOICES

TOKEN_EXAMPLE = "Zk3vT9hH0mQ2yX5sR8uW1aB4cD7eF6gH9iJ0kL3mN6o"  # noqa: S105  (no one's)


def link_token() -> fields.String:
    """Make a field for what a link in a mail ends with."""
    return fields.String(
        required=True, validate=validate.Length(1, 200), metadata={"example": TOKEN_EXAMPLE}
    )


class TokenIn(Schema):
    """What the link in a mail ends with."""

    token = link_token()


class ForgotIn(Schema):
    """The address of an account."""

    example = {"email": "alice@example.com"}
    email = email(required=True)


class ResetIn(Schema):
    """A new password, and what the link in the mail ends with."""

    aliases = {"newPassword": "new_password", "password": "new_password"}
    token = link_token()
    new_password = new_password()


class NewAddressIn(Schema):
    """The address that an account is to have, and the password unless you have just signed in."""

    example = {"email": "alice@example.org", "password": "OneGiantLeap1969!"}
    email = email(required=True)
    password = known_password(load_default=None)


class AcceptedOut(Schema):
    """It is on its way; there is nothing more to tell."""


class VerifiedOut(Schema):
    """An address that is verified."""

    example = {"email": "alice@example.com", "email_verified": True}
    email = fields.String(required=True)
    email_verified = fields.Boolean(required=True)


class DigestIn(Schema):
    """How often you get a mail of what you have not read."""

    example = {"every": "daily", "zone": "Europe/Berlin"}
    every = fields.String(required=True, validate=validate.OneOf(EVERY_CHOICES))
    zone = fields.String(
        load_default="UTC",
        validate=validate.Length(1, 64),
        metadata={"description": "An IANA time zone, such as Europe/Berlin."},
    )

    @ma.validates("zone")
    def _is_zone(self, value: str, **kwargs: object) -> None:
        if value not in _zones():
            raise ma.ValidationError("Must be a time zone such as Europe/Berlin.")


class DigestOut(Schema):
    """How often you get a mail of what you have not read."""

    example = {"every": "daily", "zone": "Europe/Berlin"}
    every = fields.String(required=True, validate=validate.OneOf(EVERY_CHOICES))
    zone = fields.String(required=True)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
