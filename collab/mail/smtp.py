"""Handing one message to the mail server (RFC 5321), and what its answers mean."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from email.message import EmailMessage
from typing import Any, BinaryIO

from ..jobs.context import JobContext
from ..parsers import IMPLICIT, OFF, REQUIRED, MailServer

#: Refusals that say that there is no such mailbox, where no enhanced code says more (RFC 5321
#: §4.2.3).
NO_MAILBOX_CODES = frozenset([550, 551, 553])
#: Enhanced codes for "the address is wrong" or "the mailbox is disabled" (RFC 3463).
_NO_MAILBOX = re.compile(r"5\.(1\.\d{1,3}|2\.1)\b")
_ENHANCED = re.compile(r"5\.\d{1,3}\.\d{1,3}\b")
#: Answers about the service's log-in: no mail is at fault, and an operator can fix it.
AUTH_CODES = frozenset([530, 534, 535, 538])


#: Bytes of one answer, all its lines together: what servers offer has a few hundred.
MAX_ANSWER_BYTES = 64 * 1024


class Deferred(Exception):
    """The mail server could not be reached, or asks to try again later."""


class Refused(Exception):
    """The mail server permanently refuses this mail."""

    def __init__(self, answer: str, *, no_mailbox: bool) -> None:
        super().__init__(answer)
        #: Whether it said that there is no such mailbox.
        self.no_mailbox = no_mailbox


class _Bounded:
    """A server's answers, each limited to so many bytes.

    The library joins the lines of an answer until the last one comes: a server that never sends it
    would fill memory.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._left = source, 0

    def begin(self) -> None:
        """Begin with the next answer."""
        self._left = MAX_ANSWER_BYTES

    def readline(self, most: int) -> bytes:
        """Read a line, or its beginning; raises OSError, as for a line that is broken."""
        line = self._source.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("its answer has no end")
        return line

    def close(self) -> None:
        """Close the source."""
        self._source.close()


class _Line(smtplib.SMTP):
    """A connection that ends when the run has to stop, however slowly the server speaks.

    The library's time-out applies to each wait separately: a server that sends a byte now and then
    would hold a worker forever.
    """

    def __init__(self, server: MailServer, ctx: JobContext, **options: Any) -> None:
        self._ctx = ctx
        ctx.on_stop(self._cut)
        try:  # it connects here, and reads the greeting
            super().__init__(server.host, server.port, timeout=ctx.remaining_s or 1, **options)
        except BaseException:
            self.close()
            raise

    def _cut(self) -> None:
        line = self.sock
        if line is not None:
            with contextlib.suppress(OSError):
                # Not the TLS class's shutdown, which would dismantle its own state under the
                # reader.
                socket.socket.shutdown(line, socket.SHUT_RDWR)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer, unless the run has to stop: that may have come while we connected."""
        self._ctx.check()
        if self.file is None and self.sock is not None:  # again after STARTTLS
            self.file = _Bounded(self.sock.makefile("rb"))
        if self.file is not None:
            self.file.begin()
        return super().getreply()


class _SealedLine(_Line, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


def deliver(
    server: MailServer,
    message: EmailMessage,
    sender: str,
    recipient: str,
    ctx: JobContext,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Hand a message over; when this returns, the mail server is responsible for it.

    The run's time is the deadline for all of it together. Raises Deferred, Refused, Stopped.
    """
    try:
        line = (
            _SealedLine(server, ctx, context=tls or ssl.create_default_context())
            if server.tls == IMPLICIT
            else _Line(server, ctx)
        )
        try:
            _log_in(line, server, tls)
            line.send_message(message, sender, [recipient])
        finally:
            # Its answer to QUIT changes nothing, and nobody waits for it.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                line.putcmd("quit")
            line.close()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        ctx.check()  # it was cut, by us
        raise _meaning(error) from error


def _log_in(line: _Line, server: MailServer, tls: ssl.SSLContext | None) -> None:
    line.ehlo_or_helo_if_needed()
    if server.tls not in (IMPLICIT, OFF):
        _encrypt(line, server, tls)
    if server.user is not None and server.password is not None:
        if not line.has_extn("auth"):  # many offer it after STARTTLS alone
            raise Deferred("The mail server does not offer a log-in, and SMTP_URL names a user.")
        line.login(server.user, server.password)


def _encrypt(line: _Line, server: MailServer, tls: ssl.SSLContext | None) -> None:
    """Begin TLS; raises Deferred if it is required and refused: nothing is sent in clear text."""
    if line.has_extn("starttls"):
        # Made here, since to read the system's certificates takes as long as ten mails.
        code, text = line.starttls(context=tls or ssl.create_default_context())
        if code == 220:
            line.ehlo()
            return
        raise smtplib.SMTPResponseException(code, text)
    # An attacker in between can strip STARTTLS from the answer: then nothing is sent in clear text.
    if server.tls == REQUIRED:
        raise Deferred("The mail server does not offer STARTTLS, and SMTP_URL requires it.")


def _meaning(error: Exception) -> Exception:
    """Return what an error of the exchange means for the mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _of_answer(code, text, of_mailbox=True)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return _of_answer(error.smtp_code, error.smtp_error, of_mailbox=False)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused("The mail server takes no such address (SMTPUTF8).", no_mailbox=False)
    if isinstance(error, smtplib.SMTPResponseException):  # a greeting, a log-in: no mail's fault
        return Deferred(said(error.smtp_code, error.smtp_error))
    return Deferred(f"The mail server can't be reached: {type(error).__name__}: {error}"[:300])


def _of_answer(code: int, text: bytes | str, *, of_mailbox: bool) -> Exception:
    answer = said(code, text)
    # About our own log-in: the mail itself is fine, and goes once an operator has fixed that.
    if not 500 <= code <= 599 or code in AUTH_CODES:
        return Deferred(answer)
    return Refused(answer, no_mailbox=of_mailbox and _is_no_mailbox(code, answer))


def _is_no_mailbox(code: int, answer: str) -> bool:
    # The enhanced code decides where there is one: servers use 550 for almost everything.
    if _ENHANCED.search(answer):
        return _NO_MAILBOX.search(answer) is not None
    return code in NO_MAILBOX_CODES


def said(code: int, text: bytes | str) -> str:
    """Return an answer as people read it, on one line: it goes to logs and lists."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    visible = "".join(one if one.isprintable() else " " for one in words)
    return f"{code} {' '.join(visible.split())}"[:300]
