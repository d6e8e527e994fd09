"""Creating, listing, moving and deleting files."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import bindparam, func, select, update

from ..core.caller import Caller
from ..core.errors import Conflict, invalid
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..core.storage.blob_store import blobs, sweep
from ..core.storage.blobs import ByteSource, Received
from ..core.usage import quota
from ..events import log
from ..events.catalogue.files import FileCreated, FileDeleted, FileMoved
from ..extensions import db
from ..projects import access
from ..projects.access import Right
from ..workspaces.models import Workspace
from . import paths
from .editing.first_version import first_change
from .editing.live_text import MAX_TEXT_BYTES, TextTooLarge
from .editing.writer import writer
from .models import BINARY, FILE_SORTS, SEARCHABLE_CHARACTERS, TEXT, File
from .quotas import FileAllowance
from .sniffing import PLAIN_TEXT, sniff, text_of

#: Bytes of a binary file.
MAX_FILE_BYTES = 25 * 2**20
#: Files in one workspace.
MAX_FILES_PER_WORKSPACE = 10_000
#: Files that one transaction deletes.
MAX_FILES_PER_DELETION = 100
#: Seconds of holding the writer's lock after which a deletion takes no further file.
MAX_DELETION_LOCK_S = 0.1


class PathTaken(Conflict):
    """There is already something at this path."""


class TooManyFiles(Conflict):
    """A workspace may have at most 10,000 files."""


def create_text(workspace_id: int, path: str, text: str, actor: Caller) -> File:
    """Make a text, with its content as its first change, in one commit.

    Raises NotFound, Forbidden, PathTaken, TooManyFiles, QuotaSpent, TextTooLarge.
    """
    size = len(text.encode())
    if size > MAX_TEXT_BYTES:
        raise TextTooLarge()
    file = new_text(_place(workspace_id, path, size, actor), path, text, actor)
    db.session.commit()
    return file


def _place(workspace_id: int, path: str, size: int, actor: Caller) -> Workspace:
    """Return a workspace that has room for a file, under the writer's lock."""
    workspace = access.load(Workspace, workspace_id, actor, can=Right.WRITE)
    require_free_path(workspace.id, path)
    require_room(workspace.project_id, size, actor)
    return workspace


def new_text(workspace: Workspace, path: str, text: str, actor: Caller) -> File:
    """Make a text in the open transaction; its path is free, and there is room."""
    size = len(text.encode())
    file = _new(workspace, path, actor, kind=TEXT, content_type=PLAIN_TEXT, size=size)
    file.searchable = text[:SEARCHABLE_CHARACTERS]
    file.content_version = 1 if text else 0
    _add(file, actor)
    if text:
        first_change(file, text, actor)
    return file


def create_sent(workspace_id: int, path: str, source: ByteSource, actor: Caller) -> File:
    """Make a file from what is sent: a text if it is one, otherwise bytes.

    Raises what `create_text` raises, and TooLarge.
    """
    # Received before the lock: a slow sender must not keep others from writing.
    received = blobs().receive(source, MAX_FILE_BYTES)
    try:
        kind, _ = sniffed(received)
        workspace = _place(workspace_id, path, received.size, actor)
        if kind == TEXT:
            text = text_of(received.path.read_bytes()) or ""
            file = new_text(workspace, path, text, actor)
        else:
            file = new_bytes(workspace, path, received, actor)
        db.session.commit()
        return file
    finally:
        # A file that was kept has been moved by then, so this only removes one that was refused.
        received.discard()


def new_bytes(workspace: Workspace, path: str, received: Received, actor: Caller) -> File:
    """Make a binary file in the open transaction; its path is free, and there is room."""
    content_type = sniffed(received)[1]
    file = _new(workspace, path, actor, kind=BINARY, content_type=content_type, size=received.size)
    file.sha256, file.content_version = received.digest, 1
    _add(file, actor)
    blobs().keep(received)
    return file


def sniffed(received: Received) -> tuple[str, str]:
    """Return the kind and type of what has been received."""
    with received.path.open("rb") as file:
        return sniff(file.read(MAX_TEXT_BYTES + 1))


def _new(workspace: Workspace, path: str, author: Caller, **values: Any) -> File:
    place = {"workspace_id": workspace.id, "project_id": workspace.project_id}
    return File(**place, path=path, author_id=author.user_id, **values)


def _add(file: File, actor: Caller) -> None:
    db.session.add(file)
    db.session.flush()
    log.record(FileCreated(**about(file), kind=file.kind, size=file.size), actor=actor.user_id)


def about(file: File) -> dict[str, Any]:
    """Return what every event of a file says."""
    place = {"project_id": file.project_id, "workspace_id": file.workspace_id}
    return place | {"file_id": file.id, "path": file.path}


def require_free_path(workspace_id: int, path: str, moving: int = 0) -> None:
    """Check, under the writer's lock, that a file can be at a path; raises as `require_free`.

    `moving` is the file that moves there, if it is not a new one.
    """
    in_there = File.workspace_id == workspace_id
    if not moving:
        count = db.session.scalar(select(func.count()).select_from(File).where(in_there)) or 0
        if count >= MAX_FILES_PER_WORKSPACE:
            raise TooManyFiles()
    # "0" follows "/": everything below the path sorts between the two.
    below = (File.path > f"{path}/") & (File.path < f"{path}0")
    here = File.path.in_([path, *paths.folders_of(path)])
    for which in (here, below):
        query = select(File.path).where(in_there, File.id != moving, which).limit(1)
        if (other := db.session.scalar(query)) is not None:
            raise _taken(path, other)


def require_free(workspace_id: int, added: list[str], kept: set[str] | None = None) -> None:
    """Check, under the writer's lock, that paths can be added; raises PathTaken, TooManyFiles."""
    if kept is None:
        kept = set(db.session.scalars(select(File.path).where(File.workspace_id == workspace_id)))
    if len(kept) + len(added) > MAX_FILES_PER_WORKSPACE:
        raise TooManyFiles()
    if (found := paths.clash(kept, added)) is not None:
        raise _taken(*found)


def _taken(path: str, other: str) -> PathTaken:
    way = "is taken" if path == other else f"conflicts with the file {other!r}"
    return PathTaken(f"The path {path!r} {way}.")


def require_room(project_id: int, more: int, actor: Caller) -> None:
    """Check that a project's files may grow by some bytes; raises QuotaSpent."""
    FileAllowance().take(more, project_id)
    quota.require(more, person_id=actor.user_id, project_id=project_id)


def list_files(workspace: Workspace, *, prefix: str, kind: str | None, **page: Any) -> Page:
    """Return a page of a workspace's files."""
    query = select(File).where(File.workspace_id == workspace.id)
    if prefix := paths.composed(prefix):
        # `>=` finds the prefix by the index; LIKE would treat % and _ as wildcards.
        begins = func.substr(File.path, 1, len(prefix)) == prefix
        query = query.where(File.path >= prefix, begins)
    if kind is not None:
        query = query.where(File.kind == kind)
    return paginate(query, columns=FILE_SORTS, key=File.id, **page)


def move(file: File, path: str, actor: Caller) -> File:
    """Give a file another path; raises PathTaken."""
    if path != file.path:
        require_free_path(file.workspace_id, path, moving=file.id)
        old, file.path = file.path, path
        log.record(FileMoved(**about(file), old_path=old), actor=actor.user_id)
    db.session.commit()
    return file


#: Files that are moved with their folder, in one transaction: some 0.4 s of the writer's lock.
MAX_FILES_PER_MOVE = 5_000
MOVE_FILE = (
    update(File)
    .where(File.id == bindparam("key"))
    .values(path=bindparam("new_path"), version=File.version + 1, updated_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)


def move_folder(workspace: Workspace, source: str, target: str, actor: Caller) -> int:
    """Give a folder another path, with all files below it or none; returns their number.

    Raises Unprocessable, PathTaken.
    """
    rows = _paths(workspace.id)
    inside = {key: path for key, path in rows.items() if path.startswith(f"{source}/")}
    if not inside:
        raise invalid("from", "There is no such folder.")
    if target == source:
        return len(inside)
    if len(inside) > MAX_FILES_PER_MOVE:
        raise invalid("from", f"It has more than {MAX_FILES_PER_MOVE:,} files: move them in parts.")
    new = {key: _moved(path, source, target) for key, path in inside.items()}
    kept = {path for key, path in rows.items() if key not in inside}
    require_free(workspace.id, list(new.values()), kept)
    # The shortest first: a path that another file takes is already free by then.
    keys, now = sorted(new, key=lambda key: len(new[key])), utcnow()
    values = [{"key": key, "new_path": new[key], "now": now} for key in keys]
    db.session.connection().execute(MOVE_FILE, values)
    _tell_moved(workspace, inside, new, actor)
    db.session.commit()
    return len(inside)


def _paths(workspace_id: int) -> dict[int, str]:
    query = select(File.id, File.path).where(File.workspace_id == workspace_id)
    return {row.id: row.path for row in db.session.execute(query)}


def _moved(path: str, source: str, target: str) -> str:
    new = paths.moved(path, source, target)
    if target.startswith(f"{source}/"):
        raise invalid("to", "A folder can't be moved into itself.")
    if len(new) > paths.MAX_PATH_LENGTH or new.count("/") >= paths.MAX_PATH_PARTS:
        raise invalid("to", f"The path {new[:80]!r}... would be too long or too deep.")
    return new


def _tell_moved(
    workspace: Workspace, old: dict[int, str], new: dict[int, str], actor: Caller
) -> None:
    place = {"project_id": workspace.project_id, "workspace_id": workspace.id}
    events = [
        FileMoved(**place, file_id=key, path=new[key], old_path=path) for key, path in old.items()
    ]
    log.record_all(events, actor=actor.user_id)


def delete(file: File, actor: Caller) -> None:
    """Delete a file with its history; everybody who has it open is told so."""
    key, digest = file.id, file.sha256
    log.record(FileDeleted(**about(file)), actor=actor.user_id)
    db.session.delete(file)
    db.session.commit()
    if digest is not None:
        # After the commit: until then the row still needs the bytes.
        sweep(digest)
    # The text in memory goes, too, or a waiting edit might be merged into a deleted file.
    writer().forget(key)


def delete_all(workspace: Workspace, actor: Caller) -> None:
    """Delete the files of a workspace that is being deleted; if there are many, in parts.

    The last ones are deleted in the transaction that is open when this returns. Raises as
    `access.load`.
    """
    key = workspace.id
    while not _delete_some(key, actor):
        db.session.commit()
        access.load(Workspace, key, actor, can=Right.WRITE)


def _delete_some(workspace_id: int, actor: Caller) -> bool:
    """Delete some files, in the open transaction; returns whether none is left."""
    # A file may have ten thousand changes, deleted with it: counting only files bounds nothing.
    late = time.monotonic() + MAX_DELETION_LOCK_S
    query = select(File).where(File.workspace_id == workspace_id).limit(MAX_FILES_PER_DELETION)
    files = db.session.scalars(query).all()
    for count, file in enumerate(files, 1):
        log.record(FileDeleted(**about(file)), actor=actor.user_id)
        db.session.delete(file)
        db.session.flush()
        if time.monotonic() > late:
            return count == len(files) < MAX_FILES_PER_DELETION
    return len(files) < MAX_FILES_PER_DELETION
