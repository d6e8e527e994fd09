"""The counters: what each person and each project keeps, by kind."""

from __future__ import annotations

from sqlalchemy import String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..models import Model, partial_index

PERSON = "person"
PROJECT = "project"

#: What is counted together and shown together.
KINDS = (
    "events",
    "files",
    "history",
    "uploads",
    "tasks",
    "comments",
    "posts",
    "jobs",
    "ingest",
    "webhooks",
    "workspaces",
    "members",
    "notifications",
    "sessions",
    "answers",
)


class Usage(Model):
    """What somebody keeps of one kind; triggers write it, in the transaction of each change.

    `settled_*` is what was there when the last transaction was looked at. So the rows that differ
    are those that the open transaction has changed.
    """

    __tablename__ = "usage"
    __table_args__ = (
        partial_index(
            "ix_usage_unsettled",
            "owner",
            "owner_id",
            where=text("bytes <> settled_bytes OR count <> settled_count"),
        ),
        {"sqlite_with_rowid": False},
    )

    #: `person` or `project`.
    owner: Mapped[str] = mapped_column(String(8), primary_key=True)
    owner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    bytes: Mapped[int]
    count: Mapped[int]
    settled_bytes: Mapped[int]
    settled_count: Mapped[int]


class FreedBlob(Model):
    """Bytes that some row no longer has: another row still uses them, or they are deleted."""

    __tablename__ = "freed_blobs"
    __table_args__ = ({"sqlite_with_rowid": False},)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)


class UsagePlace(Model):
    """What belongs to a row of another table, and who owns it.

    When a file is deleted its changes are deleted after it, and no longer know which project
    they were in. What they take is therefore summed up here, and goes with the file at once.
    """

    __tablename__ = "usage_places"
    __table_args__ = ({"sqlite_with_rowid": False},)

    place: Mapped[str] = mapped_column(String(12), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int | None]
    project_id: Mapped[int | None]
    bytes: Mapped[int]
    count: Mapped[int]
