"""The settings of mails and what is sent by them."""

from __future__ import annotations

from .parsers import mail_sender, mail_server, rate, switch, web_address
from .setting import Setting

MAIL_SETTINGS = (
    Setting(
        "PUBLIC_URL",
        "",
        web_address,
        "where people find this service, for links in mails; empty: http://127.0.0.1 and the port",
    ),
    Setting(
        "SMTP_URL",
        "",
        mail_server,
        "what sends mails: `smtp://user:password@host:587` or `smtps://` (docs/mail.md); empty: "
        "they are kept in INSTANCE_PATH/mail",
    ),
    Setting("MAIL_FROM", "Collab <collab@localhost>", mail_sender, "the sender of mails"),
    Setting("MAIL_RATE_LIMIT", "20 per hour", rate, "mails that a person may send to themselves"),
    Setting(
        "REQUIRE_VERIFIED_EMAIL",
        "off",
        switch,
        "whether people must verify their address to use anything but their account",
    ),
)
