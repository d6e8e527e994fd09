"""The files of a workspace next to code that runs in it: which of them it sees."""

from __future__ import annotations

from ..core.caller import Caller
from ..core.errors import ApiError, invalid
from ..extensions import db
from ..projects import access
from ..workspaces.contents import Entry, entries_of
from ..workspaces.models import Workspace
from .placed import MAX_SHOWN_BYTES, MAX_SHOWN_FILES, fits_a_disk


def admit(workspace_id: int, project_id: int | None, caller: Caller) -> None:
    """Refuse a workspace that is not the caller's to see, or not of the job's project (422)."""
    try:
        workspace = access.load(Workspace, workspace_id, caller)
    except ApiError:
        raise invalid("payload/workspace_id", "There is no such workspace.") from None
    if workspace.project_id != project_id:
        detail = "The workspace belongs to a different project than the job."
        raise invalid("payload/workspace_id", detail)


def beside(workspace_id: int, main: str) -> tuple[dict[str, bytes], int]:
    """Return the files that code at a path sees, and for how many there was no room.

    Those in its own folder come first, then those below it, then the others.
    """
    # A job may name any path: a file that would also have to be a folder gives way.
    others = [one for one in entries_of(workspace_id) if not _in_the_way(one.path, main)]
    seen: dict[str, bytes] = {}
    room = MAX_SHOWN_BYTES
    for entry in sorted(others, key=lambda one: _distance(one, main)):
        if len(seen) == MAX_SHOWN_FILES or entry.size > room or not fits_a_disk(entry.path):
            continue
        data = entry.read()
        if data is not None and len(data) <= room:
            seen[entry.path] = data
            room -= len(data)
    db.session.remove()  # otherwise the database's old pages would be held for the code's whole run
    return seen, len(others) - len(seen)


def _in_the_way(path: str, main: str) -> bool:
    return path == main or path.startswith(f"{main}/") or main.startswith(f"{path}/")


def _distance(entry: Entry, main: str) -> tuple[int, str]:
    folder = main.rpartition("/")[0]
    above = entry.path.rpartition("/")[0]
    if above == folder:
        return 0, entry.path
    return (1 if above.startswith(f"{folder}/" if folder else "") else 2), entry.path
