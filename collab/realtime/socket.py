"""One connected socket: what its person asks, what he is told, and when it must end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from simple_websocket import ConnectionClosed, Server

from ..auth import refusals
from ..auth.guard import from_token, recheck
from ..core.errors import (
    ApiError,
    Forbidden,
    Malformed,
    TooManyRequests,
    Unauthorized,
    translated,
)
from ..core.http.caller import Caller
from ..core.models import utcnow
from ..events.hub import GOING_AWAY, TOKEN_ENDED
from ..events.message import Message
from ..extensions import db
from ..projects import access
from ..projects.access import Place
from . import protocol, publishing
from .bucket import Bucket
from .follower import Follower, follow, person, recovered
from .frames import MESSAGE_TOO_BIG, POLICY_VIOLATION, text_frame
from .group import Group
from .live import Live
from .protocol import Body, TooBig, answer, refusal
from .wire import LINGER_S, STOP_LINGER_S, Wire

#: Seconds to send the first `auth` message.
AUTH_PATIENCE_S = 10.0
#: Seconds that a reader may take for a page while he catches up.
CATCH_UP_PATIENCE_S = 30.0


class SocketFollower(Follower):
    """The hub's view of a socket."""

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write a message as a text frame."""
        return text_frame(message.json)

    def __init__(self, caller: Caller, wire: Wire) -> None:
        super().__init__(person(caller))
        self._wire = wire

        #: Sends frames; no method of its own, since it is called for each reader and tick.
        self.write = wire.push

    def too_slow(self) -> None:
        """Cut the socket off; the close frame says where to resume."""
        self._wire.cut()

    def dropped(self, topic: str, reason: str) -> None:
        """Tell the reader that he follows a topic no longer."""
        self.deliver(answer("unsubscribed", topic=topic, reason=reason), 0)

    def end(self, code: int, reason: str) -> None:
        """Close the socket."""
        self._wire.shut(code, reason, STOP_LINGER_S if code == GOING_AWAY else LINGER_S)


def first_auth(ws: Server, wire: Wire) -> Caller:
    """Wait for the first message, which must be a good `auth`, and return whose it is."""
    data = ws.receive(timeout=AUTH_PATIENCE_S)
    body: Body = {}
    try:
        body = {} if data is None else protocol.parse(data)
        if body.get("type") != "auth":
            raise Unauthorized("The first message must be `auth` with a `token`.")
        who = from_token(protocol.token_of(body))
    except ApiError as error:
        if body.get("type") == "auth":
            refusals.token(*protocol.about(body), error)
        end(wire, error, TOKEN_ENDED, body)
    wire.push(_authenticated(who, body))
    return who


def end(wire: Wire, error: ApiError, code: int, request: Body | None = None) -> NoReturn:
    """Say what is wrong and close; raises ConnectionClosed."""
    wire.push(refusal(error, request))
    wire.shut(code, error.detail)
    raise ConnectionClosed(code, error.detail)


def _authenticated(who: Caller, request: Body) -> bytes:
    members = {"user_id": who.user_id, "expires_at": who.token_expires}
    return answer("authenticated", request, **members)


class Connection:
    """Serves one socket until it ends. It runs in the request's thread."""

    def __init__(
        self, ws: Server, wire: Wire, live: Live, caller: Caller, config: dict[str, Any]
    ) -> None:
        self._ws, self._wire, self._live, self._caller = ws, wire, live, caller
        self._follower = SocketFollower(caller, wire)
        self._grace: int = config["TOKEN_GRACE_SECONDS"]
        self._bucket = Bucket(config["MESSAGE_RATE"])
        self._group = Group(wire)
        self._warned = False
        self._epoch = -1
        self._places: dict[str, tuple[int, Place]] = {}

    def serve(self, topics: Iterable[str], after: str | None) -> NoReturn:
        """Subscribe to what the address asks for, and answer messages; raises ConnectionClosed."""
        self._live.hub.enter(self._follower)
        try:
            # Nothing is asked, but the session may have ended before the hub knew this socket.
            self._guarded({}, lambda *_: None)
            for topic in topics:
                self._guarded({"topic": topic, "after": after}, Connection._on_subscribe)
            while True:
                self._listen()
        finally:
            self._live.hub.leave(self._follower)
            self._group.commit()

    def _listen(self) -> None:
        self._check_token()
        data = self._ws.receive(timeout=self._patience())
        if data is None:
            return
        if not self._bucket.take():
            end(self._wire, TooManyRequests("Too many messages a second."), POLICY_VIOLATION)
        self._take(data)
        if self._group.full or not self._ws.input_buffer:
            self._group.commit()

    def _take(self, data: str | bytes) -> None:
        try:
            body = protocol.parse(data)
        except TooBig as error:
            end(self._wire, error, MESSAGE_TOO_BIG)
        except Malformed as error:
            self._refuse(error, {})
        else:
            self._guarded(body, HANDLERS.get(body["type"], Connection._on_event))

    def _guarded(self, body: Body, handler: Handler) -> None:
        """Carry out one message and answer its error, if it has one."""
        if handler not in PUBLISHING:
            self._group.commit()  # answers keep the order of their requests
        try:
            self._check_person()
            handler(self, body)
        except Unauthorized as error:
            if handler is Connection._on_auth:
                self._note(error, body)
            end(self._wire, error, TOKEN_ENDED, body)
        except Exception as error:
            self._refuse(translated(error), body)
        finally:
            if not self._group:
                db.session.remove()

    def _refuse(self, error: ApiError, body: Body) -> None:
        self._group.commit()
        if isinstance(error, Forbidden):
            self._note(error, body)
        self._wire.push(refusal(error, body))

    def _note(self, error: ApiError, body: Body) -> None:
        """Tell the audit of a refusal."""
        refusals.access(self._caller.user_id, *protocol.about(body), error)

    # -- the token ----------------------------------------------------------------------------

    def _patience(self) -> float:
        """Return the seconds until something is due about the token."""
        left = (self._caller.token_expires - utcnow()).total_seconds()
        return max(0.0, left + self._grace if self._warned else left)

    def _check_token(self) -> None:
        """Warn when the token has expired; end when no other came in time."""
        if self._patience() > 0:
            return
        if self._warned:
            end(self._wire, Unauthorized("The access token has expired."), TOKEN_ENDED)
        self._warned = True
        detail = "The access token has expired: send `auth` with a fresh one."
        self._wire.push(answer("token_expired", seconds_left=self._grace, detail=detail))

    def _check_person(self) -> None:
        """Look again who this is, if anybody's rights changed since; raises Unauthorized."""
        epoch = self._live.bell.rights_epoch
        if epoch != self._epoch:
            self._caller = recheck(self._caller)
            self._epoch = epoch

    # -- messages -----------------------------------------------------------------------------

    def _on_auth(self, body: Body) -> None:
        """Renew the token."""
        fresh, old = from_token(protocol.token_of(body)), self._caller
        if (fresh.user_id, fresh.session_id) != (old.user_id, old.session_id):
            raise Forbidden("This socket belongs to another session.")
        self._caller, self._warned = fresh, False
        self._wire.push(_authenticated(fresh, body))

    def _on_ping(self, body: Body) -> None:
        self._wire.push(answer("pong", body, time=utcnow()))

    def _on_subscribe(self, body: Body) -> None:
        """Follow a topic: first what was missed, then live."""
        place = access.place(protocol.topic_of(body), self._caller)
        after = protocol.after_of(body)
        with self._follower.held():
            position = follow(self._live.hub, self._follower, [place], after)
            self._still_allowed(place)
            whole = recovered(after)
            members = {
                "topic": place.topic,
                "last_id": position,
                "recovered": whole,
                "present": self._live.hub.present(place.topic),
            }
            start = position if after is None else min(after, position)
            self._wire.push(answer("subscribed", body, **members), start)
            self._catch_up(place, start, position, whole)

    def _still_allowed(self, place: Place) -> None:
        """Look again: the right may have gone between the first look and the entry in the hub."""
        try:
            access.place(place.topic, self._caller)
        except ApiError:
            self._live.hub.remove(self._follower, place.topic)
            self._follower.forget_held()
            raise

    def _catch_up(self, place: Place, after: int, through: int, whole: bool) -> None:
        for chunk, last_id in self._follower.missed([place], after, through, whole):
            self._wire.push(chunk, last_id)
            if not self._wire.wait_drained(CATCH_UP_PATIENCE_S):
                self._wire.cut()
                return

    def _on_unsubscribe(self, body: Body) -> None:
        topic = protocol.topic_of(body)
        self._live.hub.remove(self._follower, topic)
        self._wire.push(answer("unsubscribed", body, topic=topic))

    def _on_publish(self, body: Body) -> None:
        """Publish: `event` names the type."""
        self._publish(body, body.get("event", body.get("event_type")))

    def _on_event(self, body: Body) -> None:
        """Publish: the message's type is the event's."""
        self._publish(body, body["type"])

    def _publish(self, body: Body, kind: object) -> None:
        what = publishing.draft(kind, body.get("payload", body.get("data", {})))
        followed = list(self._follower.topics)
        topic = protocol.topic_of(body, followed[0] if len(followed) == 1 else None)
        if what.kept:
            self._group.add(body, what, topic, self._caller)
            return
        self._group.commit()  # a signal comes behind the events that were sent before it
        place = self._place(topic)
        self._live.hub.signal(publishing.signal(what, place, self._caller))
        if "ref" in body:
            self._wire.push(answer("published", body, topic=topic, id=None))

    def _place(self, topic: str) -> Place:
        """Return the place of a topic, looked up again only when somebody's rights changed."""
        epoch = self._live.bell.rights_epoch
        known = self._places.get(topic)
        if known is None or known[0] != epoch:
            known = self._places[topic] = (epoch, access.place(topic, self._caller))
        return known[1]


Handler = Callable[[Connection, Body], None]

#: What may stand in one group with what comes before it.
PUBLISHING = (Connection._on_publish, Connection._on_event)

HANDLERS: dict[str, Handler] = {
    "auth": Connection._on_auth,
    "ping": Connection._on_ping,
    "subscribe": Connection._on_subscribe,
    "unsubscribe": Connection._on_unsubscribe,
    "publish": Connection._on_publish,
}
