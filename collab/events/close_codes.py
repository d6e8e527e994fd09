"""Why a live connection was closed, as numbers: RFC 6455 §7.4, and 4000 to 4999 for our own.

Our own from 4400 on are the statuses of HTTP that say the same.
"""

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
#: Registered with IANA after the RFC: there is no place for the connection now.
TRY_AGAIN_LATER = 1013

SLOW_READER = 4008
TOKEN_ENDED = 4401
FORBIDDEN_CLOSURE = 4403
NOT_FOUND_CLOSURE = 4404
