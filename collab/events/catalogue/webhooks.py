"""What happens to a project's webhooks, and to its incoming hooks."""

from __future__ import annotations

from ...frozen import frozen
from ..types import ProjectEvent


@frozen(kw_only=True)
class WebhookEvent(ProjectEvent):
    """Something that happened to a webhook; its address is not said, which may hold a secret."""

    webhook_id: int
    name: str


@frozen(kw_only=True)
class WebhookCreated(WebhookEvent):
    """A webhook was made: events of these types are sent to its address."""

    type = "webhook.created"
    types: list[str]


@frozen(kw_only=True)
class WebhookUpdated(WebhookEvent):
    """A webhook changed; `changed` names what."""

    type = "webhook.updated"
    changed: list[str]


@frozen(kw_only=True)
class WebhookSecretRotated(WebhookEvent):
    """A webhook got a new secret; the one before signs too for `overlap_seconds` more."""

    type = "webhook.secret_rotated"
    overlap_seconds: int


@frozen(kw_only=True)
class WebhookDisabled(WebhookEvent):
    """The server disabled a webhook: nothing is sent until an owner enables it again.

    `reason` is gone (it answered 410), failing (for days), no_right (in whose name it worked has no
    right to manage the project any more) or secret_lost (no key opens its secret).
    """

    type = "webhook.disabled"
    reason: str


@frozen(kw_only=True)
class WebhookRedelivered(WebhookEvent):
    """Deliveries that had ended were put in the line again."""

    type = "webhook.redelivered"
    count: int


@frozen(kw_only=True)
class WebhookDeleted(WebhookEvent):
    """A webhook was deleted, with all that waited for it."""

    type = "webhook.deleted"


@frozen(kw_only=True)
class IncomingHookEvent(ProjectEvent):
    """Something that happened to an incoming hook."""

    hook_id: int
    name: str


@frozen(kw_only=True)
class IncomingHookCreated(IncomingHookEvent):
    """An incoming hook was made: whoever has its address publishes events of this type."""

    type = "incoming_hook.created"
    event_type: str


@frozen(kw_only=True)
class IncomingHookUpdated(IncomingHookEvent):
    """An incoming hook changed; `changed` names what."""

    type = "incoming_hook.updated"
    changed: list[str]


@frozen(kw_only=True)
class IncomingHookRotated(IncomingHookEvent):
    """An incoming hook got a new address; the one before is no longer one."""

    type = "incoming_hook.rotated"


@frozen(kw_only=True)
class IncomingHookDeleted(IncomingHookEvent):
    """An incoming hook was deleted."""

    type = "incoming_hook.deleted"
