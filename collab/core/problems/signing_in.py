"""Problem types of signing in with more than a password, and of personal tokens."""

from __future__ import annotations

from .kinds import ProblemType

SIGNING_IN_TYPES = (
    ProblemType(
        "second-factor-required",
        401,
        "Second factor required",
        "The first factor is right, and the account has a second one. No tokens are given yet.",
        "Send `second_factor.proof` with a `code` to `POST /api/v1/auth/login/second-factor`.",
    ),
    ProblemType(
        "wrong-code",
        401,
        "Wrong code",
        "The code is wrong, was used before, or has expired: each is valid once, for some seconds.",
        "Wait for the next code of the app, or send one of your recovery codes.",
    ),
    ProblemType(
        "proof-refused",
        401,
        "Proof refused",
        "The proof or challenge has expired, was used before, or was made for something else.",
        "Begin again: log in, or ask for new options.",
    ),
    ProblemType(
        "passkey-refused",
        401,
        "Passkey refused",
        "The passkey is not known here, or what it signed is not what was asked for.",
        "Use another passkey, or the password. If it persists, remove the passkey and add a new "
        "one.",
    ),
    ProblemType(
        "personal-token-ended",
        401,
        "Personal token ended",
        "The personal token is unknown here, has expired, or was revoked.",
        "Make another one (`POST /api/v1/auth/tokens`, or under Account on the page).",
    ),
    ProblemType(
        "insufficient-scope",
        403,
        "Insufficient scope",
        "The personal token may not do this; `WWW-Authenticate` names the scope that it lacks.",
        "Make a token with that scope. Where none is named, no token may do it: log in.",
    ),
)
