"""Files, every change of their texts, and the points from which a text is put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.models import Model, Versioned, partial_index, utcnow
from ..projects.models import AsSeen
from .paths import name_of
from .text import delta as deltas
from .text.delta import Delta
from .text.encoding import loaded

TEXT = "text"
BINARY = "binary"
FILE_KINDS = (TEXT, BINARY)
#: Characters at the beginning of a text that searches can find.
SEARCHABLE_CHARACTERS = 64 * 1024


class File(AsSeen, Versioned, Model):
    """A file in a workspace: text that is edited live, or bytes that are replaced as a whole."""

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("workspace_id", "path"),
        Index("ix_files_workspace_id_id", "workspace_id", "id"),
        Index("ix_files_workspace_id_size_id", "workspace_id", "size", "id"),
        Index("ix_files_workspace_id_updated_at_id", "workspace_id", "updated_at", "id"),
        Index("ix_files_project_id", "project_id"),
        Index("ix_files_sha256", "sha256"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    #: The workspace's project, which never changes: rights are looked up by it.
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    #: Who provided its content (for a text, its first); no foreign key, as in the history.
    author_id: Mapped[int | None]
    path: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(10))
    content_type: Mapped[str] = mapped_column(String(100))
    #: In bytes; for a text, of its UTF-8.
    size: Mapped[int] = mapped_column(default=0)
    #: About how many bytes a text's document has besides its letters, in other roots and formats.
    other_bytes: Mapped[int] = mapped_column(default=0, server_default="0")
    #: For binary files: the digest under which the bytes are kept.
    sha256: Mapped[str | None] = mapped_column(String(64))
    #: The beginning of a text, for the full-text index; it follows the edits when they pause. It is
    #: not loaded with the rest: it has up to 64 KiB, and no answer shows it.
    searchable: Mapped[str] = mapped_column(Text, default="", deferred=True)
    #: Grows with each change of the content; `version` does with each of path and the like.
    content_version: Mapped[int] = mapped_column(default=0)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return name_of(self.path)

    @property
    def topic(self) -> str:
        """The topic on which its edits are sent."""
        return f"file:{self.id}"

    def shown_besides(self) -> tuple[object, ...]:
        """Return what identifies the content."""
        return (self.content_version, self.size, self.content_type)

    @property
    def content_etag(self) -> str:
        """The tag of the content alone."""
        return self.sha256 or text_etag(self.id, self.content_version)


def text_etag(file_id: int, version: int) -> str:
    """Return the tag of a text's content at a version: `3-v17`."""
    return f"{file_id}-v{version}"


def _of_delta(count: Callable[[Delta], int]) -> Callable[[Any], int]:
    """Return a column's default: a function's result for the row's delta."""
    return lambda context: count(loaded(context.get_current_parameters()["delta"]))


class FileChange(Model):
    """A change of a text: what it did, who made it, when, and through which door."""

    __tablename__ = "file_changes"
    __table_args__ = (
        Index("ix_file_changes_file_id_author_id", "file_id", "author_id"),
        partial_index(
            "ix_file_changes_edit_id",
            "file_id",
            "author_id",
            "edit_id",
            unique=True,
            where=text("edit_id IS NOT NULL"),
        ),
    )

    file_id: Mapped[int] = mapped_column(
        ForeignKey("files.id", ondelete="CASCADE"), primary_key=True
    )
    #: The content's version after it.
    version: Mapped[int] = mapped_column(primary_key=True)
    #: The version that it changed: further back than one where compaction joined several.
    base: Mapped[int]
    author_id: Mapped[int | None]
    door: Mapped[str] = mapped_column(String(10))
    #: The author's name for it: if sent again, it is not applied again.
    edit_id: Mapped[str | None] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    #: Code units that it inserted and deleted.
    inserted: Mapped[int] = mapped_column(default=_of_delta(deltas.inserted))
    deleted: Mapped[int] = mapped_column(default=_of_delta(deltas.deleted))
    #: About how many bytes the delta takes.
    weight: Mapped[int] = mapped_column(default=_of_delta(deltas.weight))
    #: For an undo: the versions of the changes that it undid.
    undoes: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    #: A delta with its texts as texts and its lengths in UTF-16 code units.
    delta: Mapped[list[Any]] = mapped_column(JSON)
    #: The same as an update of the CRDT; gone once a checkpoint holds it.
    update: Mapped[bytes | None] = mapped_column(LargeBinary)


class Checkpoint(Model):
    """A text as it was at a version, from which later ones are put together."""

    __tablename__ = "file_checkpoints"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("files.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    #: UTF-8, compressed (zlib).
    text: Mapped[bytes] = mapped_column(LargeBinary)
    #: The CRDT; only the newest checkpoint of a file has it.
    state: Mapped[bytes | None] = mapped_column(LargeBinary)


#: What lists may be sorted by.
FILE_SORTS = {"id": File.id, "path": File.path, "size": File.size, "updated_at": File.updated_at}


class FileClient(Model):
    """Who owns a client id in a text: the first person whose editor wrote with it."""

    __tablename__ = "file_clients"

    file_id: Mapped[int] = mapped_column(
        ForeignKey("files.id", ondelete="CASCADE"), primary_key=True
    )
    client: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
