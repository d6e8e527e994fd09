"""The types of problems that have a way out of their own."""

from __future__ import annotations

from .kinds import ProblemType

#: What has a way out of its own.
SPECIAL_TYPES = (
    ProblemType(
        "wrong-credentials",
        401,
        "Wrong credentials",
        "The e-mail address or the password is wrong. Which one is not told to anybody.",
        "Check both. After several failures there is a wait: `Retry-After` says how long.",
    ),
    ProblemType(
        "token-expired",
        401,
        "Access token expired",
        "Access tokens are good for some minutes; this one is over.",
        "Trade the refresh token (`POST /api/v1/auth/refresh`) and send the request again.",
    ),
    ProblemType(
        "session-ended",
        401,
        "Session ended",
        "You logged out, changed the password elsewhere, or an admin ended the session.",
        "Log in again.",
    ),
    ProblemType(
        "refresh-token-reused",
        401,
        "Refresh token reused",
        "The token was traded before, so somebody may have copied it: its session has been ended.",
        "Log in again, keep the newest token only, and refresh in one place at a time.",
    ),
    ProblemType(
        "log-in-not-fresh",
        403,
        "Log-in not fresh",
        "A way into the account is to be added or taken away, and the last log-in is a while ago.",
        "Send your password with it, or sign in anew and repeat it within some minutes.",
    ),
    ProblemType(
        "last-way-in",
        409,
        "Last way in",
        "Without this nobody could sign in to the account any more.",
        "Set a password first, or link something else.",
    ),
    ProblemType(
        "account-disabled",
        401,
        "Account disabled",
        "An admin has disabled this account.",
        "Ask an admin of this installation.",
    ),
    ProblemType(
        "wrong-write-key",
        401,
        "Wrong write key",
        "The request has no write key of a source, or one that is wrong, rotated or revoked.",
        "Send the key that the source was given last; an owner of the project makes a new one.",
    ),
    ProblemType(
        "source-off",
        403,
        "Source switched off",
        "An owner of the project has switched off the source whose key this is.",
        "Ask them to switch it on (`PATCH /api/v1/ingest/sources/{id}`).",
    ),
    ProblemType(
        "foreign-page",
        403,
        "Page of another origin",
        "A page of another origin wanted to use this service's cookie.",
        "Open the page at the address of the service itself, or send tokens without the cookie.",
    ),
    ProblemType(
        "feature-off",
        404,
        "Feature switched off",
        "This part of the service is switched off, for everybody or for you.",
        "An admin switches it on (`PUT /api/v1/flags/{name}`), as do settings `FEATURE_...`.",
    ),
    ProblemType(
        "email-taken",
        409,
        "E-mail address taken",
        "There is an account with this address already.",
        "Log in with it.",
    ),
    ProblemType(
        "idempotency-key-in-use",
        409,
        "Idempotency key in use",
        "The first request with this key is still being carried out, or its answer was lost.",
        "Wait for `Retry-After` and repeat it. If it stays, look whether the change is there.",
    ),
    ProblemType(
        "idempotency-key-reused",
        422,
        "Idempotency key reused",
        "This key was sent before with another request.",
        "Make a new key for each new request; repeat one only with the same address and body.",
    ),
    ProblemType(
        "quota-spent",
        413,
        "Quota spent",
        "There is no room for this: `quota`, `used` and `limit` say which and how much.",
        "Delete something, or ask whoever runs the server for a larger quota.",
    ),
    ProblemType(
        "events-quota-spent",
        507,
        "Quota of events spent",
        "The project's events take all the room that they may: nothing of this request was kept.",
        "Discard dead letters, wait until old events are deleted, or ask for a larger quota.",
    ),
    ProblemType(
        "address-not-verified",
        403,
        "Address not verified",
        "Nobody has shown yet that what is sent to your address is read by you.",
        "Follow the link in the mail that you got; `POST /api/v1/auth/verification` sends another.",
    ),
    ProblemType(
        "link-spent",
        410,
        "Link spent",
        "The link was used before, a newer one was sent, or its time is over.",
        "Ask for a new one, and follow the link in the newest mail.",
    ),
    ProblemType(
        "inbox-full",
        429,
        "Inbox full",
        "Events arrive faster than they are processed: nothing of this request was kept.",
        "Send the same events again when `Retry-After` has passed.",
    ),
    ProblemType(
        "too-many-attempts",
        429,
        "Too many attempts",
        "Too many passwords were tried for this address.",
        "Wait as many seconds as `Retry-After` says; the right password is then taken.",
    ),
)
