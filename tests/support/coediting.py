"""An editor that speaks JSON over the socket, as a page would: edits at once, merges what comes."""

from __future__ import annotations

import contextlib
import random
import select
from typing import Any

from websocket import WebSocketException

from collab.files.text.delta import NO_CHANGE, Delta, apply, compose, normal, transform
from collab.files.text.encoding import delta_of, edits_of
from collab.files.text.units import from_units, splits, to_units

from .people import Person
from .sockets import Closed, Frame, Socket

BROKEN = (OSError, EOFError, Closed, WebSocketException)
WORDS = ("a", "bc ", "\n", "é", "😀", "e\u0301", "def")


def random_edit(units: str, chance: random.Random) -> Delta:
    """Return a change somewhere in a text; it cuts no character in two."""
    at = chance.randint(0, len(units))
    at -= splits(units, at)
    if chance.random() < 0.4:
        end = min(len(units), at + chance.randint(1, 4))
        return normal([at, at - (end - splits(units, end))])
    return normal([at, to_units(chance.choice(WORDS))])


class JsonEditor:
    """A text as one person sees it: at most one edit is on its way, the others wait."""

    def __init__(self, url: str, person: Person, file_id: int, name: str) -> None:
        self.url, self.person, self.file_id, self.name = url, person, file_id, name
        self.socket: Socket | None = None
        self.units, self.version, self.last_id = "", -1, 0
        self._sent: tuple[str, Delta] | None = None
        self._waiting: Delta = NO_CHANGE
        self._count = 0
        self._void_at: int | None = None
        #: Version -> the edit that was accepted as it.
        self.accepted: dict[int, Delta] = {}

    @property
    def text(self) -> str:
        return from_units(self.units)

    @property
    def idle(self) -> bool:
        return self._sent is None and self._waiting == NO_CHANGE

    # -- coming and going ---------------------------------------------------------------------

    def connect(self) -> None:
        """Open the text; or come back, and get what was missed."""
        try:
            self._connect()
        except BROKEN:
            self.disconnect()
            raise

    def _connect(self) -> None:
        self.socket = Socket(self.url, token=self.person.token)
        if self.version < 0:
            opened = self.socket.ask("file.open", file_id=self.file_id)
            self.units, self.version = to_units(opened["content"]), opened["version"]
            self.last_id = opened["last_id"]
            for frame in self.socket.seen:
                self._take(frame)
            return
        topic = f"file:{self.file_id}"
        self.socket.send("subscribe", topic=topic, after=self.last_id, ref="back")
        while (frame := self.socket.receive()).get("ref") != "back":
            self._take(frame)
        assert frame["recovered"], frame
        self._void_at = None
        self._send()

    def disconnect(self) -> None:
        if self.socket is not None:
            with contextlib.suppress(*BROKEN):
                self.socket.ws.shutdown()
        self.socket = None

    # -- editing ------------------------------------------------------------------------------

    def edit(self, delta: Delta) -> None:
        """Change the text here, and there as soon as may be."""
        self.units = apply(self.units, delta)
        self._waiting = compose(self._waiting, delta)
        self._send_next()

    def _send_next(self) -> None:
        if self._sent is None and self._waiting != NO_CHANGE:
            self._count += 1
            self._sent, self._waiting = (f"{self.name}-{self._count}", self._waiting), NO_CHANGE
            self._send()

    def _send(self) -> None:
        if self.socket is not None and self._sent is not None:
            edit_id, delta = self._sent
            self.socket.send(
                "file.edit",
                file_id=self.file_id,
                base_version=self.version,
                edits=edits_of(delta),
                edit_id=edit_id,
                ref=edit_id,
            )

    def read(self, timeout: float = 0) -> bool:
        """Take in what has come; tell whether it was anything."""
        some = False
        while self.socket is not None and self._readable(0 if some else timeout):
            self._take(self.socket.receive())
            some = True
        return some

    def _readable(self, timeout: float) -> bool:
        if self.socket.ws.sock is None:
            raise ConnectionError("the socket is closed")
        return bool(select.select([self.socket.ws.sock], [], [], timeout)[0])

    def _take(self, frame: Frame) -> None:
        assert frame["type"] != "error", frame
        if frame["type"] == "file.accepted":
            if frame["edits"]:
                self.accepted[frame["version"]] = delta_of(frame["edits"])
            elif self._sent is not None and frame["ref"] == self._sent[0]:
                self._void_at = frame["version"]
                self._drop_void()
        if frame["type"] == "file.edited":
            self.last_id = int(frame["id"])
            self._merge(frame["data"])

    def _drop_void(self) -> None:
        """Let go of what was sent, if nothing is left of it once all that came before is known."""
        if self._void_at is not None and self.version >= self._void_at:
            assert self._sent is not None
            assert self._sent[1] == NO_CHANGE
            self._sent = self._void_at = None
            self._send_next()

    def _merge(self, event: dict[str, Any]) -> None:
        if event["version"] <= self.version:
            return
        assert event["version"] == self.version + 1, (event, self.version)
        self.version += 1
        if self._sent is not None and event["edit_id"] == self._sent[0]:
            self.accepted[self.version] = delta_of(event["edits"])
            self._sent = None
            self._send_next()
            return
        delta = delta_of(event["edits"])
        if self._sent is not None:
            edit_id, mine = self._sent
            self._sent = (edit_id, transform(mine, delta))
            delta = transform(delta, mine, first=True)
        waiting = self._waiting
        self._waiting = transform(waiting, delta)
        self.units = apply(self.units, transform(delta, waiting, first=True))
        self._drop_void()
