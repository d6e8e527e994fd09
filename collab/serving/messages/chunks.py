"""Chunked bodies (RFC 9112 §7.1), read as they come: strictly, and with limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from .refusals import Refused, malformed

#: Bytes of a line with a chunk's size, including extensions.
SIZE_LINE_BYTES = 1024
#: Bytes of all chunk extensions of a body.
EXTENSION_BYTES = 16 * 1024
#: Bytes of the trailer section, which nobody reads.
TRAILER_BYTES = 8 * 1024
#: Chunks of a body: no honest client cuts 25 MiB into smaller ones.
MAX_CHUNKS = 50_000

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION = (
    rb"[ \t]*;[ \t]*" + _TOKEN + rb"(?:[ \t]*=[ \t]*(?:" + _TOKEN + rb"|" + _QUOTED + rb"))?"
)
# At most fifteen digits: sizes that overflow in another reader allow request smuggling.
SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})((?:" + _EXTENSION + rb")*)")
TRAILER_PATTERN = re.compile(_TOKEN + rb":[\t -~\x80-\xff]*")
#: Fields that may not come in a trailer (RFC 9110 §6.5.1).
FORBIDDEN_TRAILERS = {
    b"host",
    b"content-length",
    b"transfer-encoding",
    b"trailer",
    b"authorization",
    b"te",
}


class Chunks:
    """Decodes a chunked body; the data goes to `write`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._buffer = bytearray()
        self._state: Callable[[], bool] = self._size
        self._left = 0
        self._chunks = self._extensions = self._trailers = 0
        #: Whether the whole body has come.
        self.whole = False

    def feed(self, data: bytes) -> bytes:
        """Take what came; return what follows the body. Raises Refused."""
        self._buffer += data
        while not self.whole and self._state():
            pass
        if not self.whole:
            return b""
        rest, self._buffer = bytes(self._buffer), bytearray()
        return rest

    def _line(self, limit: int) -> bytes | None:
        """Take a line, which must end with CRLF; None if it is incomplete."""
        end = self._buffer.find(b"\n", 0, limit)
        if end < 0:
            if len(self._buffer) >= limit:
                raise malformed("a line of its chunked body is too long")
            return None
        # A lone LF is refused: a proxy before us may see the line's end elsewhere (RFC 9112 §11.2).
        if end == 0 or self._buffer[end - 1] != 0x0D:
            raise malformed("a line of its chunked body does not end with CRLF")
        line = bytes(self._buffer[: end - 1])
        del self._buffer[: end + 1]
        return line

    def _size(self) -> bool:
        """Read the line before a chunk."""
        line = self._line(SIZE_LINE_BYTES)
        if line is None:
            return False
        found = SIZE_LINE.fullmatch(line)
        if found is None:
            raise malformed("the size of a chunk is not a hexadecimal number")
        self._chunks += 1
        self._extensions += len(found[2])
        if self._chunks > MAX_CHUNKS or self._extensions > EXTENSION_BYTES:
            raise Refused(413, "The body has too many chunks, or too many chunk extensions.")
        self._left = int(found[1], 16)
        self._state = self._data if self._left else self._trailer
        return True

    def _data(self) -> bool:
        """Read what is in a chunk."""
        piece = bytes(self._buffer[: self._left])
        del self._buffer[: len(piece)]
        self._write(piece)
        self._left -= len(piece)
        if not self._left:
            self._state = self._end
        return not self._left

    def _end(self) -> bool:
        """Read the CRLF after a chunk."""
        end = bytes(self._buffer[:2])
        if not b"\r\n".startswith(end):
            raise malformed("a chunk is not as long as it says")
        if len(end) < 2:
            return False
        del self._buffer[:2]
        self._state = self._size
        return True

    def _trailer(self) -> bool:
        """Read a line after the last chunk; an empty one ends the body."""
        line = self._line(TRAILER_BYTES)
        if line is None:
            return False
        self._trailers += len(line)
        name = line.partition(b":")[0].lower()
        if line and (not TRAILER_PATTERN.fullmatch(line) or name in FORBIDDEN_TRAILERS):
            raise malformed("a trailer field is malformed")
        if self._trailers > TRAILER_BYTES:
            raise Refused(431, "The trailer fields are too long.")
        self.whole = not line
        return True
