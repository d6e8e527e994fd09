"""One socket that speaks JSON: what its person asks, what they are sent, and when it must end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ClassVar

from flask import Flask
from simple_websocket import ConnectionClosed

from ...auth import refusals
from ...auth.guard import from_token
from ...core.caller import Caller
from ...core.errors import (
    ApiError,
    Forbidden,
    Malformed,
    TooManyRequests,
    Unauthorized,
    Unprocessable,
    translated,
)
from ...core.models import utcnow
from ...core.slots import setting
from ...core.text.nul import refuse_nul
from ...core.text.numbers import refuse_large_numbers
from ...events.close_codes import MESSAGE_TOO_BIG, POLICY_VIOLATION, TOKEN_ENDED
from ...events.message import Message
from ...events.types import same_type
from ...extensions import db
from .. import publishing
from ..transport.served import Work
from ..transport.token_bucket import Bucket
from ..transport.wire import Wire
from . import protocol
from .deferred import Deferred, Request
from .described import OWN_MESSAGES
from .follower import SocketFollower
from .following import MAX_LENGTH_AT_ONCE, Following, NotAtOnce
from .group_commit import Group
from .messages import MESSAGES, Handler, register
from .needs import admit, needs, needs_nothing
from .protocol import LIVE_AREA, Body, TooBig


class Socket(Following):
    """A socket that speaks JSON, and follows any number of topics."""

    #: The class of its follower, which knows its protocol.
    follower_class: ClassVar[type[SocketFollower]] = SocketFollower

    def __init__(
        self, wire: Wire, caller: Caller, topics: list[str], after: str | int | None
    ) -> None:
        follower = self.follower_class(caller, wire)
        super().__init__(wire, caller, follower, follower.speech)
        self._topics, self._after = topics, after
        self._bucket = Bucket(setting("MESSAGE_RATE"))
        self._group = Group(wire, self.speech, self.withdrawn)
        self._deferred = Deferred(wire, self._finish)
        self._messages = MESSAGES.here()
        #: About how many bytes the message that is being carried out has.
        self._size = 0
        #: Whether the last message could be done at once; then the next one most likely can, too.
        self._quick = False

    def welcome(self) -> Work:
        """Subscribe to the topics that the address names."""
        yield from self._guarded({}, Socket._on_arrival)
        if self._topics:
            body = {"type": "subscribe", "topics": self._topics, "after": self._after}
            yield from self._guarded(body, Socket._on_subscribe)

    def take(self, data: str | bytes) -> Work:
        """Carry out one message, and answer it."""
        if not self._bucket.take():
            self.end(TooManyRequests("Too many messages a second."), POLICY_VIOLATION)
        self._size = len(data)
        try:
            body = self.parse(data)
        except TooBig as error:
            self.end(error, MESSAGE_TOO_BIG)
        except Malformed as error:
            self._refuse(error, {})
        else:
            if body is not None:
                yield from self._carry_out(data, body)
        if self._group.full:
            self.settle()

    def parse(self, data: str | bytes) -> Body | None:
        """Read a message; None if it asks for nothing. Raises Malformed, TooBig."""
        return protocol.parse(data)

    def _carry_out(self, data: str | bytes, body: Body) -> Work:
        handler = self._messages.handlers.get(same_type(body["type"]), Socket._on_event)
        try:
            refuse_nul(data, body)
            refuse_large_numbers(data)
        except Unprocessable as error:
            self._refuse(error, body)
        else:
            yield from self._guarded(body, handler)

    @property
    def hurries(self) -> bool:
        """Return whether the messages now coming need no look-up of rights."""
        known = self._epoch == self.live.bell.rights_epoch
        return self._quick and known and not self._group

    def at_once(self, data: str | bytes) -> bool:
        """Send a signal, or hand something short to another thread that will answer it.

        Everything else, and every refusal, is for a turn.
        """
        # A long message takes long to parse, and meanwhile no socket is read.
        if len(data) > MAX_LENGTH_AT_ONCE or not self.hurries or not self._bucket.take():
            return False
        self._hurried, self._size = True, len(data)
        try:
            body = self.parse(data)
            if body is None:
                raise NotAtOnce
            handler = self._messages.handlers.get(same_type(body["type"]), Socket._on_event)
            if not self._is_for_now(handler):
                raise NotAtOnce
            refuse_nul(data, body)
            refuse_large_numbers(data)
            admit(handler, self.caller)
            handler(self, body)
        except (NotAtOnce, ApiError):
            self._quick = False
            self._bucket.give_back(1)
        finally:
            self._hurried = False
        return self._quick

    def _is_for_now(self, handler: Handler) -> bool:
        if handler in self._messages.publishing:
            return not self._deferred  # answers keep the order of their requests
        self._tell()
        return handler in self._messages.deferring and self._deferred.has_room(self._size)

    def settle(self) -> None:
        """Commit what was published, send the signals, answer what other threads have finished."""
        self._group.commit()
        self._tell()
        self._deferred.settle(wait=False)

    def settle_all(self) -> None:
        """Do the same, and wait for what other threads have not finished yet."""
        self.settle()
        self._deferred.settle()

    def patience(self) -> float:
        """Return the seconds until something is due."""
        return min(super().patience(), self._deferred.patience())

    def publish(self, body: Body) -> None:
        """Publish what a message says, whose type is the event's."""
        self._publish(body, body["type"])

    def answer_later(
        self, request: Body, future: Future[Any], members: Callable[[Any], tuple[str, Body]]
    ) -> None:
        """Answer a request with a type and members, which are made from another thread's result.

        Its handler must be registered as `deferring`.
        """

        def answer(result: Any) -> bytes:
            kind, found = members(result)
            return self.speech.answer(kind, request, **found)

        self._deferred.add(request, self._size, future, answer)

    def _finish(self, request: Request) -> None:
        try:
            self._wire.push(request.answer(request.result()) or b"")
        except Exception as error:
            self._push_refusal(translated(error), request.what)

    def _guarded(self, body: Body, handler: Handler) -> Work:
        """Carry out one message and answer its error, if it has one."""
        if handler not in PUBLISHING_HANDLERS:
            self._group.commit()  # answers keep the order of their requests
        if handler not in self._messages.publishing:
            self._quick = handler in self._messages.deferring
            self._tell()
        if handler not in self._messages.deferring:
            self._deferred.settle()
        try:
            self.check_person()
            admit(handler, self.caller)
            work = handler(self, body)
            if work is not None:
                yield from work
        except ConnectionClosed:
            raise
        except Unauthorized as error:
            if handler is Socket._on_auth:
                self._note(error, body)
            self.end(error, TOKEN_ENDED, body)
        except Exception as error:
            self._refuse(translated(error), body)
        finally:
            if not self._group:
                db.session.remove()

    def _refuse(self, error: ApiError, body: Body) -> None:
        self.needs_turn()
        self.settle_all()
        self._push_refusal(error, body)

    def _push_refusal(self, error: ApiError, body: Body) -> None:
        if isinstance(error, Forbidden):
            self._note(error, body)
        self._wire.push(self.speech.refusal(error, body))

    def _note(self, error: ApiError, body: Body) -> None:
        """Record a refusal for the audit."""
        refusals.access(self.caller.user_id, *protocol.about(body), error)

    # -- messages -----------------------------------------------------------------------------

    @needs_nothing
    def _on_arrival(self, body: Body) -> None:
        """Do nothing: that they may be here has been checked."""

    @needs_nothing
    def _on_auth(self, body: Body) -> None:
        """Renew the token."""
        self.renew(from_token(protocol.token_of(body), LIVE_AREA), body)

    @needs_nothing
    def _on_ping(self, body: Body) -> None:
        self.answer("pong", body, time=utcnow())

    @needs(LIVE_AREA, write=True)
    def _on_publish(self, body: Body) -> None:
        """Publish: `event` names the type."""
        self._publish(body, body.get("event", body.get("event_type")))

    @needs(LIVE_AREA, write=True)
    def _on_event(self, body: Body) -> None:
        """Publish: the message's type is the event's."""
        self.publish(body)

    def _publish(self, body: Body, kind: object) -> None:
        what = publishing.draft(kind, body.get("payload", body.get("data", {})))
        followed = list(self.follower.topics)
        topic = protocol.topic_of(body, followed[0] if len(followed) == 1 else None)
        self._quick = not what.kept
        if not (self._quick and self._is_quick(what.kind, topic)):
            self.needs_turn()
        if what.kept:
            self._tell()
            self.sent(body, self._group.add(body, what, topic, self.caller))
            return
        self._group.commit()  # a signal comes after events that were sent before it
        place = self.place(topic)
        message = publishing.signal(what, place, self.caller)
        self.sent(body, message)
        self.live.hub.keep(message)  # sent with everything that came at once
        if "ref" in body:
            self.answer("published", body, topic=topic, id=None)

    def sent(self, request: Body, message: Message) -> None:
        """Learn what a request sends, before anybody gets it."""

    def withdrawn(self, message: Message) -> None:
        """Learn that a message is not in the log after all: nobody gets it."""


#: Handlers whose events may share a group commit with earlier ones.
PUBLISHING_HANDLERS = (Socket._on_publish, Socket._on_event)

#: What every socket takes, by the message's type; any other type is published as an event.
HANDLERS: dict[str, Handler] = {
    "auth": Socket._on_auth,
    "ping": Socket._on_ping,
    "subscribe": Socket._on_subscribe,
    "unsubscribe": Socket._on_unsubscribe,
    "publish": Socket._on_publish,
}


def init_app(app: Flask) -> None:
    """Register the messages that all of an application's sockets take."""
    for kind, handler in HANDLERS.items():
        register(app, kind, handler, OWN_MESSAGES[kind], publishing=handler in PUBLISHING_HANDLERS)
    # Without a type of its own: it takes all that are not registered.
    MESSAGES.of(app).publishing.append(Socket._on_event)
