"""Creating, listing, reading and deleting uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from ..core.caller import Caller
from ..core.database import take_write_lock
from ..core.errors import ApiError, Malformed, invalid
from ..core.lists.paging import Page, paginate
from ..core.slots import setting
from ..core.storage.blob_store import blobs, sweep
from ..core.storage.blobs import ByteSource, Received
from ..core.usage import quota
from ..core.usage.models import PERSON
from ..core.usage.quota import MIB, QuotaSpent
from ..extensions import db
from ..projects import access
from .models import UPLOAD_SORTS, Upload

#: Bytes of one file.
MAX_UPLOAD_BYTES = 25 * 2**20


def create(
    source: ByteSource, name: str, content_type: str, project_id: int | None, owner: Caller
) -> Upload:
    """Take a file in; raises Malformed, TooLarge, QuotaSpent, NotFound and Forbidden."""
    # Without the lock: a slow sender would keep all others from writing.
    received = blobs().receive(source, MAX_UPLOAD_BYTES)
    try:
        if not received.size:
            raise Malformed("The file is empty.")
        return _keep(received, name, content_type, project_id, owner)
    finally:
        received.discard()


def _keep(
    received: Received, name: str, content_type: str, project_id: int | None, owner: Caller
) -> Upload:
    take_write_lock()
    access.admit(project_id, owner)
    _require_room(received.size, project_id, owner)
    upload = Upload(
        owner_id=owner.user_id,
        project_id=project_id,
        name=name,
        content_type=content_type,
        size=received.size,
        sha256=received.digest,
    )
    db.session.add(upload)
    db.session.flush()
    # Before the commit: bytes without a row are swept away, a row without bytes would stay.
    blobs().keep(received)
    db.session.commit()
    return upload


def _require_room(size: int, project_id: int | None, owner: Caller) -> None:
    used = quota.used_of_kind(PERSON, owner.user_id, "uploads")
    limit = setting("UPLOAD_QUOTA_MB") * MIB
    if used + size > limit:
        raise QuotaSpent(
            f"Your uploads take {used // MIB} of {limit // MIB} MiB: delete some first.",
            "uploads",
            used,
            limit,
        )
    quota.require(size, person_id=owner.user_id, project_id=project_id)


def list_uploads(caller: Caller, *, project_id: int | None, sort: str, **page: Any) -> Page:
    """Return a page of the caller's uploads, or of a project's."""
    query = select(Upload).where(access.owned_by(Upload, caller, project_id))
    return paginate(query, columns=UPLOAD_SORTS, sort=sort, key=Upload.id, **page)


def delete(upload: Upload) -> None:
    """Delete an upload, and its bytes if they are nobody else's."""
    digest = upload.sha256
    db.session.delete(upload)
    db.session.commit()
    sweep(digest)  # not before: a rollback could not bring the bytes back


def admit(upload_id: int, project_id: int | None, caller: Caller) -> None:
    """Refuse a job on a file that the caller may not read (422).

    What a project's job shows is shown to its members: so its file must be the project's too, or
    the caller's own to give.
    """
    try:
        upload = access.load(Upload, upload_id, caller)
    except ApiError:
        raise invalid("payload/upload_id", "There is no such upload.") from None
    if upload.project_id not in (None, project_id):
        raise invalid(
            "payload/upload_id", "The upload belongs to a different project than the job."
        )


def path_of(upload_id: int) -> Path:
    """Return where an upload's bytes are; raises LookupError when it has been deleted."""
    return blobs().path(_get(upload_id).sha256)


def name_of(upload_id: int) -> str:
    """Return an upload's name; raises LookupError when it has been deleted."""
    return _get(upload_id).name


def _get(upload_id: int) -> Upload:
    upload = db.session.get(Upload, upload_id)
    if upload is None:
        raise LookupError(f"upload {upload_id} has been deleted")
    return upload
