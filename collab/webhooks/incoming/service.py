"""Making, changing and deleting incoming hooks, and giving them new addresses."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import func, select

from ...core.caller import Caller
from ...core.errors import Conflict, invalid
from ...core.lists.paging import Page, paginate
from ...core.sealing import seal
from ...core.security import digest
from ...events import log
from ...events.catalogue.webhooks import (
    IncomingHookCreated,
    IncomingHookDeleted,
    IncomingHookRotated,
    IncomingHookUpdated,
)
from ...extensions import db
from ...projects.models import Project
from ...realtime import publishing
from ..signing import INCOMING_PURPOSE, key_of, new_secret
from .models import GITHUB, INCOMING_SORTS, NO_CHECK, STANDARD, IncomingHook

#: What every token begins with: scanners for leaked secrets recognize the prefix.
TOKEN_PREFIX = "collab_in_"  # noqa: S105 (a prefix)
#: Bytes of randomness after it: 40 characters of base64url.
TOKEN_RANDOM_BYTES = 30
#: Characters of a token's end that are shown.
HINT_LENGTH = 4
#: Hooks of one project.
MAX_HOOKS_PER_PROJECT = 50


def create(project: Project, values: dict[str, Any], actor: Caller) -> IncomingHook:
    """Create a hook; its token is in what this returns, and can't be shown again.

    Raises Unprocessable, ReservedType, and Conflict for one too many.
    """
    require_publishable(values["event_type"])
    count = select(func.count()).where(IncomingHook.project_id == project.id)
    if (db.session.scalar(count) or 0) >= MAX_HOOKS_PER_PROJECT:
        raise Conflict(f"A project has at most {MAX_HOOKS_PER_PROJECT} incoming hooks: delete one.")
    given = values.pop("secret", None)
    hook = IncomingHook(project_id=project.id, created_by=actor.user_id, **values)
    secret = _take_secret(hook, given)
    token = _give_token(hook)
    db.session.add(hook)
    db.session.flush()
    log.record(IncomingHookCreated(**facts(hook), event_type=hook.event_type), actor=actor.user_id)
    db.session.commit()
    return _showing(hook, token, secret)


def list_hooks(project: Project, *, sort: str, **page: Any) -> Page:
    """Return a page of a project's incoming hooks."""
    query = select(IncomingHook).where(IncomingHook.project_id == project.id)
    return paginate(query, columns=INCOMING_SORTS, sort=sort, key=IncomingHook.id, **page)


def update(hook: IncomingHook, changes: dict[str, Any], actor: Caller) -> IncomingHook:
    """Change a hook's name or type, or switch it off and on; raises Unprocessable, ReservedType."""
    changed = {key: value for key, value in changes.items() if getattr(hook, key) != value}
    if "event_type" in changed:
        require_publishable(changed["event_type"])
    for key, value in changed.items():
        setattr(hook, key, value)
    if changed:
        event = IncomingHookUpdated(**facts(hook), changed=sorted(changed))
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return hook


def rotate(hook: IncomingHook, actor: Caller) -> IncomingHook:
    """Give a hook a new address at once; the caller is responsible for it from now on."""
    # It publishes in their name: the hook's creator may have lost the right since.
    hook.created_by = actor.user_id
    token = _give_token(hook)
    log.record(IncomingHookRotated(**facts(hook)), actor=actor.user_id)
    db.session.commit()
    return _showing(hook, token, None)


def delete(hook: IncomingHook, actor: Caller) -> None:
    """Delete a hook: its address stops working at once."""
    log.record(IncomingHookDeleted(**facts(hook)), actor=actor.user_id)
    db.session.delete(hook)
    db.session.commit()


def require_publishable(kind: str) -> None:
    """Raise Unprocessable or ReservedType for a type that no member may publish and keep."""
    if not publishing.draft(kind, {}).kept:
        raise invalid("event_type", "Events of this type are not kept: choose another type.")


def facts(hook: IncomingHook) -> dict[str, Any]:
    """Return what each event of a hook says."""
    return {"project_id": hook.project_id, "hook_id": hook.id, "name": hook.name}


def _give_token(hook: IncomingHook) -> str:
    token = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_RANDOM_BYTES)
    hook.token_digest, hook.token_hint = digest(token), token[-HINT_LENGTH:]
    return token


def _take_secret(hook: IncomingHook, given: str | None) -> str | None:
    """Keep the secret that signatures are checked with; returns the one that was made."""
    if hook.check == NO_CHECK:
        if given is not None:
            raise invalid("secret", "Can only be used with a `check` that needs a secret.")
        return None
    if hook.check == STANDARD and given is not None:
        try:
            key_of(given)
        except ValueError as error:
            raise invalid("secret", str(error)) from None
    made = given or (secrets.token_hex(32) if hook.check == GITHUB else new_secret())
    hook.sealed_secret = seal(made, purpose=INCOMING_PURPOSE)
    # The caller who gave it knows it: an answer that repeats it would only be one more copy.
    return None if given else made


def _showing(hook: IncomingHook, token: str, secret: str | None) -> IncomingHook:
    hook.token, hook.secret = token, secret
    return hook
