"""The client's address, for the log, which never sees a request.

It is noted for a request's thread, and for each turn of a socket, whose messages come from the
address of its handshake. Threads without a request, such as those of jobs, have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from flask import Flask, request

#: Characters of the longest address (INET6_ADDRSTRLEN without its NUL).
MAX_ADDRESS_LENGTH = 45

_address: ContextVar[str | None] = ContextVar("collab_address", default=None)


def address() -> str | None:
    """Return the address that the present request comes from, or None outside of one."""
    return _address.get()


@contextmanager
def assumed(address: str | None) -> Iterator[None]:
    """Note an address as the origin of what happens in this block."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


def init_app(app: Flask) -> None:
    """Note the address of each request; trusted proxies' headers have been applied by then."""

    @app.before_request
    def note() -> None:
        _address.set((request.remote_addr or "")[:MAX_ADDRESS_LENGTH] or None)

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        _address.set(None)  # the thread serves somebody else next
