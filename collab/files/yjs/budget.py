"""How long a Yjs editor's message may be, and how many bytes of long ones there may be at once.

A text has up to 2 MiB, and the updates that make it are longer: each separate edit takes some 10 to
20 bytes besides its characters, and deletions are listed. A paste of a whole text, and a backlog of
20,000 edits, stay below 4 MiB; 8 MiB leave room for as much again.
"""

from __future__ import annotations

from ...core.slots import Slot
from ...events.close_codes import TOO_LARGE
from ...realtime.budget import Budget, SizeLimit
from ...realtime.transport.wire import Wire

#: Bytes of one message: an update of 8 MiB, and the bytes that say that it is one.
MAX_MESSAGE_BYTES = 8 * 2**20 + 16
#: Bytes from which on the reader waits until a message is on disk.
LONG_MESSAGE_BYTES = 256 * 1024
#: Bytes of longer messages being read or carried out, for one person.
MAX_BYTES_PER_PERSON = 16 * 2**20
#: The same for everybody together.
MAX_BYTES_IN_ALL = 48 * 2**20

BUDGET: Slot[Budget] = Slot("incoming", lambda _: Budget(MAX_BYTES_PER_PERSON, MAX_BYTES_IN_ALL))


def limit_of(wire: Wire) -> SizeLimit:
    """Return the limit of an editor's socket."""
    return SizeLimit(BUDGET.here(), wire, MAX_MESSAGE_BYTES, too_long_code=TOO_LARGE)
