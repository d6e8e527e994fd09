"""`/auth/totp`, `/auth/passkeys` and `/auth/recovery-codes`: what protects an account."""

from __future__ import annotations

from typing import Any

from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.etags import require_match, versioned
from ...core.http.pages import linked
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ..guard import admin_required, login_required
from ..models import User
from ..refreshing.cookies import NO_STORE
from ..routes import client
from ..signing_in import confirming
from . import passkeys, second, totp
from .models import Passkey
from .passkeys import Added
from .schemas import (
    CeremonyOut,
    CodeIn,
    ConfirmIn,
    FactorsOut,
    PasskeyAddedOut,
    PasskeyIn,
    PasskeyNameIn,
    PasskeyOut,
    PasskeyPage,
    PasskeyQuery,
    RecoveryCodesOut,
    TotpOut,
)
from .second import Overview
from .totp import Enrolment

blueprint = Blueprint(
    "second factors", __name__, url_prefix=BASE_PATH, description="What protects an account."
)

Shown = tuple[dict[str, Any], int, dict[str, str]]


def confirmed(data: dict[str, Any]) -> User:
    """Return the caller's account, once they have shown who they are."""
    return confirming.confirm(caller(), client(), password=data["password"], code=data["code"])


@blueprint.get("/auth/second-factor")
@login_required
@blueprint.response(200, FactorsOut)
def show_second_factor() -> Overview:
    """Show what protects your account besides its password."""
    return second.overview(caller().user_id)


@blueprint.post("/auth/totp")
@login_required
@blueprint.arguments(ConfirmIn)
@blueprint.response(201, TotpOut)
@blueprint.alt_response(409, "Problem")
def begin_totp(data: dict[str, Any]) -> tuple[Enrolment, int, dict[str, str]]:
    """Start enrolling an authenticator app; it counts once you confirm a code from it."""
    return totp.enrol(confirmed(data)), 201, NO_STORE


@blueprint.post("/auth/totp/confirm")
@login_required
@blueprint.arguments(CodeIn)
@blueprint.response(200, RecoveryCodesOut)
@blueprint.alt_response(409, "Problem")
def confirm_totp(data: dict[str, Any]) -> Shown:
    """Confirm the authenticator app: log-ins ask for its code from now on."""
    codes = second.confirm_totp(caller(), data["code"])
    return {"recovery_codes": codes}, 200, NO_STORE


@blueprint.post("/auth/totp/disable")
@login_required
@blueprint.arguments(ConfirmIn)
@blueprint.response(204)
@blueprint.alt_response(404, "Problem")
def disable_totp(data: dict[str, Any]) -> None:
    """Turn the authenticator app off; your sessions go on."""
    second.disable_totp(confirmed(data))


@blueprint.post("/auth/recovery-codes")
@login_required
@blueprint.arguments(ConfirmIn)
@blueprint.response(201, RecoveryCodesOut)
@blueprint.alt_response(409, "Problem")
def renew_recovery_codes(data: dict[str, Any]) -> Shown:
    """Get new recovery codes; the old ones stop working."""
    return {"recovery_codes": second.renew_codes(confirmed(data))}, 201, NO_STORE


@blueprint.post("/auth/passkeys/options")
@login_required
@blueprint.arguments(ConfirmIn)
@blueprint.response(200, CeremonyOut)
@blueprint.alt_response(409, "Problem")
def begin_passkey(data: dict[str, Any]) -> Shown:
    """Get the options for a new passkey, for `navigator.credentials.create`."""
    user = confirmed(data)
    return {"options": passkeys.options(user, caller(), client())}, 200, NO_STORE


@blueprint.post("/auth/passkeys")
@login_required
@blueprint.arguments(PasskeyIn)
@blueprint.response(201, PasskeyAddedOut)
@blueprint.alt_response(409, "Problem")
def add_passkey(data: dict[str, Any]) -> tuple[Added, int, dict[str, str]]:
    """Add the passkey that a browser has made; it signs you in, and is a second factor."""
    return passkeys.add(caller(), data["name"], data["credential"], client()), 201, NO_STORE


@blueprint.get("/auth/passkeys")
@login_required
@blueprint.arguments(PasskeyQuery, location="query")
@blueprint.response(200, PasskeyPage)
@linked
def list_passkeys(query: dict[str, Any]) -> Page:
    """List your passkeys."""
    return passkeys.list_passkeys(caller(), **query)


@blueprint.get("/auth/passkeys/<id:passkey_id>")
@login_required
@blueprint.response(200, PasskeyOut)
@versioned
def get_passkey(passkey_id: int) -> Passkey:
    """Show a passkey."""
    return passkeys.load(passkey_id, caller().user_id)


@blueprint.patch("/auth/passkeys/<id:passkey_id>")
@login_required
@blueprint.arguments(PasskeyNameIn)
@blueprint.response(200, PasskeyOut)
@versioned
def update_passkey(changes: dict[str, str], passkey_id: int) -> Passkey:
    """Rename a passkey."""
    passkey = passkeys.load(passkey_id, caller().user_id, to_change=True)
    require_match(passkey)
    return passkeys.update(passkey, changes)


@blueprint.post("/auth/passkeys/<id:passkey_id>/remove")
@login_required
@blueprint.arguments(ConfirmIn)
@blueprint.response(204)
@blueprint.alt_response(409, "Problem")
def remove_passkey(data: dict[str, Any], passkey_id: int) -> None:
    """Remove a passkey; it no longer signs you in."""
    passkeys.remove(confirmed(data), passkey_id)


@blueprint.post("/users/<id:user_id>/second-factor/reset")
@admin_required
@blueprint.response(204)
def reset_second_factor(user_id: int) -> None:
    """Remove all second factors from an account whose owner has lost them; the owner is told."""
    second.reset(user_id, caller().user_id)
