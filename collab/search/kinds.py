"""What can be found. A new kind is added here, in `fulltext.KINDS`, and with triggers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import null

from ..files.models import File
from ..posts.models import PUBLISHED, Post
from ..projects import access
from ..projects.models import Project
from ..tasks.models import Task
from ..uploads.models import Upload
from ..workspaces.models import Workspace


@dataclass(frozen=True)
class Kind:
    """A kind of rows that the index has."""

    name: str
    model: Any
    title: Any
    changed: Any
    #: Where its rows are in the API, below the base path.
    path: str
    #: Return the condition for the rows that a person, or an admin, may read, by the tables.
    readable: Callable[[Any, Any, bool], Any] = access.readable

    @property
    def project_id(self) -> Any:
        """Return the column that says in which project a row is, NULL if none ever is."""
        return getattr(self.model, "project_id", null())


def _readable_posts(model: type[Post], user_id: Any, is_admin: bool) -> Any:
    """Return the condition for what is published, and a person's own drafts."""
    return (model.status == PUBLISHED) | (model.owner_id == user_id)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("project", Project, Project.name, Project.updated_at, "projects"),
        Kind("workspace", Workspace, Workspace.name, Workspace.updated_at, "workspaces"),
        Kind("task", Task, Task.title, Task.updated_at, "tasks"),
        Kind("post", Post, Post.title, Post.updated_at, "posts", _readable_posts),
        Kind("file", File, File.path, File.updated_at, "files"),
        Kind("upload", Upload, Upload.name, Upload.created_at, "uploads"),
    )
}
