"""Settings of accounts: for how long what lets people in is good, and what is asked of them."""

from __future__ import annotations

from .parsers import one_of, whole, words
from .setting import Setting

AUTH_SETTINGS = (
    Setting("ACCESS_TOKEN_MINUTES", "15", whole(1, 1440), "lifetime of an access token"),
    Setting(
        "REFRESH_TOKEN_DAYS",
        "7",
        whole(1, 365),
        "lifetime of a refresh token, after which a session that is not used ends",
    ),
    Setting(
        "SESSION_DAYS",
        "90",
        whole(0, 3650),
        "after so long a session ends, however it is used: log in again; 0: never",
    ),
    Setting(
        "REFRESH_GRACE_SECONDS",
        "10",
        whole(0, 30),
        "for so long a used refresh token gives the same new tokens; later, it ends its session",
    ),
    Setting(
        "FRESH_LOGIN_MINUTES",
        "10",
        whole(1, 1440),
        "for so long after a log-in no password is asked for where a way into the account changes",
    ),
    Setting(
        "OAUTH_TIMEOUT_SECONDS",
        "10",
        whole(1, 60),
        "how long a provider that signs people in is waited for",
    ),
    Setting(
        "TICKET_SECONDS", "60", whole(1, 600), "time to use a ticket for a socket or stream URL"
    ),
    Setting(
        "PASSWORD_WORDS",
        "collab",
        words,
        "words of this installation, with commas: a password needs 6 characters besides them",
    ),
    Setting(
        "PASSWORD_HASH_MB",
        "19",
        whole(1, 1024),
        "MiB that hashing a password takes (argon2id), and time in proportion; below 19: for tests",
    ),
    Setting(
        "REQUIRE_SECOND_FACTOR",
        "off",
        one_of("off", "admins", "all"),
        "who must have a second factor before anything but their account: `admins`, `all`",
    ),
)
