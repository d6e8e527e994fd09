"""The thread that makes the jobs of schedules when they are due."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from flask import Flask
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError, SQLAlchemyError, TimeoutError

from ..core.errors import ApiError
from ..core.models import utcnow
from ..core.parts import PARTS, BackgroundThread
from ..core.slots import Slot
from ..extensions import db
from . import attending
from .models import STATUSES, Schedule

logger = logging.getLogger(__name__)

#: Seconds: the table is looked at this often; another process may have written, or the clock been
#: set.
POLL_S = 1.0
#: Seconds for which a schedule that caused an error is left alone: the others go on.
PUT_OFF_S = 60.0


class Timekeeper(BackgroundThread):
    """Attends to the schedules that are due; any number of processes may have one."""

    def __init__(
        self,
        app: Flask,
        *,
        clock: Callable[[], datetime] = utcnow,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("schedules", off=None if app.config["SCHEDULES"] else "SCHEDULES is off")
        self._app, self._clock, self._monotonic = app, clock, monotonic
        #: Schedules that caused an error, and until when they are left alone.
        self._put_off: dict[int, float] = {}

    def close(self) -> None:
        """Make no more jobs: this process would only have to hand them back."""
        self._end()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._try_tick()

    def _try_tick(self) -> float:
        try:
            return self.tick()
        except (SQLAlchemyError, ApiError) as error:
            logger.error("schedules wait, the database does not answer: %s", error)
        except Exception:
            logger.exception("the timekeeper stumbled, trying again")
        return POLL_S

    def tick(self) -> float:
        """Attend to what needs it; returns the seconds until there may be more."""
        with self._app.app_context():
            wanting = self._not_put_off(attending.wanting(self._clock()))
            # Given back before the work: each schedule has a transaction of its own.
            db.session.remove()
        for schedule_id in wanting:
            if self._stopping.is_set():
                break
            self._attend(schedule_id)
        with self._app.app_context():
            following = attending.next_at()
        if following is None or self._put_off:
            return POLL_S
        # At least a moment: a schedule that stays due must not make a loop without a pause.
        return min(POLL_S, max(0.01, (following - self._clock()).total_seconds()))

    def _not_put_off(self, ids: list[int]) -> list[int]:
        now = self._monotonic()
        self._put_off = {one: until for one, until in self._put_off.items() if until > now}
        return [one for one in ids if one not in self._put_off]

    def _attend(self, schedule_id: int) -> None:
        """Attend to one, in a context of its own; an error does not keep others waiting."""
        try:
            with self._app.app_context():
                attending.attend(schedule_id, self._clock())
        except (OperationalError, TimeoutError, ApiError):
            raise  # it is the database, and no better with the next one
        except Exception:
            logger.exception("schedule %s can't be seen to", schedule_id)
            self._put_off[schedule_id] = self._monotonic() + PUT_OFF_S


def collect() -> Iterator[Metric]:
    """Yield metrics: schedules by status, and whether they are attended to."""
    counted = select(Schedule.status, func.count()).group_by(Schedule.status)
    found: dict[str, int] = dict(db.session.execute(counted).all())
    family = GaugeMetricFamily("collab_schedules", "Schedules, by status.", labels=("status",))
    for status in STATUSES:
        family.add_metric([status], found.get(status, 0))
    yield family
    first = select(func.min(Schedule.next_at)).where(Schedule.next_at.is_not(None))
    due = db.session.scalar(first)
    overdue_s = max(0.0, (utcnow() - due).total_seconds()) if due else 0.0
    yield GaugeMetricFamily(
        "collab_schedules_overdue_seconds",
        "How long that schedule has been due which has been so longest; 0 if none is.",
        value=overdue_s,
    )


TIMEKEEPER: Slot[Timekeeper] = Slot("timekeeper", Timekeeper)


def init_app(app: Flask) -> None:
    """Give an application its timekeeper; it starts with the server, or the first request."""
    PARTS.of(app).add("schedules", TIMEKEEPER, with_requests=True)
