"""`POST /ingest`: events in any form except Segment's."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from ..core.errors import Unprocessable
from ..core.http.blueprint import Blueprint
from ..core.json import dumps
from ..core.links import BASE_PATH
from .doors import answers, described, forms, senders, sending
from .doors.bodies import body_of_request, takes_events
from .doors.verdicts import verdicts
from .schemas import IngestQuery, ReceiptOut

#: Events of one request.
MAX_EVENTS = 1000

blueprint = Blueprint(
    "ingest", __name__, url_prefix=BASE_PATH, description="Sending events to the pipeline."
)
answers.open_to_pages(blueprint)


@blueprint.post("/ingest")
@takes_events
@blueprint.arguments(IngestQuery, location="query")
@blueprint.doc(requestBody=described.EVENTS_BODY, security=described.EVENTS_SECURITY)
@blueprint.response(202, ReceiptOut)
@blueprint.alt_response(403, schema="Problem")
@blueprint.alt_response(404, schema="Problem")
def send_events(query: dict[str, Any]) -> Response:
    """Send one event or up to 1,000; they are safe once you get an answer.

    Sign in with a source's write key; or with your token, and name `source_id` or `project_id`. The
    form follows from the headers: plain JSON, one event a line (NDJSON), or CloudEvents,
    structured, in batches or in binary mode. Bodies may be compressed. Rejected
    events are kept as dead letters, and `events` says why. Of several events with the same
    `event_id`, one is stored.
    """
    origin = senders.by_key_or_token(**query)
    received = sending.now_ms()
    with body_of_request() as body:
        headers = request.headers.items()
        sent = forms.sent(request.mimetype, request.content_type, headers, body)
        events = len(sent.read.values)
        if events > MAX_EVENTS:
            raise Unprocessable(f"Send at most {MAX_EVENTS:,} events at once, not {events:,}.")
        rejected = verdicts(sent, origin.source_id, received)
        sent.read.values.clear()
        number = sending.append(sent, origin, received, events)
    receipt = {
        "accepted": events - len(rejected),
        "rejected": len(rejected),
        "receipt": None if number is None else str(number),
        "events": rejected,
    }
    return Response(dumps(receipt), 202, content_type="application/json")
