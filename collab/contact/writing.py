"""What the mails say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..mail import letter
from ..mail.letter import Items, Link, Part, Small, Words, quoted
from ..mail.links import page_address, public_url
from ..mail.message import Mail

#: The kinds of mails, which are counted by address.
VERIFICATION = "verification"
RECOVERY = "recovery"
PASSWORD_CHANGED = "password"  # noqa: S105  (a kind of mail)
INVITATION = "invitation"
NEW_ADDRESS = "new-address"
ACCOUNT_CHANGED = "account"
DIGEST = "digest"

#: Characters of a line of a digest, in which there are others' words.
MAX_LINE_LENGTH = 200

NOT_YOU = "If this was not you, there is nothing to do: without the link nothing happens."


def verification(to: str, token: str, good_until: datetime) -> Mail:
    """Ask somebody to show that they receive mail at their address."""
    parts: list[Part] = [
        Words("Somebody made an account with this address. If it was you, verify the address:"),
        Link("Verify this address", page_address(f"/verify#{token}")),
        Small(f"The link works once, for two days. {NOT_YOU}"),
    ]
    return _mail(to, "Verify your address", parts, VERIFICATION, good_until)


def recovery(to: str, token: str, good_until: datetime) -> Mail:
    """Let somebody choose a new password."""
    parts: list[Part] = [
        Words("Somebody asked for a new password for your account. If it was you, choose one:"),
        Link("Choose a new password", page_address(f"/reset#{token}")),
        Small(f"The link works once, for 30 minutes; a newer one ends it. {NOT_YOU}"),
    ]
    return _mail(to, "Choose a new password", parts, RECOVERY, good_until)


def password_changed(to: str) -> Mail:
    """Tell somebody that their password was changed."""
    parts: list[Part] = [
        Words("The password of your account was changed, and other sessions were ended."),
        Words("If this was not you, choose a new one at once:"),
        Link("Choose a new password", page_address("/forgot")),
        Small("Tokens of scripts still work: check them in your account, too."),
    ]
    return _mail(to, "Your password was changed", parts, PASSWORD_CHANGED, None)


def new_address(to: str, token: str, good_until: datetime) -> Mail:
    """Ask whether somebody reads what is sent to the address that they want from now on."""
    parts: list[Part] = [
        Words("Somebody wants this to be the address of their account. If it was you, confirm it:"),
        Link("Use this address", page_address(f"/new-address#{token}")),
        Small(f"The link works once, for an hour, where you are signed in. {NOT_YOU}"),
    ]
    return _mail(to, "Confirm your new address", parts, NEW_ADDRESS, good_until)


def address_taken(to: str, good_until: datetime) -> Mail:
    """Tell somebody that another account can't have their address, which asking does not tell."""
    parts: list[Part] = [
        Words("Somebody wanted to use this address for another account, and it belongs to yours."),
        Words("Nothing has changed. If it was you: sign in with this address, or use another one."),
    ]
    return _mail(to, "This address has an account", parts, NEW_ADDRESS, good_until)


def address_changed(to: str) -> Mail:
    """Tell somebody at their previous address that their account has a new one."""
    parts: list[Part] = [
        Words("Your account has a new address: nothing more will be sent to this one."),
        Words("Sessions and tokens go on; links that were sent here no longer work."),
        Small("If this was not you, tell the people who run this service at once."),
    ]
    return _mail(to, "The address of your account was changed", parts, ACCOUNT_CHANGED, None)


def identity_linked(to: str, provider: str) -> Mail:
    """Tell somebody that another service signs in to their account."""
    parts: list[Part] = [
        Words(f"The service “{quoted(provider)}” signs in to your account from now on."),
        Words("If this was not you, unlink it in your account, and choose a new password:"),
        Link("Look at your account", page_address("/account")),
    ]
    return _mail(to, "A service was linked to your account", parts, ACCOUNT_CHANGED, None)


def factors_removed(to: str) -> Mail:
    """Tell somebody that their second factors are gone."""
    parts: list[Part] = [
        Words("The second factors of your account were removed: the password alone signs you in."),
        Words("Set them up again in your account. If you did not ask for this, do it at once:"),
        Link("Look at your account", page_address("/account")),
    ]
    return _mail(to, "Your second factors were removed", parts, ACCOUNT_CHANGED, None)


def invitation(
    to: str, inviter: str, project: str, role: str, token: str, good_until: datetime
) -> Mail:
    """Invite somebody to a project; other people chose the names."""
    who, where = quoted(inviter), quoted(project)
    parts: list[Part] = [
        Words(f"{who} invites you to the project “{where}”, as {role}."),
        Link("Look at the invitation", page_address(f"/invitation#{token}")),
        Small(
            "The link works for two weeks. If you don't know who this is, there is nothing to do: "
            "without the link nothing happens."
        ),
    ]
    return _mail(to, f"{who} invites you to “{where}”", parts, INVITATION, good_until)


def digest(to: str, lines: Sequence[str], unread: int, token: str) -> Mail:
    """Tell somebody what they have not read."""
    more = unread - len(lines)
    rest = [f"… and {more} more."] if more > 0 else []
    heading = "New for you"
    parts: list[Part] = [
        Items(heading, [*(quoted(line, MAX_LINE_LENGTH) for line in lines), *rest]),
        Link("Look at all of it", page_address("/notifications")),
        Link("Get no more of these mails", page_address(f"/unsubscribe#{token}")),
    ]
    subject = f"{unread} new notification{'' if unread == 1 else 's'}"
    # A POST, and not the page: mail programs send it themselves, without anybody signed in.
    post = f"{public_url()}/api/v1/mail/unsubscribe/{token}"
    headers = {
        "List-Unsubscribe": f"<{post}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
    }
    return _mail(to, subject, parts, DIGEST, None, headers)


def _mail(
    to: str,
    subject: str,
    parts: Sequence[Part],
    kind: str,
    good_until: datetime | None,
    headers: dict[str, str] | None = None,
) -> Mail:
    return Mail(
        to=to,
        subject=subject,
        text=letter.plain(parts),
        html=letter.html(subject, parts),
        kind=kind,
        good_until=good_until,
        headers=headers or {},
    )
