"""Small changes that come faster than messages may, joined before they are carried out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from ...core.errors import Malformed
from ..updates.joining import Joined
from . import protocol
from .protocol import SYNC, UPDATE, MessageReader

#: Bytes of a small message: some typing, not a paste.
MAX_SMALL_BYTES = 1024

Messages = deque[str | bytes]


def join(messages: Messages) -> None:
    """Replace changes that follow one another by one that says the same."""
    joined = list(_joined(messages))
    messages.clear()
    messages.extend(joined)


def _joined(messages: Iterable[str | bytes]) -> Iterator[str | bytes]:
    group = Joined()
    for one in messages:
        update = small_update(one)
        if update is not None and group.add(update):
            continue
        yield from _said(group)
        group = Joined()
        # The first of a new group; a change that can't be joined goes as it came.
        if update is None or not group.add(update):
            yield one
    yield from _said(group)


def _said(group: Joined) -> Iterator[bytes]:
    if group.count:
        yield protocol.sync(UPDATE, group.written())


def small_update(message: str | bytes) -> bytes | None:
    """Return the update that a message brings, if it brings a small one and nothing else."""
    # A long one is worth a message of its own, and joining it would copy it.
    if isinstance(message, str) or len(message) > MAX_SMALL_BYTES:
        return None
    reader = MessageReader(message)
    try:
        if (reader.number(), reader.number()) != (SYNC, UPDATE):
            return None
        update = reader.sized()
    except Malformed:
        return None
    return update if reader.over else None
