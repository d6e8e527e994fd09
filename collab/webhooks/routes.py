"""`/projects/{id}/webhooks` and `/webhooks/{id}`: for the project's owners."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..auth.guard import admin_required, login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from ..projects.models import Project
from . import deliveries, service
from .models import Delivery, Webhook
from .schemas import (
    AllWebhooksQuery,
    DeliveryOut,
    DeliveryPage,
    DeliveryQuery,
    DeliveryWholeOut,
    RedeliveredOut,
    RedeliverIn,
    WebhookIn,
    WebhookOut,
    WebhookPage,
    WebhookPatch,
    WebhookQuery,
    WebhookRotateIn,
    WebhookSecretOut,
)

blueprint = Blueprint(
    "webhooks",
    __name__,
    url_prefix=BASE_PATH,
    description="Events of a project, sent to other systems as they happen.",
)


def _managed(webhook_id: int) -> Webhook:
    return access.load(Webhook, webhook_id, caller(), can=Right.MANAGE)


def _seen(webhook_id: int) -> Webhook:
    """Return a webhook to somebody who may manage it, without the writer's lock."""
    hook = access.load(Webhook, webhook_id, caller())
    access.check(access.role_to(hook, caller()), Right.MANAGE)
    return hook


@blueprint.get("/projects/<id:project_id>/webhooks")
@login_required
@blueprint.arguments(WebhookQuery, location="query")
@blueprint.response(200, WebhookPage)
@blueprint.alt_response(403, schema="Problem")
@linked
def list_webhooks(query: dict[str, Any], project_id: int) -> Page:
    """List a project's webhooks."""
    project = access.load(Project, project_id, caller())
    access.check(access.role_to(project, caller()), Right.MANAGE)
    return service.list_webhooks(project, **query)


@blueprint.post("/projects/<id:project_id>/webhooks")
@login_required
@idempotent
@blueprint.arguments(WebhookIn)
@blueprint.response(201, WebhookSecretOut)
@blueprint.alt_response(409, schema="Problem")
@located("/webhooks/{id}")
@versioned
def create_webhook(data: dict[str, Any], project_id: int) -> Webhook:
    """Create a webhook; its secret is shown here and never again."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    return service.create(project, data, caller())


@blueprint.get("/webhooks")
@admin_required
@blueprint.arguments(AllWebhooksQuery, location="query")
@blueprint.response(200, WebhookPage)
@linked
def list_all_webhooks(query: dict[str, Any]) -> Page:
    """List the webhooks of all projects; for admins."""
    return service.list_everywhere(**query)


@blueprint.get("/webhooks/<id:webhook_id>")
@login_required
@blueprint.response(200, WebhookOut)
@blueprint.alt_response(403, schema="Problem")
@versioned
def get_webhook(webhook_id: int) -> Webhook:
    """Show a webhook."""
    return _seen(webhook_id)


@blueprint.patch("/webhooks/<id:webhook_id>")
@login_required
@blueprint.arguments(WebhookPatch)
@blueprint.response(200, WebhookOut)
@versioned
def update_webhook(changes: dict[str, Any], webhook_id: int) -> Webhook:
    """Change a webhook, pause it, resume it, or enable it again.

    A disabled one begins with the next event, with your rights.
    """
    hook = _managed(webhook_id)
    require_match(hook)
    return service.update(hook, changes, caller())


@blueprint.delete("/webhooks/<id:webhook_id>")
@login_required
@blueprint.response(204)
def delete_webhook(webhook_id: int) -> None:
    """Delete a webhook with its deliveries."""
    hook = _managed(webhook_id)
    require_match(hook)
    service.delete(hook, caller())


@blueprint.post("/webhooks/<id:webhook_id>/rotate")
@login_required
@idempotent
@blueprint.arguments(WebhookRotateIn)
@blueprint.response(200, WebhookSecretOut)
@versioned
def rotate_webhook_secret(data: dict[str, Any], webhook_id: int) -> Webhook:
    """Give a webhook a new secret; for `overlap_seconds` the old one signs, too."""
    overlap = timedelta(seconds=data["overlap_seconds"])
    return service.rotate(_managed(webhook_id), overlap, caller())


@blueprint.post("/webhooks/<id:webhook_id>/ping")
@login_required
@blueprint.response(202, DeliveryOut)
@blueprint.alt_response(409, schema="Problem")
def ping_webhook(webhook_id: int) -> Delivery:
    """Send a test ahead of everything waiting; GET the delivery for its answer."""
    return deliveries.ping(_managed(webhook_id), caller())


@blueprint.post("/webhooks/<id:webhook_id>/redeliver")
@login_required
@blueprint.arguments(RedeliverIn)
@blueprint.response(202, RedeliveredOut)
@blueprint.alt_response(409, schema="Problem")
def redeliver_span(data: dict[str, Any], webhook_id: int) -> dict[str, Any]:
    """Send a range of deliveries again, in order, after all that are waiting."""
    return deliveries.redeliver_span(_managed(webhook_id), caller(), **data)


@blueprint.get("/webhooks/<id:webhook_id>/deliveries")
@login_required
@blueprint.arguments(DeliveryQuery, location="query")
@blueprint.response(200, DeliveryPage)
@blueprint.alt_response(403, schema="Problem")
@linked
def list_deliveries(query: dict[str, Any], webhook_id: int) -> Page:
    """List what was sent to a webhook, and what waits."""
    return deliveries.list_deliveries(_seen(webhook_id), **query)


@blueprint.get("/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>")
@login_required
@blueprint.response(200, DeliveryWholeOut)
@blueprint.alt_response(403, schema="Problem")
def get_delivery(webhook_id: int, delivery_id: int) -> dict[str, Any]:
    """Show a delivery: what was sent, and what was answered."""
    hook = _seen(webhook_id)
    return deliveries.whole(hook, deliveries.load(hook, delivery_id))


@blueprint.post("/webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/redeliver")
@login_required
@blueprint.response(202, DeliveryOut)
@blueprint.alt_response(409, schema="Problem")
def redeliver(webhook_id: int, delivery_id: int) -> Delivery:
    """Send a delivery again, with the same `webhook-id`; 409 while it waits."""
    hook = _managed(webhook_id)
    return deliveries.redeliver_one(hook, deliveries.load(hook, delivery_id), caller())
