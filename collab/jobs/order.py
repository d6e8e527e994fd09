"""What a worker is asked to do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..core.json import dumps
from ..core.security import ANSWERS
from ..frozen import frozen
from .registry import JobType


@frozen
class Order:
    """What somebody wants to have done; the payload is valid for the type."""

    type: JobType
    payload: dict[str, Any]
    project_id: int | None = None
    key: str | None = None
    priority: int = 0
    run_at: datetime | None = None
    max_attempts: int | None = None
    timeout_s: int | None = None
    #: The schedule that the job belongs to, if any.
    schedule_id: int | None = None

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Tag the order under each of our keys, to compare a repeated order with it."""
        run_at = self.run_at and self.run_at.isoformat()
        limits = [self.priority, run_at, self.max_attempts, self.timeout_s]
        return ANSWERS.here().tag(dumps([self.type.name, self.payload, self.project_id, limits]))
