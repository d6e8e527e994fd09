"""Events as clients of older workspaces name them, and what they are here.

They join a project by its bare id, and tell its other members about their cursor and the files that
they change; what others do comes to them as a flat object with `userId`.
"""

from __future__ import annotations

from typing import Any

from ...core.errors import invalid
from ..json_door.protocol import Body

#: A name -> the type of the event that it publishes.
PUBLISHED_TYPES = {"file-change": "file.changed", "cursor-move": "cursor.moved"}
#: The type of an event -> the name under which it comes once more.
ANNOUNCED_NAMES = {kind: name for name, kind in PUBLISHED_TYPES.items()} | {
    "user.joined": "user-joined",
    "user.left": "user-left",
}
#: A name -> what it asks for.
VERBS = {"join-project": "subscribe", "leave-project": "unsubscribe"}


def body_of(name: str, arguments: list[Any]) -> tuple[Body, bool]:
    """Return what an event asks for, as a message, and whether its sender is left out.

    Raises Unprocessable.
    """
    given = arguments[0] if arguments else {}
    if name in VERBS:
        return {"type": VERBS[name], "topic": f"project:{_id_of(given)}"}, False
    if not isinstance(given, dict):
        raise invalid("payload", "The argument of an event is an object.")
    if name not in PUBLISHED_TYPES:
        return given | {"type": name}, False
    payload = dict(given)
    payload.pop("userId", None)
    project_id = _id_of(payload.pop("projectId", payload.pop("project_id", None)))
    body = {"type": PUBLISHED_TYPES[name], "project_id": project_id, "payload": payload}
    return body, True


def _id_of(given: object) -> int | str:
    if isinstance(given, dict):
        given = given.get("projectId", given.get("project_id"))
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise invalid("projectId", "Name the project by its id.")
    return given
