"""WebSocket frames as a server writes them (RFC 6455 §5): unmasked and uncompressed.

Uncompressed frames are legal where permessage-deflate was negotiated (RFC 7692 §6), and can be
written once for everybody.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

TEXT = 0x81
BINARY = 0x82
CLOSE = 0x88
PING = 0x89
PONG = 0x8A
#: The bit that says that a frame ends its message.
FINAL_BIT = 0x80

#: The bit of a frame's length that says that it is masked; a mask of four bytes follows.
MASKED_BIT = 0x80
CLIENT_HEAD_BYTES = 6
#: Codes that may be sent (§7.4.2), and the first that may not.
CLOSE_CODES = (1000, 5000)

#: A close frame's reason is at most this many bytes.
#: A control frame has at most 125 bytes (RFC 6455 §5.5), two of which are the code.
MAX_REASON_BYTES = 123


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


def fragments(opcode: int, payload: bytes, size: int) -> Iterator[bytes]:
    """Write a message as frames of at most a size (§5.4)."""
    # `or 1`: an empty message is a frame, too.
    for start in range(0, len(payload) or 1, size):
        # Only the first fragment names the kind; the others are continuations, opcode 0.
        kind = opcode & ~FINAL_BIT if start == 0 else 0
        final = FINAL_BIT if start + size >= len(payload) else 0
        yield frame(kind | final, payload[start : start + size])


def unframed(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read messages that were written here, each with its opcode."""
    at, kind, parts = 0, 0, list[bytes]()
    while at < len(data):
        opcode, size = data[at], data[at + 1]
        at += 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[at : at + width]), at + width
        kind = kind if parts else opcode | FINAL_BIT
        parts.append(data[at : at + size])
        at += size
        if opcode & FINAL_BIT:
            yield kind, b"".join(parts)
            parts = []


def close_frame(code: int, reason: str) -> bytes:
    """Write a close frame, its reason cut to what fits."""
    # Decoded again, so that no character is cut in two: a reason must be UTF-8 (§5.5.1).
    cut = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
    return frame(CLOSE, struct.pack("!H", code) + cut)


def ends_with_close(data: bytes) -> bool:
    """Return whether a client's bytes end with a close frame, masked as theirs are (§5.3).

    Nothing before it is parsed, so bytes of a message may look the same: one time in 10,000.
    """
    for size in (0, *range(2, 126)):
        at = len(data) - CLIENT_HEAD_BYTES - size
        if at >= 0 and data[at] == CLOSE and data[at + 1] == MASKED_BIT | size:
            code = [
                sent ^ mask
                for sent, mask in zip(data[at + 6 : at + 8], data[at + 2 : at + 4], strict=False)
            ]
            if not size or CLOSE_CODES[0] <= int.from_bytes(code) < CLOSE_CODES[1]:
                return True
    return False
