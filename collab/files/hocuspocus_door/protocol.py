"""What @hocuspocus/provider says beyond y-protocols; each message begins with its text's name.

A text is named by its id. Providers that share a socket and a text add a NUL and their own name
(`sessionAwareness`), and hear only what is addressed to both.
"""

from __future__ import annotations

import re

from ...core.schemas import MAX_ID
from ..yjs.protocol import AUTH, sized

#: Kinds of messages, after those of y-protocols (0 to 3). 5, a stateless message, is for programs
#: on the server, and ignored like all others.
CLOSE = 7
SYNC_STATUS = 8
#: Messages without a name, which are heartbeats.
PING = b"\x09"
PONG = b"\x0a"

#: AUTH, from the provider: here is my token. To the provider: send it again.
TOKEN = 0
DENIED = 1
AUTHENTICATED = 2

TOKEN_REQUEST = bytes((AUTH, TOKEN))

#: How a text may be named.
NAME_PATTERN = re.compile(rb"(?:file:)?([1-9][0-9]{0,18})")


def denied(reason: str) -> bytes:
    """Write that the provider may not open the text, or no longer may."""
    return bytes((AUTH, DENIED)) + sized(reason.encode())


def authenticated(*, writes: bool) -> bytes:
    """Write that the provider has the text open, and whether it may change it."""
    return bytes((AUTH, AUTHENTICATED)) + sized(b"read-write" if writes else b"readonly")


def sync_status(*, saved: bool) -> bytes:
    """Write what became of a change."""
    return bytes((SYNC_STATUS, saved))


def closed(reason: str) -> bytes:
    """Write that the text is no longer open."""
    return bytes((CLOSE,)) + sized(reason.encode())


def file_of(key: bytes) -> int | None:
    """Return the id of the text that a name names, if any."""
    match = NAME_PATTERN.fullmatch(key.partition(b"\0")[0])
    return int(match[1]) if match and int(match[1]) <= MAX_ID else None
