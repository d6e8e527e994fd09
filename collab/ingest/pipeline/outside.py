"""A stage that asks another service: with a deadline, backoff, and a circuit breaker.

It is the plugin behind INGEST_LOOKUP_URL, and a pattern for your own plugins. Each load sends one
request, `POST <url>` with `{"events": [{"type", "user_id", "session_id", "data"}, …]}`; the answer
is `{"events": [{…}, …]}`: equally many objects, whose members are added to each event's metadata.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from ...core.outbound.client import Client
from ...core.outbound.errors import OutboundError, TookTooLong
from ...core.outbound.urls import BadAddress, parse
from .event import Event
from .loading import Postponed
from .stages import Context

log = logging.getLogger(__name__)

#: Seconds that one try may take in all, from resolving the name to the last byte.
TRY_DEADLINE_S = 1.0
#: Tries of one load.
MAX_TRIES = 3
#: The longest pause before the second try; it doubles, and is drawn at random (full jitter).
FIRST_PAUSE_S = 0.1
#: Bytes of an answer.
MAX_ANSWER_BYTES = 4 * 2**20
#: Loads that must fail in a row before the other service is left alone.
FAILURES_TO_OPEN = 3
#: Seconds for which it is left alone: doubled each time that it fails again, up to the second
#: number.
FIRST_REST_S = 5.0
MAX_REST_S = 300.0

CLOSED = "closed"
OPEN = "open"
HALF_OPEN = "half-open"


class Failed(Exception):
    """The other service gave no usable answer."""


class Breaker:
    """A circuit breaker: after failures in a row nobody asks for a while, then one does."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures, self._rest_s, self._opened = 0, FIRST_REST_S, 0.0
        self.state = CLOSED

    def allows(self) -> bool:
        """Return whether to ask now; an open breaker lets the first through after its rest."""
        if self.state == OPEN and self._now() - self._opened >= self._rest_s:
            self.state = HALF_OPEN
        return self.state != OPEN

    def succeeded(self) -> None:
        """Note an answer: everything is as at the beginning."""
        self._failures, self._rest_s, self.state = 0, FIRST_REST_S, CLOSED

    def failed(self) -> None:
        """Note that there was no answer."""
        self._failures += 1
        if self.state == HALF_OPEN:
            self._rest_s = min(2 * self._rest_s, MAX_REST_S)
        if self.state == HALF_OPEN or self._failures >= FAILURES_TO_OPEN:
            self.state, self._opened = OPEN, self._now()


class Lookup:
    """The stage; while the service gives no answer, events go on without, or wait (`required`)."""

    def __init__(
        self,
        url: str,
        *,
        required: bool = False,
        breaker: Breaker | None = None,
        deadline_s: float = TRY_DEADLINE_S,
    ) -> None:
        self._url, self._required, self._deadline_s = url, required, deadline_s
        self.breaker = breaker or Breaker()

    def __call__(self, events: Sequence[Event], contexts: Sequence[Context]) -> None:
        """Add what the other service says; raises Postponed if that is required and unavailable."""
        if not self.breaker.allows():
            return self._do_without("is left alone after failures")
        try:
            found = self._ask_again_and_again(events)
        except Failed as error:
            self.breaker.failed()
            return self._do_without(str(error))
        self.breaker.succeeded()
        for event, more in zip(events, found, strict=True):
            event.metadata.update(more)
        return None

    def _do_without(self, why: str) -> None:
        if self._required:
            raise Postponed(f"the lookup {why}")
        log.warning("ingest: events continue without the lookup, which %s", why)

    def _ask_again_and_again(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        for attempt in range(MAX_TRIES):
            try:
                return self._ask(events)
            except Failed:
                # While testing whether the service is back, one try is enough.
                if attempt == MAX_TRIES - 1 or self.breaker.state == HALF_OPEN:
                    raise
                time.sleep(random.uniform(0, FIRST_PAUSE_S * 2**attempt))  # noqa: S311
        raise Failed("was not asked")

    def _ask(self, events: Sequence[Event]) -> list[dict[str, Any]]:
        asked = [
            {"type": one.type, "user_id": one.user_id, "session_id": one.session_id}
            | {"data": one.data}
            for one in events
        ]
        answer = _exchange(self._url, orjson.dumps({"events": asked}), self._deadline_s)
        try:
            found = orjson.loads(answer)["events"]
        except (ValueError, KeyError, TypeError):
            raise Failed("answered with something other than JSON with `events`") from None
        if not isinstance(found, list) or len(found) != len(events):
            raise Failed("answered for a different number of events")
        if not all(isinstance(one, dict) for one in found):
            raise Failed("answered with something that is not an object")
        return found


def _exchange(url: str, body: bytes, deadline_s: float) -> bytes:
    """Send a request and return the answer's body; raises Failed, at the latest at the deadline.

    The address is the operator's own, so it may be in their network.
    """
    try:
        answer = Client(allow_private=True).send(
            "POST",
            parse(url, allow_private=True),
            deadline_s=deadline_s,
            headers={"Content-Type": "application/json"},
            body=body,
            max_answer_bytes=MAX_ANSWER_BYTES,
        )
    except TookTooLong:
        raise Failed(f"took longer than {deadline_s} s") from None
    except (BadAddress, OutboundError) as error:
        raise Failed(f"failed: {error}") from None
    if answer.status != 200:
        raise Failed(f"said {answer.status}")
    return answer.body
