"""What the code writes: decoded as it comes, kept up to a bound, counted beyond that."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable

#: Bytes (UTF-8) of a stream that are kept.
MAX_KEPT_BYTES = 64 * 1024
#: Bytes of a stream at which the code is stopped.
FLOOD_BYTES = 1024 * 1024
#: Bytes read at once: what a pipe holds.
CHUNK_BYTES = 64 * 1024


class Output:
    """One stream of the code: `stdout` or `stderr`."""

    def __init__(self, name: str, say: Callable[[str, str], None]) -> None:
        self.name, self._say = name, say
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pieces: list[str] = []
        self._room = MAX_KEPT_BYTES
        self._received = 0
        self.truncated = False

    @property
    def text(self) -> str:
        """What was kept."""
        return "".join(self._pieces)

    @property
    def flooded(self) -> bool:
        """Return whether there was so much that the code must be stopped."""
        return self._received >= FLOOD_BYTES

    def read(self, descriptor: int) -> bool:
        """Read what there is; return False at the end of the stream, or if there is nothing."""
        try:
            data = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return False
        self.take(data)
        return bool(data)

    def take(self, data: bytes) -> None:
        """Take some bytes, split anywhere; none at all means the end."""
        self._received += len(data)
        text = self._decoder.decode(data, final=not data)
        if text and not self.truncated:
            self._keep(text)

    def _keep(self, text: str) -> None:
        encoded = text.encode()
        if len(encoded) > self._room:
            self.truncated = True
            text = encoded[: self._room].decode(errors="ignore")
        self._room -= len(encoded)
        if text:
            self._pieces.append(text)
            self._say(self.name, text)
