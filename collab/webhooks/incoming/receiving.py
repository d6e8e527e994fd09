"""Publishing what was sent to a hook's address."""

from __future__ import annotations

from sqlalchemy import select

from ...core.counting.ration import ration_slot
from ...core.database import take_write_lock
from ...core.errors import NotFound, TooManyRequests, Unavailable
from ...core.models import utcnow
from ...core.sealing import Unsealable, unseal
from ...core.security import digest
from ...extensions import db
from ...frozen import frozen
from ...realtime import publishing
from ..behalf import as_caller
from ..counting import MESSAGES
from ..signing import INCOMING_PURPOSE
from . import messages
from .messages import Sent
from .models import IncomingHook, IncomingMessage
from .service import TOKEN_PREFIX, require_publishable

#: Characters of the longest token that is looked up.
MAX_TOKEN_LENGTH = 80


class UnknownHook(NotFound):
    """There is no hook at this address, or it is switched off."""


class HookTooFast(TooManyRequests):
    """This hook gets more messages than it may publish."""


#: Messages of each hook.
RATIONS = ration_slot("incoming hooks", "HOOK_RATE_LIMIT", HookTooFast)


@frozen
class Receipt:
    """What happened to a message."""

    event_id: int
    type: str
    #: Whether it had come before, and nothing was published this time.
    repeated: bool


def receive(token: str, sent: Sent) -> Receipt:
    """Publish a message as an event of the hook's project.

    Raises UnknownHook, HookTooFast, BadMessageSignature, Malformed, UnsupportedMediaType,
    Unprocessable, and what publishing raises in the name of whoever made the hook.
    """
    hook = find(token)
    # Before the signature is checked, or checking would be unlimited.
    RATIONS.here().take(str(hook.id))
    messages.check(hook, _secret(hook), sent, utcnow())
    kind = messages.type_of(hook, sent)
    require_publishable(kind)
    draft = publishing.draft(kind, messages.payload_of(sent))
    message_id = messages.id_of(sent)
    take_write_lock()
    hook = find(token)  # again, under the lock: it may have been revoked meanwhile
    if (known := _known(hook, message_id)) is not None:
        db.session.rollback()
        MESSAGES.here().child("repeated").inc()
        return Receipt(known, draft.kind, repeated=True)
    caller = as_caller(hook.created_by)
    if caller is None:
        raise UnknownHook()
    event = publishing.add(draft, f"project:{hook.project_id}", caller)
    if message_id is not None:
        db.session.add(IncomingMessage(hook_id=hook.id, message_id=message_id, event_id=event.id))
    db.session.commit()
    MESSAGES.here().child("published").inc()
    return Receipt(event.id, draft.kind, repeated=False)


def find(token: str) -> IncomingHook:
    """Return the active hook of an address; raises UnknownHook."""
    if not token.startswith(TOKEN_PREFIX) or len(token) > MAX_TOKEN_LENGTH:
        raise UnknownHook()
    # By the digest: nothing compares the token itself, character by character.
    query = select(IncomingHook).where(IncomingHook.token_digest == digest(token))
    hook = db.session.scalar(query.execution_options(populate_existing=True))
    if hook is None or not hook.enabled:
        raise UnknownHook()
    return hook


def _secret(hook: IncomingHook) -> str | None:
    if hook.sealed_secret is None:
        return None
    try:
        return unseal(hook.sealed_secret, purpose=INCOMING_PURPOSE)
    except Unsealable:
        raise Unavailable("No key of this installation opens the hook's secret.") from None


def _known(hook: IncomingHook, message_id: str | None) -> int | None:
    if message_id is None:
        return None
    found = db.session.get(IncomingMessage, (hook.id, message_id))
    return found.event_id if found else None
