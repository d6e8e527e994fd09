"""What happens to a project's webhooks, and to its incoming hooks."""

from __future__ import annotations

from ...frozen import frozen
from ..types import ProjectEvent


@frozen(kw_only=True)
class WebhookEvent(ProjectEvent):
    """Something that happened to a webhook; its address is left out, since it may hold a secret."""

    webhook_id: int
    name: str


@frozen(kw_only=True)
class WebhookCreated(WebhookEvent):
    """A webhook was made: events of these types are sent to its address."""

    type = "webhook.created"
    types: list[str]


@frozen(kw_only=True)
class WebhookUpdated(WebhookEvent):
    """A webhook changed; `changed` names the fields."""

    type = "webhook.updated"
    changed: list[str]


@frozen(kw_only=True)
class WebhookSecretRotated(WebhookEvent):
    """A webhook got a new secret; the previous one also signs for `overlap_seconds` more."""

    type = "webhook.secret_rotated"
    overlap_seconds: int


@frozen(kw_only=True)
class WebhookDisabled(WebhookEvent):
    """The server disabled a webhook: nothing is sent until an owner enables it again.

    `reason` is gone (it answered 410), failing (for days), no_right (the person in whose name it
    worked may no longer manage the project) or secret_lost (no key opens its secret).
    """

    type = "webhook.disabled"
    reason: str


@frozen(kw_only=True)
class WebhookRedelivered(WebhookEvent):
    """Deliveries that had ended were queued again."""

    type = "webhook.redelivered"
    count: int


@frozen(kw_only=True)
class WebhookDeleted(WebhookEvent):
    """A webhook was deleted, with everything that waited for it."""

    type = "webhook.deleted"


@frozen(kw_only=True)
class IncomingHookEvent(ProjectEvent):
    """Something that happened to an incoming hook."""

    hook_id: int
    name: str


@frozen(kw_only=True)
class IncomingHookCreated(IncomingHookEvent):
    """An incoming hook was made: anybody who has its address can publish events of this type."""

    type = "incoming_hook.created"
    event_type: str


@frozen(kw_only=True)
class IncomingHookUpdated(IncomingHookEvent):
    """An incoming hook changed; `changed` names the fields."""

    type = "incoming_hook.updated"
    changed: list[str]


@frozen(kw_only=True)
class IncomingHookRotated(IncomingHookEvent):
    """An incoming hook got a new address; the previous one no longer works."""

    type = "incoming_hook.rotated"


@frozen(kw_only=True)
class IncomingHookDeleted(IncomingHookEvent):
    """An incoming hook was deleted."""

    type = "incoming_hook.deleted"
