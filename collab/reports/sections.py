"""The sections of a report, in order. A further one is a line here, a function and a template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..frozen import frozen
from . import facts, task_facts
from .scope import Scope


@frozen
class Section:
    """A part of the page: what it counts is shown by `templates/sections/<name>.html`."""

    name: str
    title: str
    gather: Callable[[Scope], Any]
    #: Whether it takes the page's whole width, or stands beside the next one.
    wide: bool = False


SECTIONS = (
    Section("activity", "Events by day", facts.activity, wide=True),
    Section("types", "Events by type", facts.types),
    Section("people", "Most active people", facts.people),
    Section("members", "Members", facts.members),
    Section("tasks", "Tasks", task_facts.tasks),
    Section("workspaces", "Workspaces", facts.workspaces),
)
