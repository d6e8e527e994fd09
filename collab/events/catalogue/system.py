"""What happens to the service itself: flags, refusals, the audit; and to notifications."""

from __future__ import annotations

from ...frozen import frozen
from ..corrections import ReadAnew
from ..types import AccountEvent, AuditEvent, Event


@frozen(kw_only=True)
class NotificationCreated(AccountEvent):
    """Somebody was notified: GET the notification, if it may still be seen."""

    type = "notification.created"
    notification_id: int
    kind: str
    unread: int


@frozen(kw_only=True)
class NotificationRead(AccountEvent):
    """A person read notifications, on any device; `unread` says how many are left."""

    type = "notification.read"
    unread: int


@frozen(kw_only=True)
class FlagChanged(Event):
    """An admin switched a feature, or returned it to its setting (`overridden` is false)."""

    type = "flag.changed"
    #: The flags that a process has cached are stale.
    corrects = ReadAnew()
    name: str
    enabled: bool
    percentage: int
    overridden: bool

    @property
    def topic(self) -> str:
        """Return the topic of everybody who asks."""
        return "flags"


@frozen(kw_only=True)
class LoginRefused(AuditEvent):
    """Somebody failed to log in; `left_out` earlier refusals were too many to be recorded."""

    type = "login.refused"
    email: str
    reason: str
    left_out: int


@frozen(kw_only=True)
class AccessRefused(AuditEvent):
    """A request or a socket message was refused: the role was too low, or the token invalid."""

    type = "access.refused"
    method: str
    path: str
    status: int
    reason: str
    left_out: int


@frozen(kw_only=True)
class AuditExported(AuditEvent):
    """An admin exported the audit."""

    type = "audit.exported"
    format: str


@frozen(kw_only=True)
class MailResent(AuditEvent):
    """An admin had a waiting mail sent at once."""

    type = "mail.resent"
    mail_id: int
    kind: str
