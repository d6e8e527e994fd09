"""Texts over the socket: `file.open`, `file.edit`, `file.close`, and cursors in them."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask

from ...core.caller import Caller
from ...core.errors import NotFound, invalid
from ...core.schemas import MAX_ID
from ...flags import service as flags
from ...projects import access
from ...realtime import publishing
from ...realtime.json_door.messages import register
from ...realtime.json_door.needs import needs
from ...realtime.json_door.protocol import LIVE_AREA, Body
from ...realtime.json_door.socket import Socket
from ...realtime.publishing import ENVELOPE_BYTES
from ...realtime.transport.served import Work
from ..editing.changes import Change
from ..editing.live_text import Applied, LiveText
from ..editing.rights_cache import FILES_AREA
from ..editing.writer import writer
from ..models import TEXT, File
from ..text.delta import Delta
from ..text.encoding import delta_of, edits_of
from ..text.tidying import NO_NUL_DETAIL, NUL_CHARACTER
from ..text.units import from_units
from . import cursors, described

#: Steps of one edit.
MAX_STEPS_PER_EDIT = 10_000
#: What an `edit_id` looks like.
EDIT_ID = re.compile(r"[!-~]{1,64}")


def load_text(file_id: int, caller: Caller) -> File:
    """Return a text that the caller may read; raises NotFound, FeatureOff."""
    flags.require("files", caller.user_id)
    file = access.load(File, file_id, caller)
    if file.kind != TEXT:
        raise NotFound("This file is not a text file.")
    return file


@needs(FILES_AREA)
def open_file(socket: Socket, body: Body) -> Work:
    """Follow a text, and answer with what it says now.

    Later edits arrive live; one at or below `version` is already in the content.
    """
    file = load_text(number(body, "file_id", 1), socket.caller)
    opened, place = {"file_id": file.id, "path": file.path}, access.place(file.topic, socket.caller)
    hub = socket.live.hub
    # Followed before it is read: an edit in between then comes twice, which its version shows, and
    # is never missed.
    with socket.following(place) as position:
        opened |= writer().inspect(
            file.id, lambda live_text: _now(live_text, hub.notes(place.topic))
        )
        access.place(place.topic, socket.caller)  # again, after the reading
        opened |= {"last_id": position, "present": hub.present(place.topic)}
        yield from socket.answer_at_length("file.opened", body, **opened)


def _now(live_text: LiveText, notes: dict[int, Any]) -> Body:
    content = from_units(live_text.document.units)
    return {
        "version": live_text.version,
        "content": content,
        "cursors": cursors.shown(live_text, notes),
    }


@needs(FILES_AREA, write=True)
def edit_file(socket: Socket, body: Body) -> None:
    """Change a text; it is answered once the change is on disk."""
    flags.require("files", socket.caller.user_id)
    file_id = number(body, "file_id", 1)
    if file_id not in writer():
        socket.needs_turn()
    change = Change(
        file_id=file_id,
        caller=socket.caller,
        door="socket",
        delta=delta_sent(body.get("edits")),
        base=number(body, "base_version", 0),
        edit_id=edit_id_of(body),
        literal=True,
    )
    spent = change.weight + ENVELOPE_BYTES
    socket.live.publications.spend(socket.caller.user_id, spent)
    socket.answer_later(body, writer().soon(change), lambda applied: _accepted(change, applied))


def _accepted(change: Change, applied: Applied) -> tuple[str, Body]:
    members = {
        "file_id": change.file_id,
        "version": applied.version,
        "edits": edits_of(applied.delta),
    }
    return "file.accepted", members


@needs(FILES_AREA)
def close_file(socket: Socket, body: Body) -> None:
    """Stop following a text."""
    file_id = number(body, "file_id", 1)
    # No right is required: people who have lost theirs may still stop listening.
    socket.live.hub.remove(socket.follower, f"file:{file_id}")
    socket.answer("file.closed", body, file_id=file_id)


@needs(LIVE_AREA, write=True)
def move_cursor(socket: Socket, body: Body) -> None:
    """Show the caller's cursor; for a text, its members may be in the message itself."""
    flat = {name: body[name] for name in (*cursors.ENDS, "version") if name in body}
    payload = body.get("payload", body.get("data", {}))
    if flat and isinstance(payload, dict):
        body = body | {"payload": payload | flat}
    if "file_id" in body:
        body = body | {"topic": f"file:{number(body, 'file_id', 1)}"}
    socket.publish(body)


def number(body: Body, name: str, low: int) -> int:
    """Return a member that must be a whole number; raises Unprocessable."""
    value = body.get(name, body.get(CAMEL_CASE_NAMES.get(name, name)))
    # Not `isinstance`, for which `true` is a number.
    if type(value) is not int or not low <= value <= MAX_ID:
        raise invalid(name, f"Must be a whole number, {low} or more.")
    return value


CAMEL_CASE_NAMES = {"file_id": "fileId", "base_version": "baseVersion", "edit_id": "editId"}


def edit_id_of(body: Body) -> str | None:
    """Return an edit's `edit_id`; raises Unprocessable."""
    value = body.get("edit_id", body.get("editId"))
    if value is not None and not (isinstance(value, str) and EDIT_ID.fullmatch(value)):
        raise invalid("edit_id", "Must be 1 to 64 visible ASCII characters.")
    return value


def delta_sent(edits: object) -> Delta:
    """Return what somebody sent as a delta; raises Unprocessable."""
    if not isinstance(edits, list) or len(edits) > MAX_STEPS_PER_EDIT:
        raise invalid("edits", f"Must be an array of up to {MAX_STEPS_PER_EDIT} steps.")
    for index, edit in enumerate(edits):
        if not _is_step(edit):
            detail = "Must have one of `retain`, `delete` (1 or more units) and `insert` (a text)."
            raise invalid(f"edits/{index}", detail)
        if NUL_CHARACTER in edit.get("insert", ""):
            raise invalid(f"edits/{index}/insert", NO_NUL_DETAIL)
    return delta_of(edits)


def _is_step(edit: object) -> bool:
    if not isinstance(edit, dict) or len(edit) != 1:
        return False
    ((name, value),) = edit.items()
    if name == "insert":
        return isinstance(value, str)
    return name in ("retain", "delete") and type(value) is int and 0 < value <= MAX_ID


def init_app(app: Flask) -> None:
    """Teach the socket these messages."""
    register(app, "file.open", open_file, described.OPEN_MESSAGE)
    register(app, "file.edit", edit_file, described.EDIT_MESSAGE, deferring=True)
    register(app, "file.close", close_file, described.CLOSE_MESSAGE)
    register(app, "cursor.moved", move_cursor, described.CURSOR_MESSAGE, publishing=True)
    publishing.on_signal(app, "file", "cursor.moved", cursors.show)
