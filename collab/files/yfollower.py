"""What Yjs editors are told of the log: updates of the text, and of each other."""

from __future__ import annotations

from pycrdt import merge_updates
from sqlalchemy import select

from ..core.errors import ApiError
from ..events.message import Message
from ..extensions import db
from ..realtime.connection import WireFollower
from ..realtime.frames import FORBIDDEN, NOT_FOUND
from . import store, yprotocol
from .models import FileChange
from .writer import writer
from .yprotocol import UPDATE

#: Events behind which there is no text any more; the others take the right to it away.
DELETIONS = ("file.deleted", "workspace.deleted", "project.deleted")


def editors_topic(file_id: int) -> str:
    """Return where the Yjs editors of a text are told of each other; nobody else can follow it."""
    return f"yjs:{file_id}"


class YjsFollower(WireFollower):
    """The hub's view of a Yjs editor."""

    @staticmethod
    def encode(message: Message) -> bytes:
        """Write an edit as an update, and states of editors as they are; all else is not told."""
        if message.type == "file.edited":
            return yprotocol.sync_frame(UPDATE, _update(**message.data))
        if message.type == "editors.changed" and message.topic.startswith("yjs:"):
            return yprotocol.awareness_frame(message.data["states"])
        return b""

    def dropped(self, topic: str, reason: str) -> None:
        """End: there is nothing else to follow here."""
        gone = reason in DELETIONS
        detail = "This file is gone" if gone else "You may not read this file any more"
        self.wire.push(yprotocol.denied(detail))
        self.wire.shut(NOT_FOUND if gone else FORBIDDEN, f"{detail} ({reason}).")


def _update(file_id: int, version: int, **_: object) -> bytes:
    """Return what made a version: the change alone, or if it has been compacted all there is."""
    kept = writer().updates.get((file_id, version))
    if kept is not None:
        return kept
    query = select(FileChange.update).where(FileChange.file_id == file_id)
    stored = db.session.scalar(query.where(FileChange.version == version))
    if stored:
        return stored
    try:
        return merge_updates(*store.load(file_id).updates)
    except ApiError:  # it has been deleted meanwhile
        return yprotocol.EMPTY
