"""Unpacking an archive into a workspace.

It is measured as a whole first: everything is unpacked once and thrown away, so that nothing is
written of an archive that is broken or doesn't fit. Then its files are made, some at a time, each
part in a commit that holds the writer's lock for a moment. If a part can't be made, the files made
before it are removed again, and the refusal says so. Replacements come last: binary files some at a
time, each text by its own change, which is merged with what others write meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from sqlalchemy import select

from ...core.caller import Caller, act_as
from ...core.database import take_write_lock
from ...core.errors import ApiError, translated
from ...core.idempotency import unfinished
from ...core.storage.blob_store import blobs, sweep
from ...core.storage.blobs import ByteSource, Received
from ...core.usage import quota
from ...events import log
from ...events.catalogue.files import FileDeleted
from ...extensions import db
from ...projects import access
from ...projects.access import Right
from ...workspaces.models import Workspace
from .. import content, service
from ..editing.live_text import MAX_TEXT_BYTES
from ..models import TEXT, File
from ..quotas import weight_of
from ..schemas import FAIL, SKIP
from ..sniffing import sniff, text_of
from .reading import Archive, opened
from .turns import Turn

#: Seconds after which a commit takes no further file, so that others get the writer's lock.
MAX_COMMIT_LOCK_S = 0.05
#: Files of one commit, and their bytes together.
FILES_AT_ONCE = 40
BYTES_AT_ONCE = 2 * 2**20


class PathsTaken(service.PathTaken):
    """Some of the archive's paths are taken: say `?conflict=skip` or `?conflict=replace`."""


class HalfUnpacked(ApiError):
    """The archive could not be unpacked as a whole."""

    def __init__(self, cause: ApiError, replaced: int) -> None:
        left = f"{replaced} files were replaced before that" if replaced else "nothing was kept"
        super().__init__(f"{cause.detail} Of the archive, {left}.", headers=cause.headers)
        self.status, self.members = cause.status, cause.members


@dataclass
class Plan:
    """What an archive will change in a workspace."""

    sizes: dict[str, int] = field(default_factory=dict)
    #: The paths of files that are not texts.
    binary: set[str] = field(default_factory=set)
    new: list[str] = field(default_factory=list)
    #: What is replaced: the ids of binary files and of texts.
    bytes: dict[str, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    #: What has been done so far.
    made: list[int] = field(default_factory=list)
    replaced: int = 0
    #: Digests of bytes that were replaced.
    freed: list[str] = field(default_factory=list)


def unpack(
    workspace_id: int, source: ByteSource, conflict: str, actor: Caller, turn: Turn
) -> dict[str, int]:
    """Put the files of an archive into a workspace; returns how many were made and changed.

    Raises BadArchive, PathsTaken, TooManyFiles, QuotaSpent, TooLarge, NotFound, Forbidden, and
    HalfUnpacked with the status of what came in between.
    """
    with ExitStack() as stack:
        sent = blobs().receive(source, service.MAX_FILE_BYTES)
        stack.callback(sent.discard)
        archive = stack.enter_context(opened(sent.path, turn))
        plan = _weighed(archive)
        workspace = access.load(Workspace, workspace_id, actor, can=Right.WRITE)
        _compare(plan, workspace, conflict, actor)
        db.session.rollback()  # others may write while the first part is unpacked
        with unfinished():
            _carry_out(plan, archive, workspace_id, actor)
        db.session.commit()
        for digest in plan.freed:
            sweep(digest)
    counts = {"created": len(plan.new), "replaced": len(plan.bytes) + len(plan.texts)}
    return counts | {"skipped": plan.skipped}


def _weighed(archive: Archive) -> Plan:
    """Unpack everything once, and keep nothing of it but sizes and kinds."""
    plan = Plan()
    for path in archive.entries:
        # Anything longer than a text may be is no text, so the beginning is enough to tell.
        head, plan.sizes[path] = archive.look(path, MAX_TEXT_BYTES + 1)
        if sniff(head)[0] != TEXT:
            plan.binary.add(path)
    return plan


def _compare(plan: Plan, workspace: Workspace, conflict: str, actor: Caller) -> None:
    """Decide, under the writer's lock, what happens to each path, and whether quotas allow it."""
    columns = (File.path, File.id, File.kind, File.size)
    rows = db.session.execute(select(*columns).where(File.workspace_id == workspace.id))
    there = {row.path: row for row in rows}
    taken = [path for path in plan.sizes if path in there]
    if taken and conflict == FAIL:
        raise PathsTaken(errors=[_taken(path) for path in taken[:100]])
    plan.new = [path for path in plan.sizes if path not in there]
    service.require_free(workspace.id, plan.new, set(there))
    growth = sum(plan.sizes[path] for path in plan.new)
    written = list(plan.new)
    if conflict == SKIP:
        plan.skipped = len(taken)
    else:
        growth += sum(plan.sizes[path] - there[path].size for path in taken)
        written += taken
        _replace(plan, [there[path] for path in taken])
    service.require_room(workspace.project_id, growth, actor)
    weight = sum(weight_of(plan.sizes[path], text=path not in plan.binary) for path in written)
    quota.require(weight, person_id=actor.user_id, project_id=workspace.project_id)


def _taken(path: str) -> dict[str, str]:
    pointer = "#/" + path.replace("~", "~0").replace("/", "~1")
    return {"detail": f"There is already a file {path!r}.", "pointer": pointer}


def _replace(plan: Plan, rows: Sequence[Any]) -> None:
    for row in rows:
        if (row.kind == TEXT) is (row.path in plan.binary):
            raise service.PathTaken(f"{row.path!r} is a text on one side and binary on the other.")
        (plan.texts if row.kind == TEXT else plan.bytes)[row.path] = row.id


def _carry_out(plan: Plan, archive: Archive, workspace_id: int, actor: Caller) -> None:
    try:
        for part in _parts(plan, plan.new):
            while part:
                part = _make(plan, part, archive, workspace_id, actor)
        for part in _parts(plan, list(plan.bytes)):
            while part:
                part = _replace_bytes(plan, part, archive, actor)
        for path, file_id in plan.texts.items():
            data = BytesIO(archive.read(path, MAX_TEXT_BYTES))
            content.replace_text(content.admit(file_id, actor), data, None, None, actor)
            plan.replaced += 1
    except Exception as error:
        db.session.rollback()
        if not plan.made and not plan.replaced:
            raise
        _take_back(plan.made)
        raise HalfUnpacked(translated(error), plan.replaced) from error


def _parts(plan: Plan, paths: list[str]) -> Iterator[list[str]]:
    """Cut a list of paths into what one commit can carry."""
    part: list[str] = []
    size = 0
    for path in paths:
        if part and (len(part) == FILES_AT_ONCE or size + plan.sizes[path] > BYTES_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(path)
        size += plan.sizes[path]
    if part:
        yield part


def _received(
    plan: Plan, part: list[str], archive: Archive, stack: ExitStack
) -> dict[str, Received | str]:
    """Unpack some files before anybody has to wait: texts into memory, bytes onto the disk."""
    found: dict[str, Received | str] = {}
    for path in part:
        if path not in plan.binary:
            found[path] = text_of(archive.read(path, MAX_TEXT_BYTES)) or ""
            continue
        with archive.entry(path) as entry:
            received = blobs().receive(entry, service.MAX_FILE_BYTES)
        stack.callback(received.discard)
        found[path] = received
    return found


def _make(
    plan: Plan, part: list[str], archive: Archive, workspace_id: int, actor: Caller
) -> list[str]:
    """Make some new files in one commit; returns those for which there was no time."""
    with ExitStack() as stack:
        contents = _received(plan, part, archive, stack)
        workspace = access.load(Workspace, workspace_id, actor, can=Right.WRITE)
        service.require_free(workspace.id, part)
        growth = sum(plan.sizes[path] for path in part)
        service.require_room(workspace.project_id, growth, actor)
        files, late = [], time.monotonic() + MAX_COMMIT_LOCK_S
        for path in part:
            files.append(_new(workspace, path, contents[path], actor))
            if time.monotonic() > late:
                break
        db.session.commit()
        plan.made += [file.id for file in files]
        return part[len(files) :]


def _new(workspace: Workspace, path: str, sent: Received | str, actor: Caller) -> File:
    if isinstance(sent, str):
        return service.new_text(workspace, path, sent, actor)
    return service.new_bytes(workspace, path, sent, actor)


def _replace_bytes(plan: Plan, part: list[str], archive: Archive, actor: Caller) -> list[str]:
    """Replace some binary files in one commit; returns those for which there was no time."""
    with ExitStack() as stack:
        contents = _received(plan, part, archive, stack)
        done, late = 0, time.monotonic() + MAX_COMMIT_LOCK_S
        for path in part:
            file = access.load(File, plan.bytes[path], actor, can=Right.WRITE)
            received = contents[path]
            assert isinstance(received, Received)  # noqa: S101 (only bytes are replaced so)
            plan.freed += content.take_over(file, received, actor)
            done += 1
            if time.monotonic() > late:
                break
        db.session.commit()
        plan.replaced += done
        return part[done:]


def _take_back(made: list[int]) -> None:
    """Remove the files made from an archive again, some at a time."""
    act_as(None)  # its sender may have lost the right
    for start in range(0, len(made), FILES_AT_ONCE):
        take_write_lock()
        some = made[start : start + FILES_AT_ONCE]
        for file in db.session.scalars(select(File).where(File.id.in_(some))):
            log.record(FileDeleted(**service.about(file)), actor=None)
            db.session.delete(file)
        db.session.commit()
