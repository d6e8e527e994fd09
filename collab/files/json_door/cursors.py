"""Where people's cursors are in a text: they move along with everybody's edits."""

from __future__ import annotations

from typing import Any

from ...core.caller import Caller
from ...core.errors import invalid
from ...core.schemas import MAX_ID
from ...projects.access import Place
from ...realtime.transport.live import live
from ..editing.live_text import LiveText
from ..editing.store import JoinedVersion
from ..editing.writer import writer
from ..text.delta import Delta

#: A cursor: `position`, and `anchor` for the other end of a selection, both in the text of
#: `version`, in UTF-16 code units.
Cursor = dict[str, int]
ENDS = ("position", "anchor")


def moved(position: int, delta: Delta) -> int:
    """Return where a position is after a change; what is inserted right there stands after it."""
    old = new = 0  # how far along the change we are, in the old text and in the new one
    for step in delta:
        if old >= position:
            break
        if isinstance(step, str):
            new += len(step)
        elif step > 0:
            old, new = old + step, new + step
        else:
            old -= step
            if old > position:
                return new
    return new + position - old


def brought_up(cursor: Cursor, live_text: LiveText) -> Cursor:
    """Return a cursor as it is in the newest version; raises Unprocessable, JoinedVersion."""
    version = cursor["version"]
    if version > live_text.version:
        raise invalid(
            "version", f"There is no version {version}: the newest is {live_text.version}."
        )
    ends = {name: cursor[name] for name in ENDS if name in cursor}
    for delta in live_text.since(version):
        ends = {name: moved(position, delta) for name, position in ends.items()}
    length = len(live_text.document.units)
    return {name: min(position, length) for name, position in ends.items()} | {
        "version": live_text.version
    }


def show(place: Place, caller: Caller, payload: dict[str, Any]) -> dict[str, Any]:
    """Remember where the caller's cursor is, and return what to send to the others.

    A payload without a `position` is ignored. Raises Unprocessable, JoinedVersion.
    """
    if "position" not in payload:
        return payload
    names = [name for name in (*ENDS, "version") if name in payload or name == "version"]
    for name in names:
        value = payload.get(name)
        if type(value) is not int or not 0 <= value <= MAX_ID:
            raise invalid(name, "Must be a whole number, 0 or more.")
    sent = {name: payload[name] for name in names}
    file_id = int(place.topic.partition(":")[2])
    # Updated before it is shown: the others have the newest text, and could not place an older
    # position.
    now: Cursor = writer().inspect(file_id, lambda live_text: brought_up(sent, live_text))
    live().hub.note(place.topic, caller.user_id, now)
    return payload | now


def shown(live_text: LiveText, notes: dict[int, Cursor]) -> list[dict[str, int]]:
    """Return people's cursors as they are in the newest version."""
    found = []
    for user_id, cursor in notes.items():
        try:
            found.append({"user_id": user_id} | brought_up(cursor, live_text))
        except JoinedVersion:
            continue  # it has not moved for a long time
    return found
