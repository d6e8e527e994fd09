"""What editors of one text say: as Yjs clients, and in JSON over our socket."""

from __future__ import annotations

import json
import re
import time

from bench._wsclient import encode

EDITORS = 10
BINARY = 2


def number(value: int) -> bytes:
    """Write a number as lib0 does."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes((*written, value))


class Yjs:
    """Speaks the protocol of y-websocket; the updates are written by hand."""

    def __init__(self) -> None:
        # Ids that no other measurement used: they say whose an update is.
        first = int(time.monotonic() * 1e3) % 2**30 * 4 + 2**31
        self.clients = [number(first % 2**32 // 16 * 16 + index) for index in range(EDITORS)]
        names = b"|".join(re.escape(client) for client in self.clients)
        # How many letters in a row, of which client; then their first clock, and the first letter.
        # What a letter stands after begins with \x84, and no letter follows its clock.
        self.pattern = re.compile(
            b"([\x01-\x7f])(" + names + b")[\x80-\xff]*[\x00-\x7f](?=[\x04\x84])", re.DOTALL
        )

    def edit(self, editor: int, count: int) -> bytes:
        """Return an editor's next letter, after the one before."""
        client = self.clients[editor]
        place = b"\x84" + client + number(count - 1) if count else b"\x04\x01\x07content"
        update = b"\x01\x01" + client + number(count) + place + b"\x01x\x00"
        return encode(b"\x00\x02" + number(len(update)) + update, BINARY)

    def author(self, match: re.Match[bytes]) -> tuple[int, int]:
        """Return whose edits were read, and how many: ours sends several at once."""
        return self.clients.index(match[2]), match[1][0]


class Json:
    """Speaks JSON over our socket."""

    pattern = re.compile(
        rb'"version":(\d+),"door":"socket","edits":[^]]*\],"edit_id":"[^"-]*e(\d)-'
    )

    def __init__(self, file_id: int) -> None:
        self.file_id, self.version = file_id, 0
        self.run = f"{time.monotonic_ns()}"

    def edit(self, editor: int, count: int) -> bytes:
        """Return an editor's next letter, at the beginning of the newest version known."""
        body = {
            "type": "file.edit",
            "file_id": self.file_id,
            "base_version": self.version,
            "edits": [{"insert": "x"}],
            "edit_id": f"{self.run}e{editor}-{count}",
        }
        return encode(json.dumps(body).encode())

    def author(self, match: re.Match[bytes]) -> tuple[int, int]:
        """Return whose edit was read, and note its version."""
        self.version = max(self.version, int(match[1]))
        return int(match[2]), 1
