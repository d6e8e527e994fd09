"""The types of jobs: one decorated function each, which its package registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from ..core.caller import Caller
from ..core.schemas import Schema
from ..core.slots import Registry
from ..frozen import frozen
from .context import JobContext, Result

#: Runs in a thread of the pool, inside an application context; raises JobError or FatalError.
Run = Callable[[JobContext, dict[str, Any]], Result | None]
#: Checks a valid payload before the job is made; raises an ApiError to refuse it.
Admit = Callable[[dict[str, Any], int | None, Caller], None]


@frozen
class JobType:
    """A type of job: what runs, and how often and how long at most."""

    name: str
    run: Run
    payload: type[Schema]
    timeout_s: int
    max_attempts: int
    #: Whether an interrupted run may be repeated. If not, the job runs at most once.
    repeatable: bool
    admit: Admit | None
    #: Returns why jobs of this type can't be accepted now (and the remedy), or None.
    unavailable: Callable[[], str | None]
    #: Returns how many may run at once in a process; None: as many as there are workers.
    at_once: Callable[[], int] | None
    #: Whether it makes sense only in a project; `admit` checks that.
    needs_project: bool
    #: The feature flag that guards it.
    feature: str | None
    #: Whether its owner is notified of how it ended.
    tells: bool
    #: Whether its owner is entitled to its result, so that it is kept even over their quota.
    owed: bool
    #: Whether there is one per person at a time; its creator enforces that, and so does a retry.
    alone: bool

    @property
    def document(self) -> str:
        """Return the name of the payload's schema in the OpenAPI document."""
        return self.payload.__name__.removesuffix("In") + "Payload"

    @property
    def summary(self) -> str:
        """Return the first line of the function's docstring."""
        return (self.run.__doc__ or "").strip().split("\n")[0]


_TYPES: Registry[dict[str, JobType]] = Registry("job types", lambda _: {})


def job_type(
    name: str,
    *,
    payload: type[Schema],
    timeout_s: int = 60,
    max_attempts: int = 5,
    repeatable: bool = True,
    admit: Admit | None = None,
    unavailable: Callable[[], str | None] = lambda: None,
    at_once: Callable[[], int] | None = None,
    needs_project: bool = False,
    feature: str | None = None,
    tells: bool = True,
    owed: bool = False,
    alone: bool = False,
) -> Callable[[Run], JobType]:
    """Make the decorated function a type of job; `register` gives it to an application."""

    def make(run: Run) -> JobType:
        return JobType(
            name=name,
            run=run,
            payload=payload,
            timeout_s=timeout_s,
            max_attempts=max_attempts,
            repeatable=repeatable,
            admit=admit,
            unavailable=unavailable,
            at_once=at_once,
            needs_project=needs_project,
            feature=feature,
            tells=tells,
            owed=owed,
            alone=alone,
        )

    return make


def register(app: Flask, *kinds: JobType) -> None:
    """Have an application run jobs of some types."""
    _TYPES.of(app).update((kind.name, kind) for kind in kinds)


def find(name: str) -> JobType | None:
    """Return a type by its name."""
    return _TYPES.here().get(name)


def require(name: str) -> JobType:
    """Return an existing type; raises KeyError."""
    return _TYPES.here()[name]


def all_types() -> list[JobType]:
    """Return all types, by name."""
    return sorted(_TYPES.here().values(), key=lambda one: one.name)
