"""A socket that speaks JSON before its person is known, and how such sockets end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

from simple_websocket import ConnectionClosed

from ...auth import refusals
from ...auth.guard import from_token
from ...core.caller import Caller
from ...core.errors import ApiError, Unauthorized
from ...core.text.nul import refuse_nul
from ...core.text.numbers import refuse_large_numbers
from ...events.close_codes import TOKEN_ENDED
from ..transport.served import Served, Work
from ..transport.wire import Wire
from . import protocol
from .protocol import JSON_SPEECH, Body, Speech

#: Seconds to send the first `auth` message.
AUTH_PATIENCE_S = 10.0


class Stranger(Served):
    """Somebody who has not signed in yet: the first message must be a valid `auth`."""

    def __init__(self, wire: Wire, known: Callable[[Caller], Work]) -> None:
        self._wire, self._known = wire, known
        self._until = time.monotonic() + AUTH_PATIENCE_S

    def begin(self) -> Work:
        """Wait."""
        yield from ()

    def take(self, data: str | bytes) -> Work:
        """Sign them in, and go on with their connection."""
        yield from self._known(first_auth(self._wire, data))

    def tick(self) -> None:
        """End if no message came in time."""
        if self.patience() <= 0:
            first_auth(self._wire, None)

    def patience(self) -> float:
        """Return the seconds that are left."""
        return self._until - time.monotonic()


def first_auth(wire: Wire, data: str | bytes | None) -> Caller:
    """Read the first message, which must be a valid `auth`, and return its person."""
    body: Body = {}
    try:
        body = {} if data is None else protocol.parse(data)
        refuse_nul(data or "", body)
        refuse_large_numbers(data or "")
        if body.get("type") != "auth":
            raise Unauthorized("The first message must be `auth` with a `token`.")
        who = from_token(protocol.token_of(body), protocol.LIVE_AREA)
    except ApiError as error:
        if body.get("type") == "auth":
            refusals.token(*protocol.about(body), error)
        end(wire, error, TOKEN_ENDED, body)
    wire.push(authenticated(who, body))
    return who


def end(
    wire: Wire,
    error: ApiError,
    code: int,
    request: Body | None = None,
    speech: Speech = JSON_SPEECH,
) -> NoReturn:
    """Say what is wrong and close; raises ConnectionClosed."""
    wire.push(speech.refusal(error, request) + speech.last_words(code, error.detail))
    wire.shut(code, error.detail)
    raise ConnectionClosed(code, error.detail)


def authenticated(who: Caller, request: Body, speech: Speech = JSON_SPEECH) -> bytes:
    """Answer a valid `auth`."""
    members = {"user_id": who.user_id, "expires_at": who.token_expires}
    return speech.answer("authenticated", request, **members)
