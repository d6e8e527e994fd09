"""The job type `webhook`: one request of a person's own to another server."""

from __future__ import annotations

import time
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core import tracing
from ..core.caller import Caller
from ..core.counting.ration import ration_slot
from ..core.errors import ApiError, TooManyRequests
from ..core.json import dumps
from ..core.models import utcnow
from ..core.outbound.answers import Answer
from ..core.outbound.client import milliseconds_since
from ..core.outbound.errors import OutboundError
from ..core.outbound.urls import MAX_URL_LENGTH, BadAddress, parse
from ..core.schemas import Schema, identifier, patterned
from ..core.sealing import Unsealable, unseal
from ..extensions import db
from ..jobs.context import FatalError, JobContext, JobError, Result, storable
from ..jobs.registry import job_type
from ..projects import access
from ..projects.access import Right
from ..version import VERSION
from . import signing
from .behalf import as_caller
from .calling import CLIENT
from .models import Webhook
from .service import check_address
from .signing import SECRET_PURPOSE

#: Seconds for the request, and for the job with everything around it.
REQUEST_DEADLINE_S = 20.0
TIMEOUT_S = 30
#: Bytes of the body that is sent, and of the answer that is kept.
MAX_SENT_BYTES = 256 * 1024
MAX_KEPT_BYTES = 16 * 1024
#: Headers that somebody may add, and characters of a value.
MAX_HEADERS = 20
MAX_HEADER_LENGTH = 1000
#: Statuses after which another attempt may help.
PASSING_STATUSES = (408, 425, 429)
#: Headers that HTTP itself needs, or that identify the sender: not for people to set (RFC 9110
#: §7.6.1).
OWN_HEADERS = frozenset(
    (
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te"),
        *("trailer", "transfer-encoding", "upgrade", "user-agent"),
        *("webhook-id", "webhook-signature", "webhook-timestamp"),
    )
)
HEADER_NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9-]*$"
MAX_NAME_LENGTH = 64
#: Visible ASCII and spaces between: nothing that ends a line.
HEADER_VALUE_PATTERN = r"^[!-~](?:[ !-~]*[!-~])?$"


class TooManyCalls(TooManyRequests):
    """You are sending more requests to other servers than allowed."""


CALLS = ration_slot("calls of people", "WEBHOOK_JOB_RATE_LIMIT", TooManyCalls)


class WebhookJobIn(Schema):
    """A POST to another server; what is in `body` is sent as JSON."""

    example = {"url": "https://ci.example.com/build", "body": {"branch": "main"}}
    url = fields.String(
        required=True,
        validate=validate.Length(1, MAX_URL_LENGTH),
        metadata={"example": "https://ci.example.com/build"},
    )
    body = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={"description": "Any JSON, up to 256 KiB.", "example": {"branch": "main"}},
    )
    headers = fields.Dict(
        keys=patterned(HEADER_NAME_PATTERN, "Must be a header's name.", 1, MAX_NAME_LENGTH),
        values=patterned(HEADER_VALUE_PATTERN, "Must be a header's value.", 1, MAX_HEADER_LENGTH),
        load_default=dict,
        validate=validate.Length(0, MAX_HEADERS),
        metadata={"description": "At most 20, besides HTTP's own.", "example": {"X-Env": "test"}},
    )
    signed_by = identifier(
        metadata={"description": "A webhook that you may manage: its secret signs the request."}
    )

    @ma.validates_schema
    def _check(self, data: dict[str, Any], **kwargs: Any) -> None:
        if len(dumps(data.get("body"))) > MAX_SENT_BYTES:
            raise ma.ValidationError("Must be at most 256 KiB of JSON.", "body")
        # Sent twice, a Host or a Content-Length is read one way by a proxy, another by the server.
        own = sorted(name for name in data.get("headers", ()) if name.lower() in OWN_HEADERS)
        if own or any(name.lower().startswith("proxy-") for name in data.get("headers", ())):
            raise ma.ValidationError("Must not set headers that belong to HTTP itself.", "headers")


def _admit(payload: dict[str, Any], project_id: int | None, caller: Caller) -> None:
    """Refuse what can't be sent, and too frequent requests."""
    check_address(payload["url"])
    if (signer := payload.get("signed_by")) is not None:
        access.load(Webhook, signer, caller, can=Right.MANAGE)
    CALLS.here().take(str(caller.user_id))


@job_type("webhook", payload=WebhookJobIn, timeout_s=TIMEOUT_S, admit=_admit)
def call(ctx: JobContext, payload: dict[str, Any]) -> Result:
    """Send a POST to another server, signed or not, and keep its answer.

    An answer of 5xx, 408, 425 or 429, or none, is tried again; any other that is not 2xx is a
    failure with its result.
    """
    body = dumps(payload.get("body"))
    headers = {"Content-Type": "application/json", "User-Agent": f"Collab/{VERSION}"}
    headers |= payload.get("headers") or {}
    if payload.get("signed_by") is not None:
        headers |= _signature(ctx, payload["signed_by"], body)
    client, started = CLIENT.here(), time.monotonic()
    try:
        with tracing.span("POST", "client"):
            answer = client.send(
                "POST",
                parse(payload["url"], allow_private=client.allow_private),
                deadline_s=min(REQUEST_DEADLINE_S, ctx.remaining_s),
                headers=headers | tracing.headers(),
                body=body,
                max_answer_bytes=MAX_KEPT_BYTES,
            )
    except BadAddress as error:
        raise FatalError("forbidden_address", str(error)) from None
    except OutboundError as error:
        raise JobError(error.code, str(error)) from None
    return _judged(answer, milliseconds_since(started))


def _judged(answer: Answer, milliseconds: int) -> Result:
    told = {
        "status": answer.status,
        "content_type": storable(answer.headers.get("content-type", ""))[:200],
        "body": storable(answer.body.decode(errors="replace")),
        "truncated": answer.truncated,
        "milliseconds": milliseconds,
    }
    result = Result(told)
    if 200 <= answer.status < 300:
        return result
    # Another status will not change by being asked again.
    passing = answer.status >= 500 or answer.status in PASSING_STATUSES
    kind = JobError if passing else FatalError
    raise kind("status", f"The server answered {answer.status}.", result=result)


def _signature(ctx: JobContext, signer: int, body: bytes) -> dict[str, str]:
    """Sign with a webhook's secret, if the job's owner may still manage it."""
    caller = as_caller(ctx.owner_id)
    hook = db.session.get(Webhook, signer)
    try:
        if caller is None or hook is None:
            raise FatalError("no_right", "The webhook whose secret signs this is gone.")
        access.place(f"project:{hook.project_id}", caller, can=Right.MANAGE)
        # Checked again, as this runs later: rights may have been lost since it was submitted.
        secret = unseal(hook.sealed_secret, purpose=SECRET_PURPOSE)
    except (ApiError, Unsealable):
        raise FatalError("no_right", "The webhook whose secret signs this can't be used.") from None
    finally:
        db.session.rollback()
    # The same id at each attempt, so that the receiver recognizes a repetition.
    return signing.headers([secret], f"msg_job-{ctx.job_id}", utcnow(), body)
