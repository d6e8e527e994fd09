"""What happens to files: sent to their project; edits to the file's own topic."""

from __future__ import annotations

from typing import Any

from ...frozen import frozen
from ..corrections import DropTopic
from ..types import Event, ProjectEvent


@frozen(kw_only=True)
class FileEvent(ProjectEvent):
    """Something that happened to a file as a whole."""

    file_id: int
    workspace_id: int
    path: str


@frozen(kw_only=True)
class FileCreated(FileEvent):
    """A file was made."""

    type = "file.created"
    kind: str
    size: int


@frozen(kw_only=True)
class FileMoved(FileEvent):
    """A file got another path."""

    type = "file.moved"
    old_path: str


@frozen(kw_only=True)
class FileReplaced(FileEvent):
    """A file's bytes were replaced."""

    type = "file.replaced"
    size: int
    sha256: str


@frozen(kw_only=True)
class FileDeleted(FileEvent):
    """A file was deleted with its history; its topic ends."""

    type = "file.deleted"
    corrects = DropTopic("file:{file_id}")


@frozen(kw_only=True)
class FileEdited(Event):
    """A text changed: `edits` turned the version before into `version`; null if too long."""

    type = "file.edited"
    file_id: int
    project_id: int
    version: int
    door: str
    edits: list[dict[str, Any]] | None
    #: The author's name for it.
    edit_id: str | None = None

    @property
    def topic(self) -> str:
        """Return the topic of those who have the file open."""
        return f"file:{self.file_id}"
