"""One attempt: the request, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from ...core import tracing
from ...core.models import utcnow
from ...core.outbound.client import milliseconds_since
from ...core.outbound.errors import OutboundError
from ...core.outbound.urls import BadAddress, parse
from ...frozen import frozen
from ...jobs.context import storable
from ...version import VERSION
from .. import signing
from ..calling import CLIENT
from ..models import MAX_ANSWER_LENGTH, MAX_DETAIL_LENGTH
from .parcels import Parcel
from .retries import asked_pause

#: Seconds for one request, from the look-up of the name to the last byte of the answer; the
#: standard asks for 15 to 30.
ATTEMPT_DEADLINE_S = 15.0
#: CloudEvents 1.0 in structured mode (HTTP binding §3.2).
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
#: The error of an answer with a failure status.
REFUSED_ERROR = "status"
FORBIDDEN_ADDRESS_ERROR = "forbidden_address"
GONE_STATUS = 410


@frozen
class Outcome:
    """The outcome of an attempt; `error` is None if the delivery was accepted."""

    started_at: datetime
    milliseconds: int
    status: int | None = None
    answer: str | None = None
    error: str | None = None
    detail: str | None = None
    #: How long the receiver asks to be left alone.
    asked: timedelta | None = None

    @property
    def gone(self) -> bool:
        """Return whether the receiver never wants anything again (410)."""
        return self.status == GONE_STATUS


def headers_of(parcel: Parcel, now: datetime) -> Mapping[str, str]:
    """Return the headers of a delivery, signed for this moment."""
    # Signed again for each attempt: receivers refuse a signature whose time is long past.
    told = {"Content-Type": CONTENT_TYPE, "User-Agent": f"Collab/{VERSION}"}
    return told | signing.headers(parcel.secrets, parcel.message_id, now, parcel.body)


def attempt(parcel: Parcel, deadline_s: float = ATTEMPT_DEADLINE_S) -> Outcome:
    """Send a delivery; whatever happens is an outcome."""
    started_at, started = utcnow(), time.monotonic()
    client = CLIENT.here()
    try:
        with tracing.span("POST", "client", parcel.trace):
            answer = client.send(
                "POST",
                parse(parcel.url, allow_private=client.allow_private),
                deadline_s=deadline_s,
                headers={**headers_of(parcel, started_at), **tracing.headers()},
                body=parcel.body,
                max_answer_bytes=MAX_ANSWER_LENGTH,
            )
    except (OutboundError, BadAddress) as failure:
        code = failure.code if isinstance(failure, OutboundError) else FORBIDDEN_ADDRESS_ERROR
        took = milliseconds_since(started)
        return Outcome(started_at, took, error=code, detail=str(failure)[:MAX_DETAIL_LENGTH])
    refused = not 200 <= answer.status < 300
    return Outcome(
        started_at,
        milliseconds_since(started),
        status=answer.status,
        answer=storable(answer.body.decode(errors="replace")),
        error=REFUSED_ERROR if refused else None,
        asked=asked_pause(answer.status, answer.headers.get("retry-after"), utcnow()),
    )
