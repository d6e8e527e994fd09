"""Unpacking a request: its events, letters for what is not an event, lines for the archive."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import orjson

from .archives.archive import HOUR_MS, Slot, head, line
from .batch import Batch, Item, Letter, Row, letter_of_sent
from .event import Rejected, time_of
from .formats import Body, Undecodable, decode, is_sound
from .stages import Context, KnownSource, corrected, validate

log = logging.getLogger(__name__)

#: CPU seconds that checking the events of one request may use: the rest is then rejected. Not
#: wall-clock seconds: on a busy machine good events would pay for others' work.
CHECK_PATIENCE_S = 2.0
GIVEN_UP_REASON = "The worker died several times while processing the request with this event."


class Patience:
    """Tells when a thread has worked for too long, not counting its waits for others."""

    def __init__(
        self,
        passed: Callable[[], float] = time.perf_counter,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._passed, self._worked = passed, worked
        self._until = passed() + CHECK_PATIENCE_S, worked() + CHECK_PATIENCE_S

    def is_over(self) -> bool:
        """Return whether it has."""
        # Reading the first clock takes no system call, and the second one is never ahead of it.
        return self._passed() > self._until[0] and self._worked() > self._until[1]


def unpack(
    row: Row, source: KnownSource, batch: Batch, hash_key: bytes, patience: Patience | None = None
) -> None:
    """Unpack a request: its events, letters for what is not an event, its lines."""
    said = orjson.loads(row.context)
    try:
        body = decode(row.format, row.body)
    except Undecodable as error:  # the doors check, too: something else has written this
        log.error("ingest: request %s %s", row.id, error)
        body = Body([None] * row.events)
    if body.sent_at:
        said["sent_at"] = body.sent_at
        row.context = orjson.dumps(said).decode()  # so that a letter of it has it, too
    batch.found[row.id] = len(body.values)
    context = _context(row, source, said, body, hash_key)
    lines = [] if said.get("imported") else batch.lines.setdefault(_slot(row), [])
    common = head(row.source, row.received, row.format, said)
    patience = patience or Patience()
    for place, value in enumerate(body.values):
        receipt = f"{context.receipt}:{place}"
        try:
            if place and patience.is_over():
                raise Rejected("validate", "Checking the events before this one took too long.")
            event = validate(value, row.format, place, context)
            ts = corrected(event.ts, row.received, context.skew_ms)
            written = line(common, receipt, value, event, ts, None)
            batch.items.append(Item(event, context, row, place, value))
        except Exception as error:  # whatever it is, the other events continue
            reason = reason_of(error, row, place)
            batch.letters.append(letter_of_sent(row, context, place, reason, value))
            unsound = None if is_sound(value) else row.payload(place)
            written = line(common, receipt, value, None, 0, unsound)
        lines.append(written)


def give_up(row: Row, source: KnownSource, batch: Batch) -> None:
    """Make letters from all of a request's events, and lines from their bytes, unparsed."""
    said = orjson.loads(row.context)
    context = Context(source, said.get("receipt", row.id), row.received)
    batch.found[row.id] = row.events
    lines = [] if said.get("imported") else batch.lines.setdefault(_slot(row), [])
    common = head(row.source, row.received, row.format, said)
    for place in range(row.events):
        letter = Letter(row, context, place, "load", GIVEN_UP_REASON, row.payload(place))
        batch.letters.append(letter)
        lines.append(line(common, letter.receipt, None, None, 0, letter.payload))


def _slot(row: Row) -> Slot:
    return row.project, row.received // HOUR_MS


def reason_of(error: Exception, row: Row, place: int) -> str:
    """Return a letter's reason; unexpected errors are logged, too."""
    if isinstance(error, Rejected):
        return error.reason
    log.warning("ingest: event %s:%d", row.id, place, exc_info=error)
    return f"A stage failed at this event ({type(error).__name__})."


def _context(
    row: Row, source: KnownSource, said: dict[str, Any], body: Body, hash_key: bytes
) -> Context:
    first = said.get("first_received")
    return Context(
        source,
        said.get("receipt", row.id),
        row.received,
        said.get("user_agent"),
        said.get("account"),
        skew(said.get("sent_at"), first or row.received),
        body.suspect,
        hash_key,
        first,
    )


def skew(sent_at: str | None, received: int) -> int | None:
    """Return how far the sender's clock is behind, in milliseconds, if it said when it sent."""
    try:
        sent = time_of(sent_at, "sentAt")
    except Rejected:
        return None
    return None if sent is None else received - sent
