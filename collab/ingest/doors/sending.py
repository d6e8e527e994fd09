"""Putting what was sent into the inbox: when that returns, it survives a power cut."""

from __future__ import annotations

import time

import orjson
from flask import request

from ...core.errors import TooManyRequests
from ...core.storage import disk
from .. import store
from ..pipeline.inbox import InboxFull, QuotaReached, Request
from .forms import Sent
from .senders import Origin

#: Characters of a `User-Agent` that are kept.
MAX_AGENT_CHARACTERS = 300


class InboxIsFull(TooManyRequests):
    """Events arrive faster than they are processed: wait as long as `Retry-After` says."""

    kind = "inbox-full"


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def append(sent: Sent, origin: Origin, received: int, events: int) -> int | str | None:
    """Keep what was sent, and return its number; None for an empty list.

    Callers may drop what they parsed from it before this, which waits for the disk. Raises
    InboxIsFull, ProjectFull and DiskFull.
    """
    if not events:
        return None
    # Refused before the disk is full: the worker needs room to empty the inbox.
    disk.require_free(len(sent.body))
    kept = Request(
        project=origin.project_id,
        source=origin.source_id,
        received=received,
        format=sent.format,
        events=events,
        context=_context(sent, origin),
        body=sent.body,
    )
    try:
        return store.append(kept)
    except InboxFull as full:
        raise InboxIsFull(retry_after=full.retry_after_s) from None
    except QuotaReached as reached:
        raise store.ProjectFull(reached.used, reached.limit) from None


def _context(sent: Sent, origin: Origin) -> str:
    agent = request.headers.get("User-Agent", "")[:MAX_AGENT_CHARACTERS]
    # A lone surrogate can be sent as JSON, but can't be written as UTF-8.
    sent_at = (sent.read.sent_at or "").encode(errors="replace").decode()
    known = {"user_agent": agent, "account": origin.user_id, "sent_at": sent_at}
    told = {name: value for name, value in known.items() if value}
    return orjson.dumps(told).decode()
