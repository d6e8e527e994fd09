"""Reading, replacing and editing what is in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.caller import Caller
from ..core.errors import ApiError, Conflict, invalid
from ..core.storage.blob_store import blobs, sweep
from ..core.storage.blobs import ByteSource, Received
from ..events import log
from ..events.catalogue.files import FileReplaced
from ..extensions import db
from ..frozen import frozen
from ..projects import access
from ..projects.access import Right
from ..workspaces.models import Workspace
from .editing import store
from .editing.changes import Change
from .editing.first_version import REST
from .editing.live_text import MAX_TEXT_BYTES, Applied, TextTooLarge
from .editing.writer import writer
from .models import TEXT, File
from .service import MAX_FILE_BYTES, about, require_room, sniffed
from .sniffing import text_of
from .text.delta import Delta
from .text.difference import difference
from .text.encoding import delta_of, edits_of
from .text.units import to_units


class NotText(ApiError):
    """This file is a text file: send UTF-8 without NUL characters."""

    status = 415


class NotEditable(Conflict):
    """This file is not a text file: replace it as a whole with PUT."""


@frozen
class Replaced:
    """A file after its content was replaced, and whether it is now exactly what was sent."""

    file: File
    exact: bool


def admit(file_id: int, actor: Caller) -> File:
    """Return a file that the caller may change, without taking the writer's lock.

    The writer's thread changes texts; it takes the lock itself and checks again. Raises NotFound
    and Forbidden.
    """
    file = access.load(File, file_id, actor)
    access.check(access.role_to(file, actor), Right.WRITE)
    return file


def admit_to(workspace_id: int, actor: Caller) -> None:
    """Refuse callers who may not write in a workspace, before their body is read."""
    workspace = access.load(Workspace, workspace_id, actor)
    access.check(access.role_to(workspace, actor), Right.WRITE)
    # Return the connection before reading the body, which takes as long as the sender likes.
    db.session.rollback()


def text_now(file_id: int) -> tuple[str, int]:
    """Return a text in code units and its version, both at the same moment; raises NotFound."""
    found: tuple[str, int] = writer().ask(
        file_id, lambda document, version: (document.units, version)
    )
    return found


def path_of(file: File) -> Path:
    """Return where a binary file's bytes are."""
    return blobs().path(file.sha256 or "")


def replace_text(
    file: File, source: ByteSource, base: int | None, expected: int | None, actor: Caller
) -> Replaced:
    """Turn a text into what was sent, by the smallest change.

    Changes that others made since version `base` are kept. Raises NotText, TextTooLarge,
    QuotaSpent, Unprocessable, JoinedVersion, and PreconditionFailed if the version is not
    `expected`.
    """
    new, key = _sent_text(source), file.id
    old, version = _base(key, base)
    growth = len(new.encode()) - file.size
    require_room(file.project_id, growth, actor)
    delta = difference(old, to_units(new))
    applied = _submit(key, delta, version, expected, actor)
    # Loaded again: the writer's thread has changed the row.
    file = access.load(File, key, actor)
    now = applied.base == version and file.content_version == applied.version
    return Replaced(file, exact=now and not applied.tidied)


def _sent_text(source: ByteSource) -> str:
    """Read a text; raises TextTooLarge, NotText."""
    data = bytearray()
    # One byte more than allowed is enough to know that it is too long.
    while piece := source.read(MAX_TEXT_BYTES + 1 - len(data)):
        data += piece
        if len(data) > MAX_TEXT_BYTES:
            raise TextTooLarge()
    text = text_of(bytes(data))
    if text is None:
        raise NotText()
    return text


def _base(file_id: int, base: int | None) -> tuple[str, int]:
    now, version = text_now(file_id)
    if base is None or base == version:
        return now, version
    if base > version:
        raise invalid("query/base_version", f"There is no version {base}: the newest is {version}.")
    return store.units_at(file_id, base), base


def _submit(
    file_id: int,
    delta: Delta,
    base: int,
    expected: int | None,
    actor: Caller,
    *,
    literal: bool = False,
) -> Applied:
    db.session.rollback()  # the writer's thread waits for nobody; what it writes is read again
    change = Change(file_id, actor, REST, delta=delta, base=base, expected=expected)
    change.literal = literal
    return writer().submit(change)


def edit(
    file: File, base: int, edits: list[dict[str, Any]], expected: int | None, actor: Caller
) -> tuple[dict[str, Any], bool]:
    """Apply edits made to a version of a text; returns what became of them.

    Also returns whether nothing else has changed since that version. Raises NotEditable,
    Unprocessable, JoinedVersion, TextTooLarge, and PreconditionFailed if the version is not
    `expected`.
    """
    if file.kind != TEXT:
        raise NotEditable()
    key = file.id
    applied = _submit(key, delta_of(edits), base, expected, actor, literal=True)
    told = {"file_id": key, "version": applied.version, "edits": edits_of(applied.delta)}
    return told, applied.base == base


def replace_bytes(file_id: int, source: ByteSource, actor: Caller, require: Any) -> File:
    """Replace a binary file; `require` is called under the lock and refuses a stale one.

    Raises TooLarge, QuotaSpent, NotFound, Forbidden.
    """
    received = blobs().receive(source, MAX_FILE_BYTES)
    try:
        file = access.load(File, file_id, actor, can=Right.WRITE)
        # Under the lock, and after the body: the current version is the one that counts.
        require(file)
        require_room(file.project_id, received.size - file.size, actor)
        old = take_over(file, received, actor)
        db.session.commit()
        for digest in old:
            sweep(digest)
        return file
    finally:
        received.discard()


def take_over(file: File, received: Received, actor: Caller) -> list[str]:
    """Give a binary file new bytes, in the open transaction.

    Returns the digests that may be unneeded now: that of the old ones, or none if nothing changes.
    """
    old = file.sha256
    if old is None or received.digest == old:
        return []
    file.content_type = sniffed(received)[1]
    file.sha256, file.size, file.author_id = received.digest, received.size, actor.user_id
    file.content_version += 1
    event = FileReplaced(**about(file), size=received.size, sha256=received.digest)
    log.record(event, actor=actor.user_id)
    blobs().keep(received)
    return [old]
