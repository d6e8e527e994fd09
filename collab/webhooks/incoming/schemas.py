"""What incoming hooks look like on the wire."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from ...core.http.pages import PageQuery, page_of, sort_field
from ...core.schemas import Schema, Time, TrueOrFalse, line, patterned
from ...events.types import TYPE_PATTERN
from ..models import MAX_NAME_LENGTH
from .models import CHECKS, INCOMING_SORTS, MAX_EVENT_TYPE_LENGTH, NO_CHECK

#: Characters of a secret that somebody brings along.
MIN_SECRET_LENGTH = 16
MAX_SECRET_LENGTH = 128
SECRET_PATTERN = r"^[!-~]*$"  # noqa: S105 (a pattern)


def _event_type(**options: Any) -> fields.String:
    meaning = "The type of its events; what the sender calls a message comes after it."
    return patterned(
        f"^{TYPE_PATTERN}$",
        "Must be words of lower-case letters and digits, joined by . or _.",
        1,
        MAX_EVENT_TYPE_LENGTH,
        metadata={"description": meaning, "example": "ci.build"},
        **options,
    )


class IncomingHookIn(Schema):
    """Who may publish which events."""

    example = {"name": "Build server", "check": "github"}
    name = line(MAX_NAME_LENGTH, required=True)
    event_type = _event_type(required=True)
    check = fields.String(
        load_default=NO_CHECK,
        validate=validate.OneOf(CHECKS),
        metadata={
            "description": "How messages are signed: `standard` (Standard Webhooks), `github` "
            "(X-Hub-Signature-256), or not: then the secret address alone protects it."
        },
    )
    secret = patterned(
        SECRET_PATTERN,
        "Must be visible ASCII.",
        MIN_SECRET_LENGTH,
        MAX_SECRET_LENGTH,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The sender's secret, if it has one; otherwise one is made.",
            "example": None,
        },
    )


class IncomingHookPatch(Schema):
    """The parts of an incoming hook that change."""

    example = {"name": "Build server", "enabled": False}
    name = line(MAX_NAME_LENGTH)
    event_type = _event_type()
    enabled = TrueOrFalse(metadata={"description": "Whether its address accepts messages."})


class IncomingHookOut(Schema):
    """An incoming hook."""

    example = {
        "name": "Build server",
        "event_type": "ci.build",
        "check": "none",
        "token_hint": "x7Qa",
        "created_by": 2,
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    name = fields.String(required=True)
    event_type = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    check = fields.String(required=True, validate=validate.OneOf(CHECKS))
    token_hint = fields.String(
        required=True, metadata={"description": "The last characters of its address."}
    )
    created_by = fields.Integer(
        required=True, metadata={"description": "In whose name events are published."}
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)


class IncomingHookSecretOut(IncomingHookOut):
    """An incoming hook with its address, which is never shown again."""

    example = {
        "url": "https://collab.example.com/api/v1/hooks/collab_in_d9kTq0v3yJmZr1cB5nXw8aLfGh2sPoUeYiKtRx7Qa",
        "token": "collab_in_d9kTq0v3yJmZr1cB5nXw8aLfGh2sPoUeYiKtRx7Qa",
        "secret": None,
    }
    url = fields.String(
        required=True, metadata={"description": "Keep it now: only its digest is stored."}
    )
    token = fields.String(required=True, metadata={"description": "The last part of `url`."})
    secret = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The secret that was made, to sign messages with."},
    )


class IncomingHookQuery(PageQuery):
    """Which incoming hooks."""

    sort = sort_field(INCOMING_SORTS, "id")


class ReceiveQuery(Schema):
    """What the sender calls the message."""

    event = fields.String(
        load_default=None,
        validate=validate.Length(1, MAX_EVENT_TYPE_LENGTH),
        metadata={
            "description": "Comes after the hook's type; without it, X-GitHub-Event does.",
            "example": "finished",
        },
    )


class IncomingReceiptOut(Schema):
    """What became of a message."""

    example = {"event_id": 120, "type": "ci.build.finished", "repeated": False}
    event_id = fields.Integer(required=True)
    type = fields.String(required=True)
    repeated = fields.Boolean(
        required=True,
        metadata={"description": "Whether it had come before: then nothing was published."},
    )


IncomingHookPage = page_of(IncomingHookOut)
