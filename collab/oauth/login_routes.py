"""`/auth/{provider}`: signing in with other services."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import EXCLUDE

from ..auth.refreshing import cookies
from ..auth.refreshing.cookies import Answer
from ..auth.routes import client
from ..auth.schemas import SignedInOut
from ..core.errors import ApiError
from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.http.origin import refuse_foreign_pages
from ..core.http.representations.pages import wants_page
from ..core.links import BASE_PATH
from . import answers, attempts, browser, sealed, signing_in
from .problems import PasswordNeeded, ProviderFailed, ProviderUnavailable
from .provider_clients import providers
from .schemas import CallbackQuery, ProofIn, ProofOut, ProvidersOut, StartQuery
from .sealed import Proof

blueprint = Blueprint(
    "oauth",
    __name__,
    url_prefix=f"{BASE_PATH}/auth",
    description="Signing in with other services: Google, GitHub, any that speaks OpenID Connect.",
)


@blueprint.get("/providers")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, ProvidersOut)
def list_providers() -> dict[str, Any]:
    """List the services that sign people in here."""
    found = providers.list_configured()
    return {
        "providers": [
            {"name": one.name, "label": one.label, "address": f"/auth/{one.name}"} for one in found
        ]
    }


@blueprint.get("/<provider:provider>")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(StartQuery, location="query")
@blueprint.response(302, description="To the provider, which asks the person.")
@blueprint.alt_response(501, "Problem")
@blueprint.alt_response(502, "Problem")
@blueprint.alt_response(503, "Problem")
def start_login(query: dict[str, Any], provider: str) -> Response:
    """Start signing in with another service."""
    try:
        address, token = attempts.begin(provider, browser.address_here(), query["return_to"])
    except (ProviderUnavailable, ProviderFailed) as error:
        if not wants_page():
            raise
        return answers.with_problem(error, provider, next_page=query["return_to"])
    return answers.to(address, **browser.remembering(token))


@blueprint.get("/<provider:provider>/callback")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(CallbackQuery, location="query", unknown=EXCLUDE)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(202, schema=ProofOut)
@blueprint.alt_response(302, description="For browsers: to the page, which goes on.")
@blueprint.alt_response(400, "Problem")
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(409, "Problem")
@blueprint.alt_response(501, "Problem")
@blueprint.alt_response(502, "Problem")
@blueprint.alt_response(503, "Problem")
def finish_login(query: dict[str, Any], provider: str) -> Any:
    """Receive the service's answer; a browser goes back to the page, a program is signed in.

    If the account's password is needed first, the problem has a `proof` to send with it
    (`POST auth/login/provider`); if an identity is to be linked, the answer has one.
    """
    if wants_page():
        return _to_page(query, provider)
    proof = attempts.finish(provider, query)
    if proof.user_id is not None:
        return answers.waiting(proof)
    try:
        return cookies.answer(signing_in.sign_in(proof, client()), 200, cookie=False)
    except PasswordNeeded as error:
        error.members["proof"] = proof.sealed()
        raise


def _to_page(query: dict[str, Any], provider: str) -> Response:
    state = None
    try:
        state = sealed.read_state(query["state"], provider)
        return answers.with_proof(attempts.finish(provider, query))
    except ApiError as error:
        return answers.with_problem(error, provider, state)


@blueprint.post("/login/provider")
@blueprint.doc(security=NO_SECURITY)
@blueprint.arguments(ProofIn)
@blueprint.response(200, SignedInOut)
@blueprint.alt_response(400, "Problem")
@blueprint.alt_response(401, "Problem")
@blueprint.alt_response(403, "Problem")
@blueprint.alt_response(409, "Problem")
def sign_in(data: dict[str, Any]) -> Answer:
    """Sign in with what another service has said, from the browser that asked it."""
    refuse_foreign_pages()
    proof: Proof = sealed.read_proof(data["proof"])
    signed_in = signing_in.sign_in(proof, client(), data["password"])
    return cookies.answer(signed_in, 200, cookie=cookies.asked_for(data))
