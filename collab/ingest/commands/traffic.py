"""Events as a shop's visitors cause them: sessions, funnels, a day's curve, and mistakes."""

from __future__ import annotations

import math
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Json = dict[str, Any]

PAGES = ("/", "/rockets", "/suits", "/helmets", "/sale", "/about")
BROWSERS = ("Firefox", "Chrome", "Safari")
#: From a type to the types that follow it, with their weights; None: the visitor leaves.
WAYS: dict[str, tuple[tuple[str | None, int], ...]] = {
    "page_view": (("page_view", 50), ("search", 15), ("add_to_cart", 12), (None, 23)),
    "search": (("page_view", 60), ("add_to_cart", 20), (None, 20)),
    "add_to_cart": (("page_view", 30), ("checkout", 45), (None, 25)),
    "checkout": (("purchase", 70), (None, 30)),
    "purchase": (("page_view", 20), (None, 80)),
}
#: Shares of all events: sent again, sent late, and unreadable.
DUPLICATE_SHARE = 0.01
LATE_SHARE = 0.01
BROKEN_SHARE = 0.005
#: Visitors at a time, and people who come again.
MAX_VISITORS = 200
KNOWN_PEOPLE = 2000
#: Events that may be sent again.
REMEMBERED_EVENTS = 500
LATEST_MINUTES = (6, 180)


def day_curve(moment: datetime) -> float:
    """Return how busy an hour of the day is: from 0.4 at night to 1.6 in the afternoon (UTC)."""
    hour = moment.hour + moment.minute / 60
    return 1 + 0.6 * math.sin((hour - 9) / 24 * 2 * math.pi)


@dataclass
class Visitor:
    """Somebody who is there now."""

    user_id: str
    session_id: str
    browser: str
    last_type: str | None = None


@dataclass
class Traffic:
    """Makes events; the same seed makes the same ones, except for their time."""

    random: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self._visitors: list[Visitor] = []
        self._sent: deque[Json] = deque(maxlen=REMEMBERED_EVENTS)

    def take(self, count: int, now: datetime) -> list[Json]:
        """Return the next events, current or late."""
        return [self._one(now) for _ in range(count)]

    def _one(self, now: datetime) -> Json:
        chance = self.random.random()
        if chance < DUPLICATE_SHARE and self._sent:
            return self.random.choice(self._sent)
        event = self._event(now)
        if chance > 1 - BROKEN_SHARE:
            return self._broken(event)
        self._sent.append(event)
        return event

    def _event(self, now: datetime) -> Json:
        visitor = self._visitor()
        kind = str(visitor.last_type)
        when = now
        if self.random.random() < LATE_SHARE:
            when -= timedelta(minutes=self.random.uniform(*LATEST_MINUTES))
        return {
            "event_id": str(uuid.UUID(int=self.random.getrandbits(128), version=4)),
            "event_type": kind,
            "timestamp": when.astimezone(UTC).isoformat(timespec="milliseconds"),
            "user_id": visitor.user_id,
            "data": self._data(kind, visitor),
            "metadata": {"source": "web", "version": "1.0", "browser": visitor.browser},
        }

    def _visitor(self) -> Visitor:
        """Let a visitor do the next thing, or another one come."""
        if len(self._visitors) < MAX_VISITORS and self.random.random() < 0.35:
            return self._arrives()
        while self._visitors:
            at = self.random.randrange(len(self._visitors))
            visitor = self._visitors[at]
            ways = WAYS[str(visitor.last_type)]
            following = self.random.choices([k for k, _ in ways], [w for _, w in ways])[0]
            if following is not None:
                visitor.last_type = following
                return visitor
            self._visitors.pop(at)
        return self._arrives()

    def _arrives(self) -> Visitor:
        # Some come often, most rarely.
        number = int(KNOWN_PEOPLE * self.random.random() ** 3)
        session = f"{self.random.getrandbits(48):012x}"
        browser = self.random.choice(BROWSERS)
        self._visitors.append(Visitor(f"visitor-{number}", session, browser, "page_view"))
        return self._visitors[-1]

    def _data(self, kind: str, visitor: Visitor) -> Json:
        data: Json = {"session_id": visitor.session_id, "page": self.random.choice(PAGES)}
        if kind == "search":
            data["query"] = self.random.choice(["moon boots", "cheap rocket", "oxygen"])
        if kind in ("add_to_cart", "purchase"):
            data["amount"] = round(self.random.lognormvariate(3.5, 0.8), 2)
        return data

    def _broken(self, event: Json) -> Json:
        """Break an event in one of the ways that happen."""
        return self.random.choice(
            [
                {name: value for name, value in event.items() if name != "event_type"},
                event | {"timestamp": "yesterday"},
                event | {"data": "page=/home"},
            ]
        )
