"""Correcting, replaying and discarding dead letters, each in a transaction of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...core.json import dumps, loads
from ...frozen import frozen
from ..pipeline.counters import add_totals
from ..pipeline.engines.face import Store
from ..pipeline.inbox import Request, put
from ..pipeline.store import DISCARDED, OPEN, REPLAYED

#: Bytes in the inbox for letters that are replayed together.
MAX_REPLAY_BYTES = 16 * 2**20

#: What an archived request says about itself: a replay of its events is a separate request.
OF_AN_IMPORT = ("imported", "receipt")

QUEUED = "queued"
UNCHANGED = "unchanged"


@frozen
class Outcome:
    """What happened to a letter, or would happen."""

    id: int
    outcome: str
    stage: str | None = None
    reason: str | None = None


def correct(connection: Store, key: int, correction: bytes | None, now: int) -> bool:
    """Note what to send in a letter's place; returns False if it is no longer open.

    Its size counts towards its project's bytes.
    """
    row = connection.execute(
        "SELECT source, coalesce(length(correction), 0) FROM dead_letters"
        " WHERE id = ? AND state = ?",
        (key, OPEN),
    ).fetchone()
    if row is None:
        return False
    source, before = row
    connection.execute(
        "UPDATE dead_letters SET correction = ?, changed_at = ? WHERE id = ?",
        (correction, now, key),
    )
    add_totals(connection, "bytes", {source: len(correction or b"") - before})
    return True


def discard(connection: Store, ids: Sequence[int], now: int) -> list[Outcome]:
    """Discard letters; those that are no longer open stay as they are."""
    return [
        Outcome(key, DISCARDED)
        if _close(connection, key, DISCARDED, now)
        else _unchanged(connection, key)
        for key in ids
    ]


def replay(connection: Store, ids: Sequence[int], now: int, most_bytes: int) -> list[Outcome]:
    """Put letters into the inbox again, corrected or as they were; each one once.

    They no longer count as rejected, but as waiting; they were received before, and do not count
    again. There are fewer outcomes than ids if the letters are too large together, but one is
    always sent.
    """
    outcomes: list[Outcome] = []
    requests: list[Request] = []
    size = 0
    for key in ids:
        row = connection.execute(
            "SELECT length(payload) + coalesce(length(correction), 0) FROM dead_letters"
            " WHERE id = ?",
            (key,),
        ).fetchone()
        size += row[0] if row else 0
        # At least one: otherwise a letter larger than the bound could never be sent again.
        if size > most_bytes and outcomes:
            break
        if _close(connection, key, REPLAYED, now):
            requests.append(_request(connection, key, now))
            outcomes.append(Outcome(key, QUEUED))
        else:
            outcomes.append(_unchanged(connection, key))
    put(connection, requests, counts=False)
    rejected = Counter(one.source for one in requests)
    add_totals(connection, "rejected", {source: -number for source, number in rejected.items()})
    return outcomes


def _close(connection: Store, key: int, state: str, now: int) -> bool:
    done = connection.execute(
        "UPDATE dead_letters SET state = ?, changed_at = ? WHERE id = ? AND state = ?",
        (state, now, key, OPEN),
    )
    # By the row count: of two people who replay the same letter, only one does.
    return done.rowcount == 1


def _request(connection: Store, key: int, now: int) -> Request:
    project, source, format, received, receipt, context, body = connection.execute(
        "SELECT project, source, format, received, receipt, context,"
        " coalesce(correction, payload) FROM dead_letters WHERE id = ?",
        (key,),
    ).fetchone()
    said = {name: one for name, one in loads(context).items() if name not in OF_AN_IMPORT}
    # An event without its own time keeps that of its first receipt.
    said |= {"replaces": receipt, "first_received": said.get("first_received", received)}
    return Request(project, source, now, format, 1, dumps(said).decode(), body)


def _unchanged(connection: Store, key: int) -> Outcome:
    row = connection.execute("SELECT state FROM dead_letters WHERE id = ?", (key,)).fetchone()
    why = f"It is {row[0]} already." if row else "It is gone."
    return Outcome(key, UNCHANGED, reason=why)
