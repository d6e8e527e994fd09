"""`/flags`: features, switched while the service runs."""

from __future__ import annotations

from typing import Any

from ..auth.guard import admin_required, login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import require_match, versioned
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from . import service
from .representation import FlagView, shown
from .schemas import FlagIn, FlagOut, FlagPage, FlagPatch

blueprint = Blueprint(
    "flags",
    __name__,
    url_prefix=f"{BASE_PATH}/flags",
    description="Features, switched while the service runs.",
)


@blueprint.get("")
@login_required
@blueprint.response(200, FlagPage)
def list_flags() -> Page:
    """List all features, and whether you have them."""
    return Page([shown(flag, caller().user_id) for flag in service.list_flags()], None)


@blueprint.get("/<name>")
@login_required
@blueprint.response(200, FlagOut)
@versioned
def get_flag(name: str) -> FlagView:
    """Show a feature."""
    return shown(service.load(name), caller().user_id)


@blueprint.put("/<name>")
@admin_required
@blueprint.arguments(FlagIn)
@blueprint.response(200, FlagOut)
@blueprint.alt_response(412, "Problem")
@versioned
def replace_flag(data: dict[str, Any], name: str) -> FlagView:
    """Switch a feature on or off: for everybody, or for a share of people."""
    return _switch(name, data)


@blueprint.patch("/<name>")
@admin_required
@blueprint.arguments(FlagPatch)
@blueprint.response(200, FlagOut)
@blueprint.alt_response(412, "Problem")
@versioned
def update_flag(changes: dict[str, Any], name: str) -> FlagView:
    """Change whether a feature is on, or for what share of people."""
    return _switch(name, changes)


@blueprint.delete("/<name>")
@admin_required
@blueprint.response(204)
def reset_flag(name: str) -> None:
    """Reset a feature to its setting."""
    flag = service.load_to_change(name)
    require_match(shown(flag, caller().user_id))
    service.reset(flag, caller())


def _switch(name: str, changes: dict[str, Any]) -> FlagView:
    flag = service.load_to_change(name)
    require_match(shown(flag, caller().user_id))
    wanted = {"enabled": flag.enabled, "percentage": flag.percentage} | changes
    return shown(service.switch(flag, **wanted, admin=caller()), caller().user_id)
