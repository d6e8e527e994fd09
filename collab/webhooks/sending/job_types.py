"""The job type `webhook_deliveries`: a turn at the queue of one webhook."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import update

from ...core.caller import Caller
from ...core.database import take_write_lock
from ...core.errors import invalid
from ...core.schemas import Schema, identifier
from ...core.slots import setting
from ...extensions import db
from ...jobs.context import JobContext, Result
from ...jobs.registry import job_type
from ..counting import ATTEMPTS
from ..models import Webhook
from . import outcomes
from .dispatching import DELIVERING_TYPE
from .parcels import next_parcel
from .recording import record

#: Seconds after which a turn ends, so that other webhooks get theirs; it still completes the
#: current attempt.
TURN_S = 5.0
#: Seconds that the job has: a turn, the attempt in which it ends, and recording that.
TIMEOUT_S = 60
#: Seconds for recording an attempt.
WRITING_S = 10.0


class WebhookDeliveriesIn(Schema):
    """Whose line."""

    example = {"webhook_id": 1}
    webhook_id = identifier(required=True, metadata={"example": 1})


def _refuse(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse it to everybody: two concurrent turns at one queue would mix it up."""
    raise invalid("type", "Only the server makes these jobs: redeliver, or ping the webhook.")


@job_type(
    DELIVERING_TYPE,
    payload=WebhookDeliveriesIn,
    timeout_s=TIMEOUT_S,
    admit=_refuse,
    at_once=lambda: int(setting("WEBHOOKS_AT_ONCE")),
    tells=False,
)
def deliver(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Send what waits for a webhook, in its order; only the server makes these jobs."""
    hook_id, holder = int(payload["webhook_id"]), f"{ctx.job_id}.{ctx.attempt}"
    sent = {"delivered": 0, "failed": 0}
    ends = time.monotonic() + TURN_S
    # This attempt is the holder: one that was thought dead writes nothing once the next one holds
    # it.
    mine = _take_over(hook_id, ctx.job_id, holder)
    while mine and time.monotonic() < ends and _has_time(ctx):
        parcel = next_parcel(hook_id, holder)
        if parcel is None:
            break
        outcome = outcomes.attempt(parcel)
        mine = record(hook_id, holder, parcel.delivery_id, outcome)
        word = "failed" if outcome.error else "delivered"
        sent[word] += 1
        ATTEMPTS.here().child(word).observe(outcome.milliseconds / 1000)
    return Result(dict(sent))


def _has_time(ctx: JobContext) -> bool:
    # An attempt and its recording must both fit in: what is sent but not recorded is sent again.
    return not ctx.cancelled and ctx.remaining_s > outcomes.ATTEMPT_DEADLINE_S + WRITING_S


def _take_over(hook_id: int, job_id: int, holder: str) -> bool:
    """Hold the webhook, if this is still its job; an earlier holder writes nothing more."""
    take_write_lock()
    mine = update(Webhook).where(Webhook.id == hook_id, Webhook.job_id == job_id)
    held: Any = db.session.execute(
        mine.values(holder=holder).execution_options(synchronize_session=False)
    )
    db.session.commit()
    return bool(held.rowcount)
