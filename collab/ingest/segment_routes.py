"""`/v1/batch`, `/v1/track` and the like: the addresses of Segment's libraries, at the root."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from ..core.http.blueprint import Blueprint
from ..core.json import dumps
from .doors import answers, described, segment, senders, sending
from .doors.bodies import body_of_request, takes_events
from .schemas import SegmentOut

#: Events that one row of the inbox holds; a longer batch has several.
EVENTS_PER_ROW = 1000

View = Callable[[], Response]

blueprint = Blueprint(
    "segment", __name__, url_prefix="/v1", description="The doors for Segment's libraries."
)
answers.open_to_pages(blueprint)


def _door(name: str, body: dict[str, Any] = described.MESSAGE_BODY) -> Callable[[View], View]:
    """Serve a view as one of the doors: all take a write key, in a header or in the body."""

    def decorate(view: View) -> View:
        for decorator in (
            takes_events,
            blueprint.alt_response(403, schema="Problem"),
            blueprint.response(200, SegmentOut),
            blueprint.doc(requestBody=body, security=described.SEGMENT_SECURITY),
            blueprint.post(f"/{name}"),
        ):
            view = decorator(view)
        return view

    return decorate


@_door(segment.BATCH_NAME, described.BATCH_BODY)
def send_batch() -> Response:
    """Accept messages of any type, as Segment's libraries send them.

    It succeeds even if some of them are invalid, since the libraries would discard all of them:
    invalid ones become dead letters.
    """
    return _take(segment.BATCH_NAME)


@_door("track")
def send_track() -> Response:
    """Record what somebody did, as Segment's libraries send it."""
    return _take("track")


@_door("identify")
def send_identify() -> Response:
    """Record who somebody is, as Segment's libraries send it."""
    return _take("identify")


@_door("page")
def send_page() -> Response:
    """Record which page somebody sees, as Segment's libraries send it."""
    return _take("page")


@_door("screen")
def send_screen() -> Response:
    """Record which screen of an app somebody sees, as Segment's libraries send it."""
    return _take("screen")


@_door("group")
def send_group() -> Response:
    """Record which group somebody belongs to, as Segment's libraries send it."""
    return _take("group")


@_door("alias")
def send_alias() -> Response:
    """Record another id of somebody, as Segment's libraries send it."""
    return _take("alias")


def _take(name: str) -> Response:
    origin = senders.by_key()
    if origin is None:
        senders.count_unproven()
    received = sending.now_ms()
    with body_of_request() as body:
        sent = segment.messages(name, body)
        origin = origin or senders.by_key_in_body(sent.read.write_key)
        events = len(sent.read.values)
        parts = segment.parts(sent, EVENTS_PER_ROW)
        sent.read.values.clear()
        numbers = [sending.append(part, origin, received, count) for part, count in parts]
    receipt = None if numbers[0] is None else str(numbers[0])
    answer = {"success": True, "accepted": events, "receipt": receipt}
    return Response(dumps(answer), 200, content_type="application/json")
