"""Mail servers on this machine that take, put off, refuse or stall, and what they were given."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Coroutine
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .waiting import PATIENCE

ACCEPTED = "250 2.0.0 taken"


class MailHost:
    """A mail server on a free port; `answers` has what it says to the next recipients or mails."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, **options: Any) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[str] = []
        #: What it answers next to RCPT TO, and to what DATA brought; then it accepts.
        self.to_recipients: list[str] = []
        self.to_mails: list[str] = []
        #: Whether it hangs up in the middle of the next mail.
        self.hangs_up = False
        #: Whether a mail was sent with TLS, and by whom.
        self.sealed: list[bool] = []
        self.users: list[str] = []
        self._loop = asyncio.new_event_loop()
        options |= {"authenticator": self._authenticate, "tls_context": tls, "hostname": "mail"}
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._transports: list[asyncio.WriteTransport] = []
        self._serving = asyncio.run_coroutine_threadsafe(self._serve(options), self._loop)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Have something done in the thread of the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self, options: dict[str, Any]) -> None:
        """Take connections until the listener is shut down.

        A server of asyncio that is closed forgets a connection that it has just accepted.
        """
        make = partial(SMTP, self, loop=self._loop, **options)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = await self._loop.sock_accept(self._listener)
                transport, _ = await self._loop.connect_accepted_socket(make, connection)
                self._transports.append(cast(asyncio.WriteTransport, transport))

    def url(self, scheme: str = "smtp", user: str = "", query: str = "") -> str:
        return f"{scheme}://{user}127.0.0.1:{self.port}{query}"

    def close(self) -> None:
        """Stop; once is enough."""
        if self._loop.is_closed():
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._serving.result(PATIENCE)
        self._listener.close()
        self._do(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _end_all(self) -> None:
        for transport in self._transports:
            transport.abort()
        await asyncio.sleep(0)  # their sockets are closed in the loop's next round
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _authenticate(
        self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if isinstance(data, LoginPassword) and data.password == b"s3cret/@word":
            self.users.append(data.login.decode())
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.recipients.append(address)
        said = self.to_recipients.pop(0) if self.to_recipients else ACCEPTED
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.hangs_up:
            self.hangs_up = False
            assert server.transport is not None
            server.transport.abort()
            return ACCEPTED
        said = self.to_mails.pop(0) if self.to_mails else ACCEPTED
        if said.startswith("2"):
            content = cast(bytes, envelope.content)
            self.sealed.append(session.ssl is not None)
            self.taken.append(cast(EmailMessage, message_from_bytes(content, policy=default)))
        return said


class EndlessHost:
    """A server whose answers go on line by line; `said` are the bytes that somebody took."""

    #: Bytes after which it gives up: whoever takes so many takes all.
    MOST_BYTES = 64 * 2**20

    def __init__(self, *answers: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.said, self._answers = 0, answers
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        with contextlib.suppress(OSError):
            line, _ = self._listener.accept()
            with line:
                for answer in self._answers:
                    line.sendall(answer)
                    line.recv(1024)
                while self.said < self.MOST_BYTES:
                    self.said += line.send(b"250-AND MORE\r\n" * 1000)

    def close(self) -> None:
        """Stop."""
        self._listener.close()
        self._thread.join(PATIENCE)


class SlowHost:
    """A server that says its greeting a byte at a time, for ever, as long as anybody listens."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.reached, self.left = threading.Event(), threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._trickle, daemon=True)
        self._thread.start()

    def _trickle(self) -> None:
        try:
            line, _ = self._listener.accept()
            with line:
                self.reached.set()
                while not self._closing.wait(0.01):
                    line.sendall(b"2")
        except OSError:
            pass
        self.left.set()

    def close(self) -> None:
        self._closing.set()
        self._listener.close()
        self._thread.join(PATIENCE)


def links_in(message: EmailMessage) -> list[str]:
    """Return the addresses in a mail's plain text, each on a line of its own."""
    return [line for line in text_of(message).splitlines() if line.startswith("http")]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """Return what a mail says, as plain text or HTML."""
    part = message.get_body((kind,))
    assert part is not None, message
    content: str = cast(EmailMessage, part).get_content()
    return content.replace("\r\n", "\n")
