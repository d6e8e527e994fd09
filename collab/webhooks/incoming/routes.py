"""`/projects/{id}/incoming-hooks` for owners, and `POST /hooks/{token}` for whoever has it."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, url_for

from ...auth.guard import login_required
from ...core.http.blueprint import NO_SECURITY, Blueprint
from ...core.http.caller import caller
from ...core.http.etags import located, require_match, versioned
from ...core.http.idempotency import idempotent
from ...core.http.limits import count_otherwise
from ...core.http.pages import linked
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ...projects import access
from ...projects.access import Right
from ...projects.models import Project
from . import receiving, service
from .messages import Sent
from .models import IncomingHook
from .receiving import Receipt, UnknownHook
from .schemas import (
    IncomingHookIn,
    IncomingHookOut,
    IncomingHookPage,
    IncomingHookPatch,
    IncomingHookQuery,
    IncomingHookSecretOut,
    IncomingReceiptOut,
    ReceiveQuery,
)

blueprint = Blueprint(
    "incoming",
    __name__,
    url_prefix=BASE_PATH,
    description="Addresses at which other systems publish events.",
)


def _managed(hook_id: int) -> IncomingHook:
    return access.load(IncomingHook, hook_id, caller(), can=Right.MANAGE)


def _with_url(hook: IncomingHook) -> IncomingHook:
    hook.url = url_for("incoming.receive", token=hook.token, _external=True)
    return hook


@blueprint.get("/projects/<id:project_id>/incoming-hooks")
@login_required
@blueprint.arguments(IncomingHookQuery, location="query")
@blueprint.response(200, IncomingHookPage)
@blueprint.alt_response(403, schema="Problem")
@linked
def list_incoming_hooks(query: dict[str, Any], project_id: int) -> Page:
    """List a project's incoming hooks."""
    project = access.load(Project, project_id, caller())
    access.check(access.role_to(project, caller()), Right.MANAGE)
    return service.list_hooks(project, **query)


@blueprint.post("/projects/<id:project_id>/incoming-hooks")
@login_required
@idempotent
@blueprint.arguments(IncomingHookIn)
@blueprint.response(201, IncomingHookSecretOut)
@blueprint.alt_response(409, schema="Problem")
@located("/incoming-hooks/{id}")
@versioned
def create_incoming_hook(data: dict[str, Any], project_id: int) -> IncomingHook:
    """Create an incoming hook; its address is shown here and never again."""
    project = access.load(Project, project_id, caller(), can=Right.MANAGE)
    return _with_url(service.create(project, data, caller()))


@blueprint.get("/incoming-hooks/<id:hook_id>")
@login_required
@blueprint.response(200, IncomingHookOut)
@blueprint.alt_response(403, schema="Problem")
@versioned
def get_incoming_hook(hook_id: int) -> IncomingHook:
    """Show an incoming hook."""
    hook = access.load(IncomingHook, hook_id, caller())
    access.check(access.role_to(hook, caller()), Right.MANAGE)
    return hook


@blueprint.patch("/incoming-hooks/<id:hook_id>")
@login_required
@blueprint.arguments(IncomingHookPatch)
@blueprint.response(200, IncomingHookOut)
@versioned
def update_incoming_hook(changes: dict[str, Any], hook_id: int) -> IncomingHook:
    """Change an incoming hook's name or type, or switch it off and on."""
    hook = _managed(hook_id)
    require_match(hook)
    return service.update(hook, changes, caller())


@blueprint.post("/incoming-hooks/<id:hook_id>/rotate")
@login_required
@idempotent
@blueprint.response(200, IncomingHookSecretOut)
@versioned
def rotate_incoming_hook(hook_id: int) -> IncomingHook:
    """Give an incoming hook a new address; the old one ends at once."""
    return _with_url(service.rotate(_managed(hook_id), caller()))


@blueprint.delete("/incoming-hooks/<id:hook_id>")
@login_required
@blueprint.response(204)
def delete_incoming_hook(hook_id: int) -> None:
    """Delete an incoming hook: its address ends at once."""
    hook = _managed(hook_id)
    require_match(hook)
    service.delete(hook, caller())


#: What `POST /hooks/{token}` takes: whatever another system sends.
MESSAGE_BODY: dict[str, Any] = {
    "content": {
        "application/json": {
            "schema": {
                "description": "Any JSON; no body is `{}`, what is not an object becomes `value`."
            },
            "example": {"branch": "main", "passed": True},
        },
        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
    }
}


@blueprint.post("/hooks/<token>")
@blueprint.doc(requestBody=MESSAGE_BODY, security=NO_SECURITY)
@blueprint.arguments(ReceiveQuery, location="query")
@blueprint.response(201, IncomingReceiptOut)
@blueprint.alt_response(200, schema=IncomingReceiptOut)
@blueprint.alt_response(400, schema="Problem")
@blueprint.alt_response(401, schema="Problem")
@blueprint.alt_response(403, schema="Problem")
@blueprint.alt_response(413, schema="Problem")
@blueprint.alt_response(415, schema="Problem")
def receive(query: dict[str, Any], token: str) -> tuple[Receipt, int]:
    """Publish an event from JSON or a form; a message that came before is not published again."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    sent = Sent(request.get_data(), headers, request.mimetype, query["event"])
    receipt = receiving.receive(token, sent)
    return receipt, 200 if receipt.repeated else 201


def is_counted_by_hook() -> bool:
    """Return whether a request counts against a hook's limit, not its address's.

    Callers who make up tokens are counted by their address.
    """
    if request.endpoint != "incoming.receive":
        return False
    try:
        receiving.find((request.view_args or {}).get("token", ""))
    except UnknownHook:
        return False
    return True


def init_app(app: Flask) -> None:
    """Leave the requests of hooks to their own limit."""
    count_otherwise(app, is_counted_by_hook)
