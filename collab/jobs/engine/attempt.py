"""One run of a job: its code is called, and whatever happens becomes an ending."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask

from ...core.json import dumps, loads_sent
from ...core.logging.lines import marked
from ...core.tracing import span
from ...core.usage import quota
from ...extensions import db
from ...flags import service as flags
from .. import registry
from ..context import FatalError, JobContext, JobError, Result, RunReport, Stopped
from ..models import CANCELLED, FAILED, SUCCEEDED
from .claiming import Claimed
from .lifecycle import HANDED_BACK, TIMED_OUT, WORKER_LOST, Ending, failure

logger = logging.getLogger(__name__)

QUOTA_SPENT = "quota_spent"
BAD_NAME = "the file has no proper content type or name"


@dataclass(eq=False)
class Run:
    """A job that is running in this process."""

    job: Claimed
    context: JobContext
    #: What it has reported and is not yet written.
    unsaid: RunReport = field(default_factory=RunReport)
    #: When it was told to stop, by the monotonic clock.
    stopped_at: float | None = None
    #: Its row has ended without it; the code goes on until it checks.
    settled: bool = False
    #: Takes it back from the pool if no thread has begun it; returns whether it succeeded.
    withdraw: Callable[[], bool] = lambda: False
    claimed_at: float = 0.0
    begun: bool = False
    #: How long its code took, once it has returned.
    seconds: float | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Return the job and the lease."""
        return self.job.id, self.job.token


def carry_out(app: Flask, run: Run) -> Ending:
    """Call the job's code in an application context of its own; never raises."""
    # Not begun: then another worker may run even what runs at most once.
    if run.context.cancelled:  # told to stop while it waited for a thread
        return replace(stopped(run.context.stop_reason), begun=False)
    run.context.begin()
    run.begun, started = True, time.perf_counter()
    try:
        with marked(f"job {run.job.id}"):
            return _ending(app, run)
    finally:
        run.seconds = time.perf_counter() - started


def _ending(app: Flask, run: Run) -> Ending:
    try:
        with app.app_context():
            try:
                with _traced(run):
                    return _call(run)
            finally:
                db.session.remove()
    except JobError as error:
        told = failure(error.code, _words(error))
        # What there was is kept, such as the output of a failed program: it tells why.
        return Ending(FAILED, result=_kept(error.result), error=told, retry=error.retry)
    except Stopped:
        return stopped(run.context.stop_reason)
    except BaseException as error:  # a handler may call sys.exit(), too
        logger.exception("job %s (%s) raised", run.job.id, run.job.type)
        return Ending(FAILED, error=failure("error", f"{type(error).__name__}: {_words(error)}"))


def _traced(run: Run) -> AbstractContextManager[Any]:
    """Continue the trace in which the job was ordered."""
    job = run.job
    numbers = {"collab.job.id": job.id, "collab.job.attempt": job.attempt}
    return span(f"job {job.type}", "consumer", job.trace, **numbers)


def _call(run: Run) -> Ending:
    kind = registry.find(run.job.type)
    if kind is None:
        told = failure("unknown_type", f"Nothing here runs jobs of type {run.job.type!r}.")
        return Ending(FAILED, error=told, retry=False)
    if kind.feature is not None and not flags.is_on(kind.feature, run.context.owner_id):
        # Fatal: a retry would meet the same switch, and spend attempts on it.
        raise FatalError("unavailable", "Its feature was switched off while the job waited.")
    result = kind.run(run.context, run.job.payload)
    if reason := _unkeepable(result):
        raise FatalError("bad_result", f"What the job made can't be kept: {reason}.")
    if not kind.owed:
        _require_room(run, result)
    return Ending(SUCCEEDED, result=result)


def _require_room(run: Run, result: Result | None) -> None:
    """Refuse a result that its owner's or project's quota has no room for; raises FatalError."""
    if result is not None:
        # As it is stored: what it used in memory does not matter to a quota.
        size = len(dumps(result.data)) + len(result.body or b"")
        try:
            quota.require(size, person_id=run.job.owner_id, project_id=run.job.project_id)
        except quota.QuotaSpent as error:
            raise FatalError(QUOTA_SPENT, str(error)) from None


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "it has no words for it"


def _kept(result: Result | None) -> Result | None:
    """Return what there was before a failure, if it can be kept."""
    return None if _unkeepable(result) else result


def _unkeepable(result: Any) -> str | None:
    """Return why a result can't be stored or shown, or None.

    The scheduler writes the row, where a bad value would hold up all jobs.
    """
    if result is None:
        return None
    if not isinstance(result, Result) or not isinstance(result.data, dict | None):
        return "it is not a result"
    try:
        # Parsed as well: JSON may nest deeper than our own parser accepts.
        loads_sent(dumps(result.data))
    except (TypeError, ValueError) as error:
        return f"it is not JSON, or nested too deeply: {error}"
    body: Any = result.body
    if not isinstance(body, bytes | None):
        return "the body is not bytes"
    return None if result.fits_headers else BAD_NAME


def stopped(reason: str | None) -> Ending:
    """Return the ending of a run that was told to stop."""
    if reason == "timeout":
        return Ending(TIMED_OUT, error=failure(TIMED_OUT, "It ran longer than allowed."))
    if reason == "stopping":
        told = failure(WORKER_LOST, "The server stopped while it ran, and it runs at most once.")
        return Ending(HANDED_BACK, error=told)
    if reason == "quota":
        told = failure(QUOTA_SPENT, "There is no room for what it writes: delete something first.")
        return Ending(FAILED, error=told, retry=False)
    if reason == "lost":
        return Ending(WORKER_LOST, error=failure(WORKER_LOST, "Another worker has taken it over."))
    return Ending(CANCELLED)
