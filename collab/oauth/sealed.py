"""What is kept of a log-in while it goes on: nothing here, all of it sealed in what comes back.

A *state* goes to the provider and comes back with its answer; a *proof* is what came of it, and
goes to the page in the part of an address that is sent to no server. Each belongs to one browser,
is good for some minutes, and once (`spent`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, field
from typing import Any, TypeVar

from ..core.json import dumps, loads
from ..core.sealing import Unsealable, seal, unseal
from ..core.security import digest, new_token
from ..frozen import frozen
from . import browser
from .browser import ATTEMPT_S
from .problems import AttemptInvalid
from .provider_clients.claims import Claims

#: Seconds for which a person can type the password of the account that is to be linked.
PROOF_S = 600
#: Characters of what is taken for a state or a proof at all.
MAX_SEALED_LENGTH = 4096


@frozen(kw_only=True)
class _Sealed:
    """What both have."""

    provider: str
    #: Digest of the browser's token.
    browser: str
    #: Where the page goes on.
    return_to: str
    #: Whose identity it will be, and the session that asked; None: somebody signs in.
    user_id: int | None = None
    session_id: int | None = None
    key: str = field(default_factory=new_token)
    #: Unix seconds.
    expires: int = 0

    def sealed(self) -> str:
        """Return it as it travels."""
        return seal(dumps(asdict(self)).decode(), purpose=type(self).__name__)


@frozen(kw_only=True)
class State(_Sealed):
    """A log-in that was begun: what goes to the provider and comes back."""

    redirect_uri: str
    nonce: str = field(default_factory=new_token)
    verifier: str = field(default_factory=new_token)  # 43 characters (RFC 7636 §4.1)
    expires: int = field(default_factory=lambda: int(time.time()) + ATTEMPT_S)


@frozen(kw_only=True)
class Proof(_Sealed):
    """Who somebody is, as a provider has said."""

    claims: Claims
    expires: int = field(default_factory=lambda: int(time.time()) + PROOF_S)


S = TypeVar("S", State, Proof)


def begin(provider: str, redirect_uri: str, return_to: str, **whose: Any) -> tuple[State, str]:
    """Begin a log-in; returns it, and the token of its browser."""
    token = browser.known_or_new()
    state = State(
        provider=provider,
        browser=digest(token),
        return_to=return_to,
        redirect_uri=redirect_uri,
        **whose,
    )
    return state, token


def proof_of(state: State, claims: Claims) -> Proof:
    """Return what is proved by the answer to a state."""
    return Proof(
        provider=state.provider,
        browser=state.browser,
        return_to=state.return_to,
        user_id=state.user_id,
        session_id=state.session_id,
        claims=claims,
    )


def read_state(sealed: str | None, provider: str) -> State:
    """Open a state that came back; raises AttemptInvalid."""
    state: State = _read(sealed, State, lambda found: State(**found))
    # Each provider has its own address to come back to: otherwise one could answer for another.
    if state.provider != provider:
        raise AttemptInvalid("This answer came from a different provider than was asked.")
    return state


def read_proof(sealed: str) -> Proof:
    """Open a proof; raises AttemptInvalid."""
    proof: Proof = _read(
        sealed, Proof, lambda found: Proof(**found | {"claims": Claims(**found["claims"])})
    )
    return proof


def _read(sealed: str | None, kind: type[Any], make: Callable[[dict[str, Any]], Any]) -> Any:
    """Return what was sealed for this browser and is not too old."""
    # Looked at before it is opened: what is longer was never sealed here.
    if not sealed or len(sealed) > MAX_SEALED_LENGTH:
        raise AttemptInvalid()
    try:
        found = make(loads(unseal(sealed, purpose=kind.__name__)))
    except (
        Unsealable,
        ValueError,
        TypeError,
        KeyError,
    ):  # or sealed by another version of this program
        raise AttemptInvalid() from None
    # Bound to the browser: an answer that somebody else's log-in brought back is worth nothing
    # here.
    token = browser.known()
    if token is None or digest(token) != found.browser or found.expires <= time.time():
        raise AttemptInvalid()
    return found
