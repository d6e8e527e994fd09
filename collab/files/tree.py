"""A workspace's files as a tree: folders are derived from the paths, and exist nowhere else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..extensions import db
from ..workspaces.models import Workspace
from .models import File
from .paths import name_of

ENTRY_COLUMNS = (File.id, File.path, File.kind, File.size)


def tree_of(workspace: Workspace) -> list[dict[str, Any]]:
    """Return all files in their folders, each folder's children by name."""
    root: list[dict[str, Any]] = []
    folders = {"": root}
    query = select(*ENTRY_COLUMNS).where(File.workspace_id == workspace.id).order_by(File.path)
    for key, path, kind, size in db.session.connection().execute(query):
        above, _, name = path.rpartition("/")
        place = folders[above] if above in folders else _folder(folders, above)
        file = {"name": name, "type": "file", "id": key, "path": path, "kind": kind, "size": size}
        place.append(file)
    for children in folders.values():
        children.sort(key=lambda child: str(child["name"]))
    return root


def _folder(folders: dict[str, list[dict[str, Any]]], path: str) -> list[dict[str, Any]]:
    """Return a folder's children; creates it, and the folders that contain it."""
    if path not in folders:
        above = _folder(folders, path.rpartition("/")[0])
        children: list[dict[str, Any]] = []
        above.append({"name": name_of(path), "path": path, "type": "folder", "children": children})
        folders[path] = children
    return folders[path]
