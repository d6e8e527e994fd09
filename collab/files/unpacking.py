"""Files of an archive, put into a workspace.

New files and replaced bytes are one commit: all of them, or none. Replaced texts come behind it,
each a change of its own, since the writer's thread makes them while others edit; all that can stop
one of these is that the file is deleted, or the caller loses his right, in that moment.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO

from sqlalchemy import select

from ..core.blobs import Received, Source
from ..core.http.caller import Caller
from ..core.kept import blobs, sweep
from ..extensions import db
from ..projects import access
from ..projects.access import Right
from ..workspaces.models import Workspace
from . import content, service
from .archive import Archive, opened
from .models import TEXT, File
from .room import TEXT_LIMIT
from .schemas import FAIL, SKIP
from .sniffing import sniff, text_of


class PathsTaken(service.PathTaken):
    """Some of the archive's paths are taken: say `?conflict=skip` or `?conflict=replace`."""


@dataclass
class Plan:
    """What an archive comes to in a workspace."""

    #: Of bytes: what has been received already, so that only texts are unpacked under the lock.
    received: dict[str, Received]
    sizes: dict[str, int]
    new: list[str] = field(default_factory=list)
    #: What is replaced: bytes, and the ids of texts.
    bytes: dict[str, File] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    skipped: int = 0


def unpack(workspace_id: int, source: Source, conflict: str, actor: Caller) -> dict[str, int]:
    """Put the files of an archive into a workspace; returns how many were made and changed.

    Raises BadArchive, PathsTaken, TooManyFiles, QuotaSpent, TooLarge, NotFound, Forbidden.
    """
    with ExitStack() as stack:
        sent = blobs().receive(source, service.LIMIT)
        stack.callback(sent.discard)
        archive = stack.enter_context(opened(sent.path))
        plan = _weighed(archive, stack)
        workspace = access.load(Workspace, workspace_id, actor, can=Right.WRITE)
        _compare(plan, workspace, conflict, actor)
        for digest in _write(plan, archive, workspace, actor):
            sweep(digest)
        for path, file_id in plan.texts.items():
            data = BytesIO(archive.read(path, TEXT_LIMIT))
            content.replace_text(content.admit(file_id, actor), data, None, None, actor)
    counts = {"created": len(plan.new), "replaced": len(plan.bytes) + len(plan.texts)}
    return counts | {"skipped": plan.skipped}


def _weighed(archive: Archive, stack: ExitStack) -> Plan:
    """Unpack everything once, so that nothing is written of an archive that breaks."""
    plan = Plan({}, {})
    for path in archive.entries:
        data = archive.read(path)
        archive.weigh(len(data))
        plan.sizes[path] = len(data)
        if sniff(data)[0] != TEXT:
            plan.received[path] = received = blobs().receive(BytesIO(data), service.LIMIT)
            stack.callback(received.discard)
    return plan


def _compare(plan: Plan, workspace: Workspace, conflict: str, actor: Caller) -> None:
    """Decide of each path, under the writer's lock, what it comes to."""
    query = select(File).where(File.workspace_id == workspace.id)
    there = {file.path: file for file in db.session.scalars(query)}
    taken = [path for path in plan.sizes if path in there]
    if taken and conflict == FAIL:
        raise PathsTaken(errors=[_taken(path) for path in taken[:100]])
    plan.new = [path for path in plan.sizes if path not in there]
    service.require_free(workspace.id, plan.new, set(there))
    growth = sum(plan.sizes[path] for path in plan.new)
    if conflict == SKIP:
        plan.skipped = len(taken)
    else:
        growth += sum(plan.sizes[path] - there[path].size for path in taken)
        _replace(plan, [there[path] for path in taken])
    service.require_room(workspace.project_id, growth, actor)


def _taken(path: str) -> dict[str, str]:
    pointer = "#/" + path.replace("~", "~0").replace("/", "~1")
    return {"detail": f"There is a file {path!r} already.", "pointer": pointer}


def _replace(plan: Plan, files: list[File]) -> None:
    for file in files:
        if (file.kind == TEXT) is (file.path in plan.received):
            raise service.PathTaken(f"{file.path!r} is a text here or there, and bytes beside it.")
        if file.kind == TEXT:
            plan.texts[file.path] = file.id
        else:
            plan.bytes[file.path] = file


def _write(plan: Plan, archive: Archive, workspace: Workspace, actor: Caller) -> list[str]:
    """Make new files and replace bytes, in one commit; returns the digests of replaced bytes."""
    for path in plan.new:
        if path in plan.received:
            service.new_bytes(workspace, path, plan.received[path], actor)
        else:
            service.new_text(workspace, path, _text(archive, path), actor)
    old = []
    for path, file in plan.bytes.items():
        old += content.take_over(file, plan.received[path], actor)
    db.session.commit()
    return old


def _text(archive: Archive, path: str) -> str:
    return text_of(archive.read(path, TEXT_LIMIT)) or ""
