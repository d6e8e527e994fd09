"""Why a live connection was closed, as numbers: RFC 6455 §7.4, and 4000 to 4999 for our own.

Clients decide by the number whether they come back. Stock Yjs providers (y-websocket from 3.1 on)
take 4400 to 4499 as final and all others as passing, and so do we: what a client can't mend by
coming back is the status of HTTP that says the same, plus 4000. What passes by is below 4400, or
in 4500 to 4599, where the last two digits are those of that status.
"""

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
#: What was sent is not a message of the protocol.
UNREADABLE_MESSAGE = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
#: Registered with IANA after the RFC: there is no place for the connection now.
TRY_AGAIN_LATER = 1013

SLOW_READER = 4008

UPDATE_REFUSED = 4400
TOKEN_ENDED = 4401
FORBIDDEN_CLOSURE = 4403
NOT_FOUND_CLOSURE = 4404
#: There is no room for what was sent.
TOO_LARGE = 4413

#: The access token has run out, its session has not: come back with a fresh one.
TOKEN_EXPIRED = 4501
#: What one may do has changed in the whole service: come back, and be checked again.
RIGHTS_CHANGED = 4503
#: A ping was not answered in time.
NO_PONG = 4508


def is_final(code: int) -> bool:
    """Return whether coming back can't help."""
    return 4400 <= code < 4500
