"""How much an update may have. Stock editors stay far below; a native parser must not get more."""

from __future__ import annotations

#: Nesting levels of values in values, and of types in types. Yjs in JavaScript gives up at some
#: 5,000.
MAX_DEPTH = 100
#: Clients that one update has structs of.
MAX_CLIENTS = 1_000
#: Structs of one update: an offline backlog, or the whole of a document that was made elsewhere.
MAX_STRUCTS = 20_000
#: Ranges that one update deletes, and clients whose ranges these are: every editor sends all that
#: it knows when it connects.
MAX_RANGES = 50_000
#: JSON and lib0 values in one update, including those inside others.
MAX_VALUES = 100_000
#: The largest clock. The library counts with signed 32-bit numbers.
MAX_CLOCK = 2**31 - 1
#: The largest client id, which is JavaScript's largest whole number.
MAX_CLIENT = 2**53 - 1
#: Client ids from here on are the server's own: stock Yjs takes ids below 2^32, and one in half a
#: billion of the ids that other libraries draw is that large.
SERVERS_OWN = 2**53 - 2**24


class Unusable(Exception):
    """An update that can't be taken: it is not an update, or not one of plain text."""
