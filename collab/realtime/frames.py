"""WebSocket frames as a server writes them (RFC 6455 §5): unmasked and uncompressed.

Uncompressed frames are legal where permessage-deflate was negotiated (RFC 7692 §6), and they can be
written once for everybody.
"""

from __future__ import annotations

import struct

TEXT, CLOSE = 0x81, 0x88

#: A close frame's reason is at most this many bytes.
REASON_LIMIT = 123

#: Close codes (RFC 6455 §7.4.1).
NORMAL_CLOSURE, POLICY_VIOLATION, MESSAGE_TOO_BIG, INTERNAL_ERROR = 1000, 1008, 1009, 1011


def frame(opcode: int, payload: bytes) -> bytes:
    """Write a frame that is a whole message."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", opcode, 126, size) + payload
    return struct.pack("!BBQ", opcode, 127, size) + payload


def text_frame(payload: bytes) -> bytes:
    """Write a text message."""
    return frame(TEXT, payload)


def close_frame(code: int, reason: str) -> bytes:
    """Write a close frame, its reason cut to what fits."""
    cut = reason.encode()[:REASON_LIMIT].decode(errors="ignore").encode()
    return frame(CLOSE, struct.pack("!H", code) + cut)
