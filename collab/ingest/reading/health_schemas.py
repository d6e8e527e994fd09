"""What the pipeline's health looks like on the wire."""

from __future__ import annotations

from marshmallow import fields, validate

from ...core.schemas import Items, Schema, Time
from .schemas import Between, number, source_field
from .stats import WIDTHS_MS


class HealthQuery(Schema):
    """Whose pipeline."""

    aliases = {"projectId": "project_id"}
    project_id = number(
        load_default=None, metadata={"description": "Without it: all projects, for admins."}
    )


class FlowOut(Schema):
    """What became of everything received."""

    example = {
        "received": 1000,
        "stored": 980,
        "duplicate": 12,
        "rejected": 3,
        "queued": 5,
        "late": 7,
        "bytes": 240_000,
        "balanced": True,
    }
    received = fields.Integer(required=True)
    stored = fields.Integer(required=True)
    duplicate = fields.Integer(required=True)
    rejected = fields.Integer(
        required=True, metadata={"description": "Dead letters, not replayed."}
    )
    queued = fields.Integer(required=True)
    late = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    balanced = fields.Boolean(
        required=True,
        metadata={"description": "received = stored + duplicate + rejected + queued."},
    )


class PaceOut(Schema):
    """How fast it goes, over the last 15 minutes."""

    example = {"stored_per_second": 210.5, "p50_ms": 20, "p99_ms": 100}
    stored_per_second = fields.Float(required=True)
    p50_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={
            "description": "From receipt to stored, as an upper bound; null: nothing was stored; "
            "10^12: more than 600,000."
        },
    )
    p99_ms = fields.Integer(required=True, allow_none=True)


class SourceHealthOut(Schema):
    """The health of one source."""

    example = {"source_id": 3, "oldest_waiting": None, "dead_letters_open": 3}
    source_id = fields.Integer(required=True)
    flow = fields.Nested(FlowOut, required=True)
    pace = fields.Nested(PaceOut, required=True)
    oldest_waiting = Time(required=True, allow_none=True)
    dead_letters_open = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Counted up to 10,000; null: all projects were requested."},
    )


class IngestHealthOut(Schema):
    """The health of the pipeline."""

    example = {"balanced": True, "worker": "ok", "lag_ms": 12, "oldest_waiting": None}
    balanced = fields.Boolean(
        required=True, metadata={"description": "Whether the equation holds for each source."}
    )
    worker = fields.String(required=True, metadata={"description": "As `/ready` says."})
    lag_ms = fields.Integer(required=True, metadata={"description": "How long the oldest waits."})
    oldest_waiting = Time(required=True, allow_none=True)
    flow = fields.Nested(FlowOut, required=True)
    pace = fields.Nested(PaceOut, required=True)
    sources = fields.List(
        fields.Nested(SourceHealthOut),
        required=True,
        metadata={"description": "The 500 that received most; `balanced` covers all."},
    )


class LatencyQuery(Between):
    """Which times, and whose."""

    bucket = fields.String(load_default="minute", validate=validate.OneOf(list(WIDTHS_MS)))
    source_id = source_field()


class TookOut(Schema):
    """What was stored in a minute, hour or day, and how long that took."""

    example = {"time": "2026-03-02T09:00:00Z", "stored": 12_000, "p50_ms": 20, "p99_ms": 100}
    time = Time(required=True)
    stored = fields.Integer(required=True)
    p50_ms = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "From receipt to stored, an upper bound; null: nothing stored."},
    )
    p99_ms = fields.Integer(required=True, allow_none=True)


class LatencyOut(Schema):
    """How long it took, in buckets without gaps, by when events were stored."""

    example = {
        "bucket": "minute",
        "since": "2026-03-02T09:00:00Z",
        "until": "2026-03-02T10:00:00Z",
    }
    bucket = fields.String(required=True)
    since = Time(required=True)
    until = Time(required=True)
    items = Items(fields.Nested(TookOut), required=True)
