"""What dead letters look like on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ...core.fields.moment import Moment
from ...core.http.pages import PageQuery, page_of
from ...core.schemas import (
    Items,
    JsonObject,
    Schema,
    ShortList,
    Time,
    TrueOrFalse,
    identifier,
    line,
)
from ..reading.schemas import number

#: Characters of a stage's name, a type, and a part of a reason.
MAX_STAGE = 40
MAX_NAME = 200
MAX_REASON = 200
LETTER_STATES = ("open", "replayed", "discarded")
#: Ids in one request; for more, ask again.
MAX_IDS = 1000


class LetterFilter(Schema):
    """Which letters."""

    aliases = {"sourceId": "source_id", "projectId": "project_id"}
    stage = line(MAX_STAGE, load_default=None, metadata={"description": "Which stage rejected it."})
    reason = line(
        MAX_REASON,
        load_default=None,
        metadata={"description": "A part of the reason, ignoring case."},
    )
    type = line(MAX_NAME, load_default=None)
    source_id = identifier(load_default=None, attribute="source")
    since = Moment(
        load_default=None, metadata={"description": "Rejected from this time on (RFC 3339)."}
    )
    until = Moment(load_default=None, metadata={"description": "Rejected before this time."})


class LetterQuery(PageQuery, LetterFilter):
    """Which letters to show."""

    project_id = number(required=True, metadata={"example": 1})
    source_id = number(load_default=None, attribute="source")
    state = fields.String(load_default=None, validate=validate.OneOf(LETTER_STATES))


class LetterListed(Schema):
    """A dead letter in a list."""

    example = {
        "id": 12,
        "project_id": 1,
        "source_id": 3,
        "stage": "validate",
        "reason": "`event_type` is missing.",
        "type": None,
        "event_id": "5f0c7b9e-6a0b-4d4e-9a51-0d3c1f0b7a55",
        "format": "event",
        "receipt": "812:3",
        "state": "open",
        "received_at": "2026-03-02T09:00:00Z",
        "rejected_at": "2026-03-02T09:00:01Z",
        "changed_at": None,
        "size": 212,
        "corrected": False,
    }
    id = fields.Integer(required=True)
    project_id = fields.Integer(required=True)
    source_id = fields.Integer(required=True)
    stage = fields.String(required=True)
    reason = fields.String(required=True)
    type = fields.String(required=True, allow_none=True)
    event_id = fields.String(required=True, allow_none=True)
    format = fields.String(required=True, metadata={"description": "How it was sent."})
    receipt = fields.String(
        required=True,
        metadata={"description": "The number of its request, and its place in it."},
    )
    state = fields.String(required=True, validate=validate.OneOf(LETTER_STATES))
    received_at = Time(required=True)
    rejected_at = Time(required=True)
    changed_at = Time(required=True, allow_none=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes that were sent."})
    corrected = fields.Boolean(required=True)


class LetterOut(LetterListed):
    """A dead letter with what was sent."""

    example = {
        "context": {"user_agent": "analytics-python/2.4.0"},
        "payload": '{"event_id": "5f0c7b9e-6a0b-4d4e-9a51-0d3c1f0b7a55"}',
        "payload_encoding": "utf-8",
        "correction": None,
    }
    context = JsonObject(required=True, metadata={"description": "What we know about its request."})
    payload = fields.String(required=True, metadata={"description": "What was sent, untouched."})
    payload_encoding = fields.String(
        required=True,
        validate=validate.OneOf(("utf-8", "base64")),
        metadata={"description": "`base64` (RFC 4648 §4) if the bytes are not UTF-8."},
    )
    correction = JsonObject(
        required=True,
        allow_none=True,
        metadata={"description": "What a replay sends in its place; null: what was sent."},
    )


class LetterPatch(Schema):
    """What to send in a letter's place."""

    correction = fields.Dict(
        required=True,
        allow_none=True,
        metadata={
            "description": "The whole event, in the letter's format; null: as it was sent.",
            "example": {"event_type": "page_view", "user_id": "user123", "data": {"page": "/home"}},
        },
    )


class ChoiceIn(Schema):
    """Which letters of a project: by their ids, or all open ones that match a filter."""

    example = {"project_id": 1, "ids": [12, 13]}
    aliases = {"projectId": "project_id"}
    project_id = identifier(required=True)
    ids = ShortList(identifier(), validate=validate.Length(1, MAX_IDS))
    filter = fields.Nested(
        LetterFilter,
        metadata={"description": "`{}`: all open ones; up to 1,000 at a time, the oldest first."},
    )

    @ma.validates_schema
    def _one_way(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ma.ValidationError("Give either `ids` or `filter`.")


class ReplayIn(ChoiceIn):
    """Which letters to send again."""

    example = {"dry_run": True}
    aliases = {"projectId": "project_id", "dryRun": "dry_run"}
    dry_run = TrueOrFalse(
        load_default=False,
        metadata={"description": "True: only say what would happen to each."},
    )


class LetterOutcomeOut(Schema):
    """What happened to a letter, or would happen."""

    example = {"id": 12, "outcome": "queued", "stage": None, "reason": None}
    id = fields.Integer(required=True)
    outcome = fields.String(
        required=True,
        metadata={
            "description": "`queued`, `discarded` or `unchanged`; of a dry run `stored`, "
            "`duplicate`, `rejected`, `unchanged` or `unknown`."
        },
    )
    stage = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class LettersDoneOut(Schema):
    """What happened to letters, or would happen."""

    example = {"dry_run": False, "counts": {"queued": 1}, "more": False}
    dry_run = fields.Boolean(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    more = fields.Boolean(
        required=True, metadata={"description": "Whether more letters match: ask again."}
    )
    items = Items(fields.Nested(LetterOutcomeOut), required=True)


LetterPage = page_of(LetterListed)


class OpenLettersQuery(PageQuery):
    """Which projects: those that have open letters."""


class OpenLettersOut(Schema):
    """A project, and its open letters."""

    example = {
        "project_id": 1,
        "project_name": "Apollo",
        "open": 12,
        "oldest_at": "2026-03-02T09:00:00Z",
    }
    project_id = fields.Integer(required=True)
    project_name = fields.String(
        required=True, allow_none=True, metadata={"description": "Null if it is gone."}
    )
    open = fields.Integer(required=True, metadata={"description": "10,000: at least that many."})
    oldest_at = Time(required=True)


OpenLettersPage = page_of(OpenLettersOut)
