"""`/installation`: for admins, what there is and what somebody should look at."""

from __future__ import annotations

from typing import Any

from ..auth.guard import admin_required
from ..core.http.blueprint import Blueprint
from ..core.http.heavy import heavy
from ..core.links import BASE_PATH
from . import overview
from .schemas import InstallationOut

blueprint = Blueprint(
    "installation", __name__, url_prefix=BASE_PATH, description="The installation at a glance."
)


@blueprint.get("/installation")
@admin_required
@heavy
@blueprint.response(200, InstallationOut)
def get_installation() -> dict[str, Any]:
    """Show the installation at a glance, and what needs attention."""
    return overview.look()
