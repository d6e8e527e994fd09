"""Exports on the disk: one per person, each in a file of its own, for EXPORT_HOURS at most.

A file is named after its owner and the run that makes it. It is somebody's export once a row names
it; one that no row names, and that no run is making, is deleted. So whatever a killed process
leaves is found by its name, and there is nothing to undo.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO

from flask import Flask
from sqlalchemy import delete, select

from ...core.database import take_write_lock
from ...core.errors import Conflict, NotFound
from ...core.models import utcnow
from ...core.personal.declared import Subject, on_erase
from ...core.slots import setting
from ...core.storage import housekeeping
from ...core.storage.blob_store import blobs
from ...core.storage.lasting import sync_folder
from ...core.storage.lent import LentFile
from ...core.usage import quota
from ...extensions import db
from ...jobs import reading, registry
from ...jobs import service as jobs
from ...jobs.context import JobContext, Stopped
from ...jobs.models import RUNNING, Job
from ...jobs.order import Order
from .in_hand import EXPORTS, ORDERS
from .models import Export

EXPORT_TYPE = "export"
EXPORTS_FOLDER = "exports"
#: Whose it is, and the job and the attempt that make it.
EXPORT_SUFFIX = ".zip"
FILE_NAME = "{}.{}.{}" + EXPORT_SUFFIX


class NoExport(NotFound):
    """There is no export of yours: order one by POST auth/me/export."""


class BeingMade(Conflict):
    """Your export is being made: fetch it when its job has ended."""


def folder() -> Path:
    """Return where exports are."""
    return Path(setting("INSTANCE_PATH")) / EXPORTS_FOLDER


# -- ordering and fetching ------------------------------------------------------------------------


def order(user_id: int) -> Job:
    """Order somebody's export, and commit; returns the job that makes it, as there is one at most.

    No quota refuses it: people are entitled to their data. Raises TooManyOrders.
    """
    take_write_lock()
    job = reading.going_on(user_id, EXPORT_TYPE)
    if job is None:
        ORDERS.here().take(str(user_id))
        quota.let_pass(db.session())
        made = Order(registry.require(EXPORT_TYPE), {})
        job = jobs.enqueue_for(user_id, made, actor=user_id)
    db.session.commit()
    return job


def lend(user_id: int) -> LentFile:
    """Return somebody's export for sending; raises NoExport, BeingMade, TooManyRequests."""
    exports = EXPORTS.here()
    exports.begin(user_id)
    with ExitStack() as stack:
        stack.callback(exports.end, user_id)
        file = _opened(user_id)
        return LentFile(file, stack.pop_all().close)


def _opened(user_id: int) -> IO[bytes]:
    if (job := reading.going_on(user_id, EXPORT_TYPE)) is not None:
        raise BeingMade(f"Your export is being made by job {job.id}: fetch it when that has ended.")
    kept = db.session.get(Export, user_id)
    if kept is None or kept.made_at + life() <= utcnow():
        raise NoExport()
    try:
        return (folder() / kept.name).open("rb")
    except FileNotFoundError:  # the row came from a backup, which contains no exports
        raise NoExport() from None


def life() -> timedelta:
    """Return for how long an export is kept."""
    return timedelta(hours=setting("EXPORT_HOURS"))


# -- keeping --------------------------------------------------------------------------------------


@contextmanager
def new_file(ctx: JobContext) -> Iterator[IO[bytes]]:
    """Open a run's own file for writing; when it is over, it is its owner's export.

    Raises Stopped if nobody wants it any more. An error meanwhile leaves no file.
    """
    path = folder() / FILE_NAME.format(ctx.owner_id, ctx.job_id, ctx.attempt)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
        _keep(ctx, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _keep(ctx: JobContext, path: Path) -> None:
    """Make a file its owner's export, replacing any earlier one; commits."""
    take_write_lock()
    # Under the lock: a person being erased, or a run that lost its job, adds nothing from here on.
    if not reading.is_wanted(ctx.job_id, ctx.attempt):
        raise Stopped("lost")
    before = db.session.get(Export, ctx.owner_id)
    former = before.name if before else None
    size = path.stat().st_size
    db.session.merge(
        Export(user_id=ctx.owner_id, job_id=ctx.job_id, name=path.name, size=size, made_at=utcnow())
    )
    db.session.commit()
    if former is not None:
        (path.parent / former).unlink(missing_ok=True)


# -- letting go -----------------------------------------------------------------------------------


def forget(whom: Subject) -> bool:
    """Delete all files of somebody, finished or not; returns that nothing is left."""
    for path in folder().glob(FILE_NAME.format(whom.id, "*", "*")):
        path.unlink(missing_ok=True)
    return False


def tidy() -> bool:
    """Drop expired exports, and delete files without owners; returns that nothing is left."""
    db.session.execute(delete(Export).where(Export.made_at < utcnow() - life()))
    db.session.commit()
    _delete_unnamed()
    return False


def _delete_unnamed() -> None:
    # According to the rows of another database all files would be nobody's.
    if not folder().is_dir() or not blobs().are_ours():
        return
    found = list(folder().iterdir())
    # In this order: a run that is seen here to have ended has named its file before.
    runs = select(Job.owner_id, Job.id, Job.attempt)
    runs = runs.where(Job.type == EXPORT_TYPE, Job.status == RUNNING)
    wanted = {FILE_NAME.format(*run) for run in db.session.execute(runs)}
    wanted.update(db.session.scalars(select(Export.name)))
    for path in found:
        if path.suffix == EXPORT_SUFFIX and path.name not in wanted:
            path.unlink(missing_ok=True)


def init_app(app: Flask) -> None:
    """Delete exports in time, and with their owners."""
    housekeeping.bring(app, "exports", tidy)
    on_erase(app, forget)
