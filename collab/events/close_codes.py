"""Why a live connection was closed, as numbers: RFC 6455 §7.4, and 4000 to 4999 for our own.

Clients decide by the number whether to reconnect. Stock Yjs providers (y-websocket from 3.1 on)
treat 4400 to 4499 as final and all others as transient, and so do we: where reconnecting can't
help, the code is the HTTP status that says the same, plus 4000. Transient ones are below 4400, or
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

#: The access token has expired, its session has not: come back with a fresh one.
TOKEN_EXPIRED = 4501
#: What one may do in the whole service has changed: come back, and be checked again.
RIGHTS_CHANGED = 4503
#: A ping was not answered in time.
NO_PONG = 4508


def is_final(code: int) -> bool:
    """Return whether coming back can't help."""
    return 4400 <= code < 4500
