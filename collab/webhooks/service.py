"""Making, changing and deleting webhooks, and giving them new secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from ..core.caller import Caller
from ..core.errors import Conflict, invalid
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..core.outbound.urls import BadAddress, parse
from ..core.sealing import seal
from ..core.slots import setting
from ..events import log
from ..events.catalogue.webhooks import (
    WebhookCreated,
    WebhookDeleted,
    WebhookSecretRotated,
    WebhookUpdated,
)
from ..extensions import db
from ..projects.models import Project
from .models import ACTIVE, DISABLED, WEBHOOK_SORTS, Webhook
from .signing import SECRET_PURPOSE, new_secret

#: Webhooks of one project.
MAX_WEBHOOKS_PER_PROJECT = 20


def create(project: Project, values: dict[str, Any], actor: Caller) -> Webhook:
    """Create a webhook; its secret is in what this returns, and can't be shown again.

    Raises Unprocessable for an address that can't be called, and Conflict for one too many.
    """
    check_address(values["url"])
    count = select(func.count()).where(Webhook.project_id == project.id)
    if (db.session.scalar(count) or 0) >= MAX_WEBHOOKS_PER_PROJECT:
        raise Conflict(f"A project has at most {MAX_WEBHOOKS_PER_PROJECT} webhooks: delete one.")
    hook = Webhook(project_id=project.id, created_by=actor.user_id, **values)
    secret = _give_secret(hook)
    # Events from here on: what happened before it was made is not sent.
    hook.after_id = log.last_id()
    db.session.add(hook)
    db.session.flush()
    log.record(WebhookCreated(**facts(hook), types=hook.types), actor=actor.user_id)
    db.session.commit()
    hook.secret = secret
    return hook


def list_webhooks(project: Project, *, sort: str, **page: Any) -> Page:
    """Return a page of a project's webhooks."""
    query = select(Webhook).where(Webhook.project_id == project.id)
    return paginate(query, columns=WEBHOOK_SORTS, sort=sort, key=Webhook.id, **page)


def list_everywhere(*, state: str | None, sort: str, **page: Any) -> Page:
    """Return a page of all webhooks of the installation."""
    query = select(Webhook)
    if state is not None:
        query = query.where(Webhook.state == state)
    return paginate(query, columns=WEBHOOK_SORTS, sort=sort, key=Webhook.id, **page)


def update(hook: Webhook, changes: dict[str, Any], actor: Caller) -> Webhook:
    """Change, pause or resume a webhook; raises Unprocessable.

    One that was disabled begins with the next event, in the name of the person who enables it.
    """
    changed = {key: value for key, value in changes.items() if getattr(hook, key) != value}
    if "url" in changed:
        check_address(changed["url"])
    if hook.state == DISABLED and "state" in changed:
        hook.created_by, hook.reason, hook.after_id = actor.user_id, None, log.last_id()
    for key, value in changed.items():
        setattr(hook, key, value)
    if changed:
        if changed.keys() & {"url", "state"}:
            _begin_anew(hook)
        if "url" in changed:
            hook.holder = None  # deliveries to the previous address do not count for this one
        event = WebhookUpdated(**facts(hook), changed=sorted(changed))
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return hook


def _begin_anew(hook: Webhook) -> None:
    """Have waiting deliveries sent at once: failures were at another address or time."""
    hook.retry_at = hook.failing_since = None
    hook.due_at = utcnow() if hook.state == ACTIVE else None


def rotate(hook: Webhook, overlap: timedelta, actor: Caller) -> Webhook:
    """Give a webhook a new secret; the previous one also signs for some time.

    After several rotations in a row, only the last secret before the new one does.
    """
    kept = overlap > timedelta(0)
    # Both sign for a while: receivers change their secret when they get to it.
    hook.sealed_previous = hook.sealed_secret if kept else None
    hook.previous_until = utcnow() + overlap if kept else None
    secret = _give_secret(hook)
    rotated = WebhookSecretRotated(**facts(hook), overlap_seconds=int(overlap.total_seconds()))
    log.record(rotated, actor=actor.user_id)
    db.session.commit()
    hook.secret = secret
    return hook


def delete(hook: Webhook, actor: Caller) -> None:
    """Delete a webhook with its deliveries; what is being sent is no longer recorded."""
    log.record(WebhookDeleted(**facts(hook)), actor=actor.user_id)
    db.session.delete(hook)
    db.session.commit()


def check_address(url: str) -> None:
    """Raise Unprocessable for an address that is never called, whatever its name stands for."""
    try:
        parse(url, allow_private=setting("ALLOW_PRIVATE_WEBHOOKS"))
    except BadAddress as error:
        raise invalid("url", str(error)) from None


def facts(hook: Webhook) -> dict[str, Any]:
    """Return what each event of a webhook says."""
    return {"project_id": hook.project_id, "webhook_id": hook.id, "name": hook.name}


def _give_secret(hook: Webhook) -> str:
    secret = new_secret()
    hook.sealed_secret = seal(secret, purpose=SECRET_PURPOSE)
    return secret
