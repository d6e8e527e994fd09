"""Reading the counters."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ..core.slots import setting
from ..core.usage.models import KINDS, PERSON, PROJECT, Usage
from ..core.usage.quota import MIB, limit_of
from ..extensions import db

#: Kinds that have a quota of their own, below the one of all, and the setting for it.
OWN_QUOTAS = {(PERSON, "uploads"): "UPLOAD_QUOTA_MB", (PROJECT, "files"): "FILE_QUOTA_MB"}


@dataclass(frozen=True)
class Kind:
    """What is kept of one kind."""

    kind: str
    bytes: int
    count: int
    limit: int | None


@dataclass(frozen=True)
class Kept:
    """What an owner keeps."""

    bytes: int
    limit: int
    kinds: list[Kind]


def usage_of(owner: str, owner_id: int) -> Kept:
    """Return what a person or a project keeps, by kind; it reads a row for each kind."""
    query = select(Usage.kind, Usage.bytes, Usage.count)
    query = query.where(Usage.owner == owner, Usage.owner_id == owner_id)
    found = {row.kind: row for row in db.session.execute(query) if row[2] or row.bytes}
    kinds = [
        Kind(kind, found[kind].bytes, found[kind][2], _own_limit(owner, kind))
        for kind in KINDS
        if kind in found
    ]
    return Kept(sum(one.bytes for one in kinds), limit_of(owner), kinds)


def _own_limit(owner: str, kind: str) -> int | None:
    name = OWN_QUOTAS.get((owner, kind))
    return setting(name) * MIB if name else None
