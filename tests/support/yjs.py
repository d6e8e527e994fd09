"""A Yjs editor for tests, without a library's good manners."""

from __future__ import annotations

import json
import struct
from typing import Any
from urllib.parse import urlencode

import websocket
from pycrdt import Doc, Text

from collab.files.yjs import protocol
from collab.files.yjs.protocol import (
    AUTH,
    AWARENESS,
    STEP_1,
    STEP_2,
    SYNC,
    UPDATE,
    MessageReader,
    State,
)

from .sockets import Closed, close, closed_after, opened


class YjsEditor:
    """A document and its connection; `read` takes in what has come."""

    def __init__(self, url: str, file_id: int, path: str = "/yjs/{}", **query: Any) -> None:
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("content", type=Text)
        self.ws = opened(url + path.format(file_id) + "?" + urlencode(query))
        self.seen: list[int] = []
        self.states: dict[int, State] = {}
        self.denied = ""

    def send(self, data: bytes) -> None:
        self.ws.send_binary(data)

    def sync(self) -> YjsEditor:
        """Ask for what is missing, and read until it has come."""
        self.send(protocol.sync(STEP_1, self.doc.get_state()))
        self.until(STEP_2)
        return self

    def until(self, kind: int) -> None:
        """Read on until a message about the document of a kind has come."""
        while self.read() != (SYNC, kind):
            pass

    def until_denied(self) -> None:
        """Read on until something has been refused."""
        while not self.denied:
            self.read()

    def read(self) -> tuple[int, int]:
        """Take the next message in, and return what it was; raises Closed."""
        opcode, data = self.ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
            raise Closed(code, data[2:].decode())
        reader = MessageReader(data)
        kind = reader.number()
        if kind == AWARENESS:
            self.states |= {one.client: one for one in protocol.states(reader.sized(), 2**20)}
            return kind, 0
        sub = reader.number()
        if kind == AUTH:
            self.denied = reader.sized().decode()
        elif sub == STEP_1:
            self.send(protocol.sync(STEP_2, self.doc.get_update(reader.sized())))
        else:
            self.doc.apply_update(reader.sized())
        self.seen.append(sub)
        return kind, sub

    def edit(self, at: int, insert: str = "", delete: int = 0) -> bytes:
        """Change the text here and there; returns the update. Positions are bytes."""
        updates: list[bytes] = []
        subscription = self.doc.observe(lambda event: updates.append(event.update))
        with self.doc.transaction():
            if delete:
                del self.text[at : at + delete]
            if insert:
                self.text.insert(at, insert)
        self.doc.unobserve(subscription)
        self.send(protocol.sync(UPDATE, updates[0]))
        return updates[0]

    def tell(self, *states: State) -> None:
        """Tell of editors."""
        self.send(protocol.awareness(states))

    def expect_text(self, text: str) -> None:
        """Read on until the text is as expected."""
        while str(self.text) != text:
            self.read()

    def until_states(self, wanted: dict[int, int]) -> None:
        """Read on until editors are where they should be (`{"at": n}`)."""
        while any(self.at(client) != at for client, at in wanted.items()):
            self.read()

    def at(self, client: int) -> int | None:
        """Return where an editor said that it was."""
        state = self.states.get(client)
        return json.loads(state.json)["at"] if state else None

    def wait_closed(self) -> Closed:
        """Read on until the server closes, and return how."""
        return closed_after(self.read)

    def close(self) -> None:
        close(self.ws)
