"""`/auth/me/export…`, `DELETE /auth/me` and `DELETE /users/{id}`: people's own data."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from ...auth.guard import admin_required, login_required
from ...auth.models import User
from ...auth.sessions import Client
from ...auth.signing_in import freshness
from ...auth.users import load
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.downloads import download
from ...core.http.etags import located, versioned
from ...core.http.idempotency import idempotent
from ...core.links import BASE_PATH
from ...jobs.representation import JobView, shown
from ...jobs.schemas import JobWholeOut
from . import erasing, keeping
from .schemas import EraseMeIn, OwnProofIn

blueprint = Blueprint(
    "people", __name__, url_prefix=BASE_PATH, description="All data kept about a person."
)


def _own(data: dict[str, Any]) -> User:
    """Return the caller's account, if they have just proved that it is theirs."""
    where = Client(request.remote_addr or "", request.headers.get("User-Agent", ""))
    freshness.require(caller(), data["password"], where)
    return load(caller().user_id)


@blueprint.post("/auth/me/export")
@login_required
@idempotent
@blueprint.response(202, JobWholeOut)
@located("/jobs/{id}")
@versioned
def order_export() -> JobView:
    """Collect everything kept about you; returns the job, of which there is one at most.

    Follow it, and fetch what it has made at `auth/me/export/download`.
    """
    return shown(keeping.order(caller().user_id))


@blueprint.post("/auth/me/export/download")
@login_required
@blueprint.arguments(OwnProofIn)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
@blueprint.alt_response(404, "Problem")
@blueprint.alt_response(409, "Problem")
def download_export(data: dict[str, Any]) -> Response:
    """Download your export: JSON of each kind, and your files, as a zip; 409 while it is made."""
    _own(data)
    file = keeping.lend(caller().user_id)
    answer = download(file, "application/zip", f"collab-{caller().user_id}.zip")  # type: ignore
    # What needed a proof is not cached, or it could be read from there without one.
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.delete("/auth/me")
@login_required
@blueprint.arguments(EraseMeIn)
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def erase_me(data: dict[str, Any]) -> None:
    """Erase your account and what is yours alone; a project's things stay, without your name."""
    erasing.begin(_own(data), take_projects=data["take_projects"], actor=caller())


@blueprint.delete("/users/<id:user_id>")
@admin_required
@blueprint.arguments(EraseMeIn)
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def erase_user(data: dict[str, Any], user_id: int) -> None:
    """Erase somebody's account, as they could themselves; the password is your own."""
    _own(data)
    user = load(user_id)
    erasing.begin(user, take_projects=data["take_projects"], actor=caller())
