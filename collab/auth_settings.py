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
        "days after which a session ends, even if it is in use: log in again; 0: never",
    ),
    Setting(
        "REFRESH_GRACE_SECONDS",
        "10",
        whole(0, 30),
        "seconds for which a used refresh token gives the same tokens; later it ends the session",
    ),
    Setting(
        "FRESH_LOGIN_MINUTES",
        "10",
        whole(1, 1440),
        "minutes after a log-in in which ways into the account change without a password",
    ),
    Setting(
        "OAUTH_TIMEOUT_SECONDS",
        "10",
        whole(1, 60),
        "how long to wait for a provider that signs people in",
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
        "MiB that hashing a password uses (argon2id), and time in proportion; below 19: for tests",
    ),
    Setting(
        "REQUIRE_SECOND_FACTOR",
        "off",
        one_of("off", "admins", "all"),
        "who must have a second factor to use anything but their account: `admins`, `all`",
    ),
)
