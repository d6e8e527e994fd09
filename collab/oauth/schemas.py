"""What providers and identities look like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ..auth.schemas import known_password, wants_cookie
from ..core.schemas import Schema, Time, patterned
from .sealed import MAX_SEALED_LENGTH

#: A page of this service: neither another host (`//host`, `/\\host`) nor anything but ASCII.
PAGE_PATTERN = r"/(?:[!#-.0-\[\]-~][!-\[\]-~]*)?"
MAX_PAGE_LENGTH = 300
EXAMPLE_PROOF = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..iv.sealed.tag"


def page() -> fields.String:
    """Make a field for a page of this service, to which the page goes on."""
    return patterned(
        f"^{PAGE_PATTERN}$",
        "Must be a page of this service.",
        1,
        MAX_PAGE_LENGTH,
        load_default="/",
        metadata={"example": "/projects/1"},
    )


def proof() -> fields.String:
    """Make a field for what a provider has said, sealed."""
    words = "What the callback gave you; it is tied to the browser that began, and works once."
    return fields.String(
        required=True,
        validate=validate.Length(1, MAX_SEALED_LENGTH),
        metadata={"example": EXAMPLE_PROOF, "description": words},
    )


class StartQuery(Schema):
    """Where the page goes on after the log-in."""

    return_to = page()


class CallbackQuery(Schema):
    """What a provider sends back (RFC 6749 §4.1.2, RFC 9207)."""

    example = {"code": "SplxlOBeZQQYbYS6WxSbIA", "state": EXAMPLE_PROOF}
    code = fields.String(load_default=None, validate=validate.Length(max=2048))
    state = fields.String(load_default=None, validate=validate.Length(max=MAX_SEALED_LENGTH))
    error = fields.String(load_default=None, validate=validate.Length(max=200))
    error_description = fields.String(load_default=None)
    iss = fields.String(load_default=None, validate=validate.Length(max=2048))


class ProviderOut(Schema):
    """Another service that signs people in."""

    example = {"name": "google", "label": "Google", "address": "/auth/google"}
    name = fields.String(required=True)
    label = fields.String(required=True)
    address = fields.String(
        required=True, metadata={"description": "Where a browser goes to begin."}
    )


class ProvidersOut(Schema):
    """Which services sign people in here."""

    providers = fields.List(fields.Nested(ProviderOut), required=True)


class ProofIn(Schema):
    """A proof, and the password of the account where that was asked for."""

    example = {"proof": EXAMPLE_PROOF}
    proof = proof()
    password = known_password(load_default=None)
    cookie = wants_cookie()


class ProofOut(Schema):
    """What a provider has said, sealed: to be linked to the account that asked."""

    proof = proof()


class LinkIn(Schema):
    """Who it is: the password, unless the log-in is a few minutes old at most."""

    body_optional = True
    password = known_password(load_default=None)
    return_to = page()


class LinkOut(Schema):
    """Where the provider asks the person."""

    example = {"authorization_url": "https://accounts.google.com/o/oauth2/v2/auth?client_id=..."}
    authorization_url = fields.String(required=True)


class IdentityIn(Schema):
    """What is to be linked."""

    proof = proof()


class IdentityOut(Schema):
    """Somebody at another service, who signs in to the account."""

    example = {
        "provider": "google",
        "shown": "alice@gmail.com",
        "last_used_at": "2026-03-02T09:30:00Z",
    }
    id = fields.Integer(required=True)
    provider = fields.String(required=True)
    shown = fields.String(
        required=True, metadata={"description": "What the provider calls the person."}
    )
    created_at = Time(required=True)
    last_used_at = Time(required=True)


class IdentitiesOut(Schema):
    """By what the caller signs in."""

    has_password = fields.Boolean(required=True)
    identities = fields.List(fields.Nested(IdentityOut), required=True)
