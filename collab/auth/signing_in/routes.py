"""`/auth/login/…`: the second step of a log-in, and log-ins with a passkey."""

from __future__ import annotations

from typing import Any

from ...core.errors import invalid
from ...core.http.blueprint import NO_SECURITY, Blueprint
from ...core.links import BASE_PATH
from ..factors.schemas import CeremonyOut, PasskeyLoginIn, SecondStepIn
from ..refreshing import cookies
from ..refreshing.cookies import NO_STORE, Answer
from ..routes import client
from ..schemas import SignedInOut
from . import by_passkey, second_step

blueprint = Blueprint(
    "log-in", __name__, url_prefix=f"{BASE_PATH}/auth/login", description="Ways to log in."
)


@blueprint.post("/second-factor")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(SecondStepIn)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
def log_in_with_second_factor(data: dict[str, Any]) -> Answer:
    """Complete a log-in that asked for a second factor, with a code or a passkey."""
    code, passkey = data["code"], data["passkey"]
    if (code is None) == (passkey is None):
        raise invalid("code", "Send a code or a passkey.")
    cookie = cookies.asked_for(data)
    signed_in = second_step.finish(data["proof"], client(), code=code, passkey=passkey)
    return cookies.answer(signed_in, 200, cookie=cookie)


@blueprint.post("/passkey/options")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, CeremonyOut)
@blueprint.alt_response(409, "Problem")
def begin_passkey_log_in() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Get the options to sign in with a passkey, for `navigator.credentials.get`."""
    return {"options": by_passkey.options(client())}, 200, NO_STORE


@blueprint.post("/passkey")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(PasskeyLoginIn)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(409, "Problem")
def log_in_with_passkey(data: dict[str, Any]) -> Answer:
    """Sign in with a passkey alone."""
    cookie = cookies.asked_for(data)
    return cookies.answer(by_passkey.log_in(data["credential"], client()), 200, cookie=cookie)
