"""Places for long connections: how many may be open, and how many of these one caller may have."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from ...core.errors import TooManyRequests, Unavailable
from ...frozen import frozen

#: When to try again, in seconds.
RETRY_S = 5
#: Connections that we have closed, and whose peers may take some seconds to answer that: they no
#: longer have a place. Past that many, a connection ends with our close.
MAX_LINGERING = 256


@frozen
class Limits:
    """How many places there are, for all, for one person and for one address."""

    all: int
    person: int
    address: int


class Capacity:
    """Counts places."""

    def __init__(
        self, limits: Limits, moved: Callable[[str, int], object] = lambda *_: None
    ) -> None:
        """Make it; `moved` is told the door through which one comes (1) or goes (-1)."""
        self._moved = moved
        self._limits, self._used, self._lingering = limits, 0, 0
        self._people: Counter[int] = Counter()
        #: Strangers, who have not said yet who they are, in the order in which they began to wait
        #: for saying so.
        self._strangers: dict[Seat, None] = {}
        self._networks: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, network: str, user_id: int | None = None, *, door: str) -> Seat:
        """Take a place; raises Unavailable when all are taken, and TooManyRequests.

        Strangers make room, from when they can be told of it (`Seat.when_left`): nobody needs an
        account to be one.
        """
        seat, left = Seat(self, network, door), None
        with self._lock:
            if self._networks[network] >= self._limits.address:
                # Before the person's own limit, which is checked once they are known: strangers are
                # counted by address.
                raise _too_many("address", self._limits.address)
            if self._used >= self._limits.all:
                left = self._make_room()
            self._used += 1
            self._networks[network] += 1
        self._moved(door, 1)
        if left is not None:
            self._moved(left.door, -1)
            left.leave()
        try:  # outside the lock, which `name` takes
            self.name(seat, user_id)
        except TooManyRequests:
            self.give_back(seat)
            raise
        return seat

    def _make_room(self) -> Seat:
        """Take the place of the stranger who came first; raises Unavailable if there are none."""
        left = next(iter(self._strangers), None)
        if left is None:
            raise _no_place()
        self._take_back(left)
        return left

    def wait_for_name(self, seat: Seat) -> None:
        """Have a place make room, where nobody knows by now whose it is."""
        with self._lock:
            if seat.user_id is None and not seat.given_back:
                self._strangers[seat] = None

    def name(self, seat: Seat, user_id: int | None) -> None:
        """Learn which person takes the place; raises TooManyRequests, Unavailable."""
        with self._lock:
            # Found under the lock: who moves in this moment is counted there.
            seat = seat.heir or seat
            # A socket may say who it is in its first message, and again later: the seat is counted
            # once.
            if user_id is None or seat.user_id is not None:
                return
            if seat.given_back:
                raise _no_place()
            if self._people[user_id] >= self._limits.person:
                raise _too_many("person", self._limits.person)
            self._people[user_id] += 1
            seat.user_id = user_id
            self._strangers.pop(seat, None)

    def pass_on(self, seat: Seat, heir: Seat) -> None:
        """Move the person of a place to another one, in which they continue."""
        with self._lock:
            seat.heir = heir
            if seat.user_id is None or seat.given_back or heir.given_back:
                return
            heir.user_id, seat.user_id = seat.user_id, None
            self._strangers.pop(heir, None)

    def give_back(self, seat: Seat) -> None:
        """Give a place back, once."""
        with self._lock:
            if seat.given_back:
                return
            self._take_back(seat)
        self._moved(seat.door, -1)

    def _take_back(self, seat: Seat) -> None:
        seat.given_back = True
        self._used -= 1
        self._strangers.pop(seat, None)
        _less(self._networks, seat.network)
        if seat.user_id is not None:
            _less(self._people, seat.user_id)

    def linger(self, seat: Seat) -> bool:
        """Give a place back; return whether its connection may stay until its peer has answered."""
        with self._lock:
            # Counted apart from places: peers that never answer our close must not keep others out.
            if not seat.lingers and self._lingering < MAX_LINGERING:
                self._lingering += 1
                seat.lingers = True
        self.give_back(seat)
        return seat.lingers

    def end(self, seat: Seat) -> None:
        """Learn that a connection has ended."""
        self.give_back(seat)
        with self._lock:
            self._lingering -= seat.lingers
            seat.lingers = False

    @property
    def lingering(self) -> int:
        """Return how many connections have no place and are still open."""
        return self._lingering

    @property
    def used(self) -> int:
        """Return how many are taken."""
        return self._used


class Seat:
    """A place that somebody has."""

    def __init__(self, capacity: Capacity, network: str, door: str) -> None:
        self._capacity, self.network, self.door = capacity, network, door
        self.user_id: int | None = None
        self.given_back = self.lingers = False
        self._when_left: Callable[[], object] = lambda: None
        #: Where its person continues; the lock of all guards it.
        self.heir: Seat | None = None

    def when_left(self, told: Callable[[], object]) -> None:
        """Have a connection told when its place goes to somebody else.

        Until then the place stays its own, while it is being found out who comes.
        """
        self._when_left = told
        self._capacity.wait_for_name(self)

    def leave(self) -> None:
        """Tell the connection that its place went to somebody else."""
        self._when_left()

    def belongs_to(self, user_id: int) -> None:
        """Learn which person takes the place; raises TooManyRequests if they have too many.

        Raises Unavailable if somebody else has it by now.
        """
        self._capacity.name(self, user_id)

    def pass_on(self, heir: Seat) -> None:
        """Continue in another place, now and once it is known who this is."""
        self._capacity.pass_on(self, heir)

    def give_back(self) -> None:
        """Give the place back; a second time does nothing."""
        self._capacity.give_back(self)

    def linger(self) -> bool:
        """Give the place back; return whether the peer may take a moment to answer our close."""
        return self._capacity.linger(self)

    def end(self) -> None:
        """Give everything back: the connection has ended."""
        self._capacity.end(self)


def _no_place() -> Unavailable:
    return Unavailable("All places for live connections are taken.", retry_after=RETRY_S)


def _less(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if not counter[key]:
        # Kept at 0, every address that ever came would stay in memory.
        del counter[key]


def _too_many(whose: str, limit: int) -> TooManyRequests:
    has = "You have" if whose == "person" else "Your address has"
    detail = f"{has} {limit} live connections open already, which is all that one {whose} may have."
    return TooManyRequests(detail, retry_after=RETRY_S)
