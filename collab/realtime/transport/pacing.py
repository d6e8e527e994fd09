"""How much a peer's bytes are read at once, and how long readers may take."""

from __future__ import annotations

#: Bytes read at once.
READ_BYTES = 64 * 1024
#: Messages carried out without a turn, in the reading thread, before other sockets have theirs.
MESSAGES_AT_ONCE = 64
#: Bytes handled in one turn before other sockets have theirs.
TURN_BYTES = 512 * 1024
#: Bytes a second that a socket may send; past it, it is read later. Not refused, since TCP slows
#: the sender down: nothing is lost.
BYTES_PER_SECOND = 8 * 2**20
#: Bytes that are read from a peer who has been told of the end. Unread bytes would make the kernel
#: answer our close with a reset, and the peer would not see why.
LAST_BYTES = 1024 * 1024
#: Seconds that a reader may take for a piece while they catch up.
CATCH_UP_PATIENCE_S = 30.0
