"""A request, assembled from the bytes of a connection as they come.

Only gunicorn's parser reads the head and says how the body is framed.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from .chunks import Chunks
from .refusals import Refused, malformed, unreadable
from .spool import Share, Spooled
from .targets import check_target

#: Bytes of a request line, as gunicorn's own limit.
LINE_BYTES = 8190
#: Bytes of a request's head.
HEAD_BYTES = 64 * 1024
#: Bytes of a head, or of what came after a request, up to which they are not counted: 4,000
#: connections, each with the longest head, would take up 250 MiB.
FREE_BYTES = 4 * 1024
#: Bytes read at once of a head, or of a chunked body.
SMALL_READ_BYTES = 16 * 1024
#: Bytes read at once of a body whose length is known.
LARGE_READ_BYTES = 256 * 1024

#: A host and a port (RFC 3986 §3.2.2, §3.2.3), as in the Host field (RFC 9110 §7.2).
HOST_PATTERN = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::(\d{0,5}))?"
)
MAX_PORT = 65535


TOO_LONG = Refused(431, "The request can't be read: its head is too long.")


class _Incomplete(Exception):
    """The head is incomplete."""


class Settings:
    """gunicorn's settings, copied: a head needs thirteen, each of which is a call there."""

    def __init__(self, cfg: Any) -> None:
        vars(self).update({name: one.get() for name, one in cfg.settings.items()})
        self.is_ssl = cfg.is_ssl


class _Request(Request):  # type: ignore[misc]
    """A request in which gunicorn trusts no proxy: the application knows which to trust."""

    def _peer_is_trusted_proxy(self) -> bool:
        # The same answer as that of an empty `forwarded_allow_ips`, without parsing the address.
        return False


class _Head(Unreader):  # type: ignore[misc]
    """Gives the parser the bytes that have come, once."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return what has come; raises _Incomplete when the parser wants more."""
        if not self._data:
            raise _Incomplete
        data, self._data = self._data, b""
        return data


class Begun:
    """A request whose head is complete, and its body partly there."""

    def __init__(self, request: Any, body: Spooled, largest: int) -> None:
        self.request, self.body, self._largest = request, body, largest
        reader = request.body.reader
        self._chunks = Chunks(body.write) if isinstance(reader, ChunkedReader) else None
        self._length = 0 if self._chunks else reader.length
        #: Whether the client waits for 100 (Continue) before it sends its body (RFC 9110 §10.1.1).
        self.expects_continue = False

    @property
    def appetite(self) -> int:
        """Return how many bytes to read at once."""
        return (
            SMALL_READ_BYTES
            if self._chunks
            else min(LARGE_READ_BYTES, self._length - self.body.size)
        )

    @property
    def whole(self) -> bool:
        """Return whether the whole body has come."""
        return self._chunks.whole if self._chunks else self.body.size == self._length

    @property
    def enough(self) -> bool:
        """Return whether it is complete, or longer than any route accepts: then a route says so."""
        return self.whole or max(self._length, self.body.size) > self._largest

    def feed(self, data: bytes) -> bytes:
        """Take what came of the body; return what follows it. Raises Refused and OSError."""
        if self._chunks is not None:
            return self._chunks.feed(data)
        if self._length > self._largest:
            # Too long, and a route will refuse it: none of it needs to be kept.
            return b""
        left = self._length - self.body.size
        self.body.write(data[:left])
        return data[left:]

    def take(self) -> tuple[Any, Spooled]:
        """Hand out the request and its body, which is the caller's to close."""
        if not self.whole:
            # The rest of the body is never read, and would be taken for the next request.
            self.request.force_close()
        self.body.file.seek(0)
        return self.request, self.body


class Gatherer:
    """Assembles the requests of one connection, one after another."""

    def __init__(self, cfg: Any, client: Any, spool: Share, largest: int) -> None:
        self._cfg, self._client, self._spool, self._largest = cfg, client, spool, largest
        self._buffer = bytearray()
        #: Bytes that this has taken of the memory shared by all.
        self._counted = 0
        self._number = 0
        self._begun: Begun | None = None

    @property
    def appetite(self) -> int:
        """Return how many bytes to read at once."""
        return self._begun.appetite if self._begun else SMALL_READ_BYTES

    @property
    def idle(self) -> bool:
        """Return whether no byte of a request has come."""
        return self._begun is None and not self._buffer

    @property
    def body_bytes(self) -> int | None:
        """Return how many bytes of a body have come; None while the head is incomplete."""
        return self._begun.body.size if self._begun else None

    def feed(self, data: bytes) -> tuple[Any, Spooled] | None:
        """Take what came; return a request and its body once they are complete.

        Raises Refused, and OSError if the disk has no room.
        """
        if self._begun is None:
            self._read_head(data)
        else:
            self._buffer += self._begun.feed(data)
        self._count()
        begun = self._begun
        if begun is None or not begun.enough:
            return None
        self._begun = None
        return begun.take()

    def takes_word(self) -> bool:
        """Return, once, whether the client waits for 100 (Continue) before it sends the body."""
        begun = self._begun
        if begun is None or not begun.expects_continue:
            return False
        begun.expects_continue = False
        return True

    @property
    def rest(self) -> bytes:
        """Return what has come after the request."""
        return bytes(self._buffer)

    def take_rest(self) -> bytes:
        """Hand out what came after the request: it is in another protocol."""
        rest, self._buffer = bytes(self._buffer), bytearray()
        self._count()
        return rest

    def _count(self) -> None:
        """Reserve memory for what has come of a head, or release it; raises Refused."""
        size = len(self._buffer) if len(self._buffer) > FREE_BYTES else 0
        more = size - self._counted
        if more > 0 and not self._spool.spool.take_memory(more):
            raise Refused(503, "Too many requests are arriving at once.", retry_after=5)
        if more < 0:
            self._spool.spool.give_memory(-more)
        self._counted = size

    def close(self) -> None:
        """Release the body, and what has come after it."""
        self.take_rest()
        if self._begun is not None:
            self._begun.body.close()
            self._begun = None

    def _read_head(self, data: bytes) -> None:
        first = not self._buffer
        self._buffer += data
        # A head ends with a line, and what is not a request shows at once. It is parsed only when
        # that may have changed something: a head sent byte by byte must not be parsed each time.
        if self._buffer and (first or b"\n" in data or not data):
            self._parse()
        if self._begun is None:
            self._check_length()

    def _parse(self) -> None:
        check_target(bytes(self._buffer[: LINE_BYTES + 2]))
        head = _Head(bytes(self._buffer))
        try:
            request = _Request(self._cfg, head, self._client, self._number + 1)
        except _Incomplete:
            return
        except ParseException as error:
            raise unreadable(error) from None
        rest = head.take_buffered()
        # Checked again here: all of it may have come at once, together with a body.
        if len(self._buffer) - len(rest) > HEAD_BYTES:
            raise TOO_LONG
        check_host(request)
        check_coding(request)
        self._number += 1
        self._begin(request, rest)

    def _begin(self, request: Any, rest: bytes) -> None:
        begun = self._begun = Begun(request, Spooled(self._spool), self._largest)
        self._buffer = bytearray(begun.feed(rest))
        expected, request._expected_100_continue = request._expected_100_continue, False
        # A body that is on its way already, or too long, needs no 100 (Continue).
        begun.expects_continue = expected and not rest and not begun.enough

    def _check_length(self) -> None:
        if len(self._buffer) > LINE_BYTES + 2 and b"\n" not in self._buffer[: LINE_BYTES + 2]:
            raise Refused(414, "The request can't be read: its first line is too long.")
        if len(self._buffer) > HEAD_BYTES:
            raise TOO_LONG


def check_host(request: Any) -> None:
    """Refuse a request without a Host, or with an invalid one (RFC 9112 §3.2)."""
    hosts = [value for name, value in request.headers if name == "HOST"]
    # HTTP/1.0 knows no Host.
    if not hosts and request.version < (1, 1):
        return
    if len(hosts) != 1 or not is_host(hosts[0]):
        raise malformed("it needs one `Host`: a host name and, optionally, a port")


def check_coding(request: Any) -> None:
    """Refuse a body in a coding that nothing here decodes (RFC 9112 §6.1)."""
    codings = (value for name, value in request.headers if name == "TRANSFER-ENCODING")
    named = {one.strip().lower() for one in ",".join(codings).split(",")}
    if named - {"", "chunked"}:
        raise Refused(
            501, "The request can't be read: chunked is the only transfer coding supported."
        )


def is_host(value: str) -> bool:
    """Return whether this is a host usable in addresses, perhaps with a port."""
    found = HOST_PATTERN.fullmatch(value)
    if found is None or int(found[2] or 0) > MAX_PORT:
        return False
    try:
        return found[1] is None or bool(IPv6Address(found[1]))
    except ValueError:
        return False
