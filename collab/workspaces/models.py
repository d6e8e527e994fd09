"""Workspaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.lists.reading import StoredJson
from ..core.models import Model, Versioned
from ..projects.models import AsSeen


class Workspace(AsSeen, Versioned, Model):
    """A place in a project where people work together."""

    __tablename__ = "workspaces"
    __table_args__ = (
        Index("ix_workspaces_project_id_id", "project_id", "id"),
        Index("ix_workspaces_project_id_name_key_id", "project_id", "name_key", "id"),
        Index("ix_workspaces_project_id_created_at_id", "project_id", "created_at", "id"),
        Index("ix_workspaces_project_id_updated_at_id", "project_id", "updated_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(120))
    #: What names are sorted by (`core/words/sorting.py`); triggers of the database keep it.
    name_key: Mapped[str] = mapped_column(Text, default="", deferred=True)
    settings: Mapped[Mapping[str, Any]] = mapped_column(StoredJson)


#: What lists may be sorted by.
WORKSPACE_SORTS = {
    "id": Workspace.id,
    "name": Workspace.name_key,
    "created_at": Workspace.created_at,
    "updated_at": Workspace.updated_at,
}
