"""What the pipeline knows about its sources, read from the service's database."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import orjson

from .event_schemas import Check, compile_kept
from .rules import Rule, compile_rules
from .stages import KnownSource
from .store import Where, open_service

log = logging.getLogger(__name__)

#: How many compiled rules, and how many schemas, are kept.
MAX_COMPILED = 1000

SOURCES_QUERY = (
    "SELECT id, project_id, name, unknown_types, CAST(rules AS TEXT) FROM ingest_sources"
    " WHERE id IN ({})"
)
SCHEMAS_QUERY = (
    "SELECT event_type, event_version, CAST(schema AS TEXT) FROM ingest_schemas"
    " WHERE project_id = ?"
)


class SourceReader:
    """Reads sources on first use, and again after the database has changed."""

    def __init__(self, where: Where) -> None:
        self._database = open_service(where)
        self._version: object = None
        self._known: dict[int, KnownSource] = {}
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._checks: dict[str, Check] = {}

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def get(self, ids: Iterable[int]) -> dict[int, KnownSource]:
        """Return those sources of the given ids that exist."""
        version = self._database.version()
        if version != self._version:  # somebody has committed something, perhaps about a source
            self._version = version
            self._known.clear()
        if missing := set(ids) - self._known.keys():
            self._read(missing)
        return {key: self._known[key] for key in ids if key in self._known}

    def all_there_are(self) -> dict[int, int]:
        """Return the ids of all sources, with their projects."""
        return dict(self._database.ask("SELECT id, project_id FROM ingest_sources"))

    def _read(self, ids: set[int]) -> None:
        marks = ", ".join("?" * len(ids))
        schemas: dict[int, dict[tuple[str, str], Check]] = {}
        for key, project, name, policy, rules in self._database.ask(
            SOURCES_QUERY.format(marks), tuple(ids)
        ):
            if project not in schemas:
                schemas[project] = self._checks_of(project)
            checks = schemas[project]
            self._known[key] = KnownSource(
                key,
                project,
                name,
                policy == "reject",
                self._compiled(rules),
                checks,
                frozenset(kind for kind, _ in checks),
            )

    def _compiled(self, text: str) -> tuple[Rule, ...]:
        if text not in self._rules:
            _make_room(self._rules)
            self._rules[text] = compile_rules(orjson.loads(text or "[]"))
        return self._rules[text]

    def _checks_of(self, project: int) -> dict[tuple[str, str], Check]:
        found: dict[tuple[str, str], Check] = {}
        rows: list[tuple[Any, ...]] = self._database.ask(SCHEMAS_QUERY, (project,))
        for kind, version, text in rows:
            if text not in self._checks:
                _make_room(self._checks)
                self._checks[text] = compile_kept(orjson.loads(text))
            found[kind, version] = self._checks[text]
        return found


def _make_room(known: dict[str, Any]) -> None:
    """Forget what was compiled first, if there is too much."""
    while len(known) >= MAX_COMPILED:
        known.pop(next(iter(known)))
