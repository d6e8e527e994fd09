"""A connection whose token expires while it is open."""

from __future__ import annotations

from typing import NoReturn

from ...core.caller import Caller
from ...core.errors import ApiError, Forbidden, Unauthorized
from ...core.slots import setting
from ...events.close_codes import TOKEN_ENDED
from ..transport.connection import Connection
from ..transport.wire import Wire
from .follower import SocketFollower
from .protocol import Body, Speech
from .stranger import authenticated, end


class Expiring(Connection):
    """A connection that is warned when its token has expired, and ends if no fresh one comes."""

    def __init__(
        self, wire: Wire, caller: Caller, follower: SocketFollower, speech: Speech
    ) -> None:
        super().__init__(wire, caller, follower)
        self.speech = speech
        self._grace: int = setting("TOKEN_GRACE_SECONDS")
        self._warned = False

    def end(self, error: ApiError, code: int, request: Body | None = None) -> NoReturn:
        """Say what is wrong and close; raises ConnectionClosed."""
        end(self._wire, error, code, request, self.speech)

    def token_left(self) -> float:
        """Return the seconds until the token needs attention."""
        return super().token_left() + (self._grace if self._warned else 0)

    def tick(self) -> None:
        """Warn when the token has expired; end if no other comes in time."""
        if self.token_left() > 0:
            return
        if self._warned:
            self.end(Unauthorized("The access token has expired."), TOKEN_ENDED)
        self._warned = True
        detail = "The access token has expired: send `auth` with a fresh one."
        members: Body = {"seconds_left": self._grace, "detail": detail}
        self._wire.push(self.speech.answer("token_expired", **members))

    def renew(self, fresh: Caller, request: Body) -> None:
        """Go on with a fresh token; raises Forbidden if it is another session's."""
        old = self.caller
        # Everything that it follows was checked for the old one: another session opens another
        # socket.
        if (fresh.user_id, fresh.session_id) != (old.user_id, old.session_id):
            raise Forbidden("This socket belongs to another session.")
        self.caller, self._warned = fresh, False
        self._wire.push(authenticated(fresh, request, self.speech))
