"""`/events`: publishing, listing, waiting, streaming; and who is present."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, g, request

from ...auth import tickets
from ...auth.guard import from_address, login_required
from ...core.caller import Caller
from ...core.counting.networks import network_of
from ...core.errors import Unauthorized
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.idempotency import idempotent
from ...core.http.pages import linked
from ...core.http.resuming import Resumed
from ...core.http.traits import Trait, has
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ...core.schemas import MAX_ID
from ...core.slots import application, setting
from ...projects import access
from ...serving.holding import HOLDS_KEY, Hold
from .. import publishing
from ..transport.connection import PRESENCE_BYTES
from ..transport.live import live
from . import long_poll
from .schemas import (
    RESUME_FIELDS,
    EventIn,
    EventOut,
    EventPage,
    EventQuery,
    PresenceOut,
    StreamQuery,
    TopicQuery,
)
from .sse import Following, Stream

blueprint = Blueprint(
    "events",
    __name__,
    url_prefix=BASE_PATH,
    description="What happens: published, listed, followed.",
)


STREAM_EXAMPLE = """retry: 1000

id: 41
event: subscribed
data: {"topics":["project:1"],"last_id":41,"recovered":true,"present":{"project:1":[]}}

id: 42
data: {"specversion":"1.0","id":"42","type":"file.changed","topic":"project:1","data":{}}

"""


def topic_of(data: dict[str, Any]) -> str | None:
    """Return the topic that a request names, if it names one."""
    project_id = data.get("project_id")
    return f"project:{project_id}" if project_id else data.get("topic")


@blueprint.get("/events")
@login_required
@blueprint.arguments(EventQuery, location="query")
@blueprint.response(200, EventPage)
@linked
def list_events(query: dict[str, Any]) -> Page:
    """List events after an id; with `wait`, wait for the first one."""
    topic, seconds = topic_of(query), query["wait"]
    after = query["after"] if query["cursor"] is None else query["cursor"]
    wanted = {"after": after, "kind": query["type"], "limit": query["limit"]}
    wanted["newest_first"] = query["sort"] == "-id"
    if not seconds:
        return long_poll.page(caller(), topic, **wanted)
    # The one that was held, if this is its second call: rights are checked and a place is taken
    # once.
    waiting = g.pop("poll", None) or _poll(topic, seconds, wanted)
    return waiting.answer(_wait)


def _poll(topic: str | None, seconds: float, wanted: dict[str, Any]) -> long_poll.Poll:
    here, who = live(), caller()
    seat = here.capacity.take(network_of(request.remote_addr), who.user_id, door="long_poll")
    return long_poll.Poll(here, seat, who, topic, seconds, **wanted)


def _wait(waiting: long_poll.Poll) -> None:
    """Leave the request to the server, which calls it again, or wait in this thread."""
    if HOLDS_KEY in request.environ:
        raise Hold(waiting, Resumed(poll=waiting))
    waiting.block(request.environ.get("werkzeug.socket"))


@blueprint.post("/events")
@login_required
@idempotent
@blueprint.arguments(EventIn)
@blueprint.response(201, EventOut)
@blueprint.alt_response(202, schema=EventOut, success=True)
def publish_event(data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Publish an event; without a topic, to yourself. The answer is 202 if it is not kept."""
    what = publishing.draft(data["type"], data["payload"])
    topic = topic_of(data) or f"user:{caller().user_id}"
    if what.kept:
        return publishing.record(what, topic, caller()).envelope(), 201
    message = publishing.signal(what, access.place(topic, caller()), caller())
    # No row and no commit: those who are not there at this moment miss it.
    live().hub.signal(message)
    return message.envelope(), 202


@blueprint.get("/events/stream")
@blueprint.arguments(StreamQuery, location="query")
@blueprint.response(
    200, {"type": "string"}, content_type="text/event-stream", example=STREAM_EXAMPLE
)
@has(Trait.RESUMED)
def stream_events(query: dict[str, Any]) -> Response:
    """Follow events as they happen (SSE); without a topic, yourself and all your projects.

    The stream has no end, so this page would show nothing: call `curl -N` with the address and the
    `Authorization` header, or open an `EventSource` with a `ticket`.
    """
    named = [*query["topic"], *filter(None, [topic_of(query | {"topic": None})])]
    topics = list(dict.fromkeys(named))
    who = from_address(partial(tickets.use_for_stream, topics=topics))
    if who is None:
        raise Unauthorized()
    places = [access.place(topic, who) for topic in topics] or access.own_places(who)
    live().signals.spend(who.user_id, PRESENCE_BYTES * len(places))
    return _respond(who, places, resume_after(query))


def resume_after(query: dict[str, Any]) -> int | None:
    """Return the last id that a reader has seen; None if they start now.

    An id that is not ours counts as one beyond the log, which is never `recovered`. It is no error:
    a browser's EventSource never comes back after a refusal.
    """
    last = request.headers.get("Last-Event-ID", "")
    if not last:
        sent = [query[name] for name in RESUME_FIELDS if query[name] is not None]
        return max(sent, default=None)
    digits = last.lstrip("0") or "0"
    known = digits.isascii() and digits.isdigit() and len(digits) <= len(str(MAX_ID))
    return min(int(digits), MAX_ID) if known else MAX_ID


def _respond(who: Caller, places: list[access.Place], after: int | None) -> Response:
    here, what = live(), Following(places, after, setting("PING_SECONDS"))
    seat = here.capacity.take(network_of(request.remote_addr), who.user_id, door="stream")
    app = application()
    stream = Stream(app, here.hub, here.reactor, who, what)
    request.environ["collab.stream"] = stream
    chunks = stream.chunks(request.environ.get("werkzeug.socket"))
    response = Response(chunks, mimetype="text/event-stream")
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(seat.give_back)
    return response


@blueprint.get("/presence")
@login_required
@blueprint.arguments(TopicQuery, location="query")
@blueprint.response(200, PresenceOut)
def presence(query: dict[str, Any]) -> dict[str, Any]:
    """Show who follows a topic now, each person once; without a topic, your own."""
    place = access.place(topic_of(query) or f"user:{caller().user_id}", caller())
    return {"topic": place.topic, "items": live().hub.present(place.topic)}
