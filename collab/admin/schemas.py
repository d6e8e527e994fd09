"""What the overview looks like on the wire."""

from __future__ import annotations

from marshmallow import fields

from ..core.schemas import Schema, Time


class PeopleCountOut(Schema):
    """How many accounts there are."""

    example = {"all": 31, "admins": 1, "disabled": 0}
    all = fields.Integer(required=True)
    admins = fields.Integer(required=True)
    disabled = fields.Integer(required=True)


class JobCountOut(Schema):
    """Jobs that are not over, and those that have used up their attempts."""

    example = {"queued": 2, "running": 1, "retry_wait": 0, "dead": 0}
    queued = fields.Integer(required=True)
    running = fields.Integer(required=True)
    retry_wait = fields.Integer(required=True)
    dead = fields.Integer(required=True)


class ScheduleCountOut(Schema):
    """Schedules, by their status."""

    example = {"active": 4, "paused": 1, "ended": 0}
    active = fields.Integer(required=True)
    paused = fields.Integer(required=True)
    ended = fields.Integer(required=True)


class WebhookCountOut(Schema):
    """Webhooks, by their state."""

    example = {"active": 2, "paused": 0, "disabled": 1}
    active = fields.Integer(required=True)
    paused = fields.Integer(required=True)
    disabled = fields.Integer(required=True)


class DeliveryCountOut(Schema):
    """Deliveries of webhooks that wait."""

    example = {"waiting": 0, "oldest_at": None}
    waiting = fields.Integer(required=True)
    oldest_at = Time(required=True, allow_none=True)


class MailCountOut(Schema):
    """Mails that wait, and those that mail servers refused for good."""

    example = {"waiting": 0, "bounced": 1}
    waiting = fields.Integer(required=True)
    bounced = fields.Integer(required=True)


class StorageOut(Schema):
    """Bytes: kept by people, free on the disk, and the quotas, which are settings."""

    example = {
        "kept_bytes": 48213,
        "free_bytes": 20_000_000_000,
        "required_bytes": 209_715_200,
        "person_quota_bytes": 1_073_741_824,
        "project_quota_bytes": 2_147_483_648,
    }
    kept_bytes = fields.Integer(required=True)
    free_bytes = fields.Integer(required=True)
    required_bytes = fields.Integer(
        required=True, metadata={"description": "With less than this free, nothing more is stored."}
    )
    person_quota_bytes = fields.Integer(required=True)
    project_quota_bytes = fields.Integer(required=True)


class InstallationOut(Schema):
    """What there is, and what somebody should look at."""

    example = {"projects": 12, "sessions": 40, "dead_letters": 3}
    people = fields.Nested(PeopleCountOut, required=True)
    projects = fields.Integer(required=True)
    sessions = fields.Integer(required=True, metadata={"description": "Those that are valid."})
    jobs = fields.Nested(JobCountOut, required=True)
    schedules = fields.Nested(ScheduleCountOut, required=True)
    webhooks = fields.Nested(WebhookCountOut, required=True)
    deliveries = fields.Nested(DeliveryCountOut, required=True)
    mails = fields.Nested(MailCountOut, required=True)
    dead_letters = fields.Integer(
        required=True, metadata={"description": "Open ones; 10,000 means at least that many."}
    )
    storage = fields.Nested(StorageOut, required=True)
