"""Making, changing and deleting sources, and their write keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import Conflict, invalid
from ..core.lists.paging import Page, paginate
from ..core.models import utcnow
from ..core.security import digest
from ..events import log
from ..events.catalogue.ingest import (
    SourceCreated,
    SourceDeleted,
    SourceKeyRevoked,
    SourceKeyRotated,
    SourceUpdated,
)
from ..extensions import db
from ..projects.models import Project
from .keys import hint_of, new_key
from .models import SOURCE_SORTS, Source
from .pipeline.rules import compile_rules

#: Sources of one project.
MAX_SOURCES_PER_PROJECT = 100
#: The source of events that are sent with a person's token and name no source.
API_SOURCE_NAME = "API"
ALL_KEYS = "all"
PREVIOUS_KEY = "previous"


def create(project: Project, values: dict[str, Any], actor: Caller) -> tuple[Source, str]:
    """Make a source; returns it with its key, which nobody can show again.

    Raises Unprocessable, and Conflict for a name that is taken or one source too many.
    """
    _check_rules(values.get("rules", []))
    _require_name_free(project.id, values["name"])
    count = select(func.count()).where(Source.project_id == project.id)
    if (db.session.scalar(count) or 0) >= MAX_SOURCES_PER_PROJECT:
        raise Conflict(f"A project has at most {MAX_SOURCES_PER_PROJECT} sources: delete one.")
    source = Source(project_id=project.id, created_by=actor.user_id, **values)
    key = _give_key(source)
    db.session.add(source)
    db.session.flush()
    created = SourceCreated(project_id=project.id, source_id=source.id, name=source.name)
    log.record(created, actor=actor.user_id)
    db.session.commit()
    return source, key


def list_sources(project: Project, *, sort: str, **page: Any) -> Page:
    """Return a page of a project's sources."""
    query = select(Source).where(Source.project_id == project.id)
    return paginate(query, columns=SOURCE_SORTS, sort=sort, key=Source.id, **page)


def update(source: Source, changes: dict[str, Any], actor: Caller) -> Source:
    """Change a source's name, policy or rules, or switch it off; raises Unprocessable, Conflict."""
    changed = {key: value for key, value in changes.items() if getattr(source, key) != value}
    if "rules" in changed:
        _check_rules(changed["rules"])
    if "name" in changed:
        _require_name_free(source.project_id, changed["name"])
    for key, value in changed.items():
        setattr(source, key, value)
    if changed:
        event = SourceUpdated(**_facts(source), changes=changed)
        log.record(event, actor=actor.user_id)
    db.session.commit()
    return source


def rotate(source: Source, overlap: timedelta, actor: Caller) -> tuple[Source, str]:
    """Give a source a new key; the previous one stays valid for some time.

    After several rotations in a row, only the last key before the new one does.
    """
    # One that was revoked has no key that could stay valid.
    kept = source.key_digest is not None and overlap > timedelta(0)
    source.previous_digest = source.key_digest if kept else None
    source.previous_until = utcnow() + overlap if kept else None
    key = _give_key(source)
    seconds = int(overlap.total_seconds()) if kept else 0
    log.record(SourceKeyRotated(**_facts(source), overlap_seconds=seconds), actor=actor.user_id)
    db.session.commit()
    return source, key


def revoke(source: Source, keys: str, actor: Caller) -> Source:
    """End a source's keys at once: `all`, or the `previous` one that a rotation left valid."""
    source.previous_digest = source.previous_until = None
    if keys == ALL_KEYS:
        source.key_digest = source.key_hint = None
    log.record(SourceKeyRevoked(**_facts(source), keys=keys), actor=actor.user_id)
    db.session.commit()
    return source


def delete(source: Source, actor: Caller) -> None:
    """Delete a source and its keys; the worker deletes what it has sent (`pipeline/chores.py`)."""
    log.record(SourceDeleted(**_facts(source)), actor=actor.user_id)
    db.session.delete(source)
    db.session.commit()


def of_project(project_id: int, actor: Caller) -> Source:
    """Return the source of what people send with their own tokens; made on its first use."""
    query = select(Source).where(Source.project_id == project_id, Source.name == API_SOURCE_NAME)
    found = db.session.scalar(query)
    if found is not None:
        return found
    # Two first requests at once: the second finds the source that the first one made.
    take_write_lock()
    found = db.session.scalar(query)
    if found is None:
        found = Source(project_id=project_id, created_by=actor.user_id, name=API_SOURCE_NAME)
        db.session.add(found)
        db.session.flush()
        created = SourceCreated(project_id=project_id, source_id=found.id, name=found.name)
        log.record(created, actor=actor.user_id)
    db.session.commit()
    return found


def _facts(source: Source) -> dict[str, Any]:
    return {"project_id": source.project_id, "source_id": source.id, "name": source.name}


def _give_key(source: Source) -> str:
    key = new_key()
    source.key_digest, source.key_hint = digest(key), hint_of(key)
    return key


def _check_rules(rules: list[Any]) -> None:
    try:
        compile_rules(rules)
    except ValueError as error:
        raise invalid("rules", str(error)) from None


def _require_name_free(project_id: int, name: str) -> None:
    query = select(Source.id).where(Source.project_id == project_id, Source.name == name)
    if db.session.scalar(query) is not None:
        raise Conflict("Another source of this project has this name.")
