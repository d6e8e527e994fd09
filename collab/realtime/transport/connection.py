"""What all WebSockets have in common, whichever protocol they speak."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...auth.guard import recheck
from ...core.caller import Caller, act_as
from ...core.errors import Forbidden, NotFound
from ...core.models import utcnow
from ...events.close_codes import GOING_AWAY
from ...projects import access
from ...projects.access import Place
from .follower import PIECE_BYTES, Follower, follow, person
from .frames import fragments
from .live import live
from .served import Served, Work
from .wire import LINGER_S, STOP_LINGER_S, Wire

#: About how many bytes others are sent when somebody comes or goes.
PRESENCE_BYTES = 512


class WireFollower(Follower):
    """The hub's view of a WebSocket."""

    def __init__(self, caller: Caller, wire: Wire) -> None:
        super().__init__(person(caller), wire)
        #: Sends frames; not a method, since it is called for each reader and tick.
        self.write = wire.push

    def too_slow(self) -> None:
        """Disconnect the socket; the close frame says where to resume."""
        self.wire.cut()

    def end(self, code: int, reason: str) -> None:
        """Close the socket."""
        self.wire.shut(code, reason, STOP_LINGER_S if code == GOING_AWAY else LINGER_S)


class Connection(Served):
    """Serves one WebSocket until it ends, turn by turn (see `parked`)."""

    def __init__(self, wire: Wire, caller: Caller, follower: WireFollower) -> None:
        #: The person at the other end, as the database had them after rights last changed.
        self.caller = caller
        self.follower = follower
        self.live = live()
        self._wire = wire
        # No state of rights has that number, so the first message looks its person up.
        self._epoch = -1
        self._places: dict[str, tuple[int, Place]] = {}

    def begin(self) -> Work:
        """Enter the hub, then do what comes before the first message."""
        self.live.hub.enter(self.follower)
        yield from self.welcome()

    @abstractmethod
    def welcome(self) -> Work:
        """Do what comes before the first message.

        The session is checked again: it may have ended before the hub knew this socket.
        """

    def leave(self) -> None:
        """Leave the hub, and do what comes after the last message."""
        self.live.hub.leave(self.follower)
        self.finish()

    def finish(self) -> None:
        """Do what comes after the last message."""
        self.settle_all()

    @abstractmethod
    def tick(self) -> None:
        """Do what is due if the token has expired."""

    def patience(self) -> float:
        """Return the seconds until something is due."""
        return self.token_left()

    def token_left(self) -> float:
        """Return the seconds until the token needs attention."""
        return (self.caller.token_expires - utcnow()).total_seconds()

    def check_person(self) -> None:
        """Look the person up again, if anybody's rights have changed; raises Unauthorized.

        Whatever the message changes is checked again under the writer's lock.
        """
        epoch = self.live.bell.rights_epoch
        if epoch != self._epoch:
            self.caller = recheck(self.caller)
            # The number from before the look-up: a change in between makes the next message look
            # again.
            self._epoch = epoch
        act_as(self.caller)

    def place(self, topic: str) -> Place:
        """Return the place of a topic, looked up again only when somebody's rights changed."""
        epoch = self.live.bell.rights_epoch
        known = self._places.get(topic)
        if known is None or known[0] != epoch:
            known = self._places[topic] = (epoch, access.place(topic, self.caller))
        return known[1]

    def knows(self, topic: str) -> bool:
        """Return whether `place` looks nothing up."""
        return self._places.get(topic, (None,))[0] == self.live.bell.rights_epoch

    def push_paced(self, chunk: bytes, last_id: int = 0) -> Work:
        """Send one piece of a long reply; continue when the peer has taken it."""
        self._wire.push(chunk, last_id)
        # The turn ends here until the peer has read it: a slow reader costs memory for one piece.
        yield

    def push_at_length(self, opcode: int, payload: bytes) -> Work:
        """Send a message of any length, in fragments; live messages must be held back."""
        for piece in fragments(opcode, payload, PIECE_BYTES):
            yield from self.push_paced(piece)

    @contextmanager
    def following(self, place: Place, after: int | None = None) -> Iterator[int]:
        """Follow a topic; within this block, live messages are held back.

        It gives the newest id published. Raises NotFound, and TooManyRequests for people who come
        and go too often: others hear of it each time.
        """
        with self.following_all([place], after) as position:
            try:
                # Again: the right may have gone between the first look and the entry in the hub.
                access.place(place.topic, self.caller)
                yield position
            except (NotFound, Forbidden):
                self.unfollow(place.topic)
                raise

    @contextmanager
    def following_all(self, places: Sequence[Place], after: int | None = None) -> Iterator[int]:
        """Follow topics; check their rights again within this block (`unfollow`)."""
        # Before entering the hub: others hear who comes, so coming often is charged like sending.
        self.live.signals.spend(self.caller.user_id, PRESENCE_BYTES * len(places))
        with self.follower.held():
            yield follow(self.live.hub, self.follower, places, after)

    def unfollow(self, topic: str) -> None:
        """Stop following a topic to which there is no right, and forget what came from it."""
        self.live.hub.remove(self.follower, topic)
        self.follower.forget_held()
