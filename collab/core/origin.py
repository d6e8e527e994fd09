"""From where the present request comes: for the log, which knows no request.

It is noted for a request's thread, and so for a socket's, all of whose messages run in the thread
of its handshake. Threads that no request runs in, such as those of jobs, have none.
"""

from __future__ import annotations

from contextvars import ContextVar

from flask import Flask, request

#: The longest that an address is written (INET6_ADDRSTRLEN without its NUL).
LONGEST = 45

_address: ContextVar[str | None] = ContextVar("collab_address", default=None)


def address() -> str | None:
    """Return the address that the present request comes from, or None outside of one."""
    return _address.get()


def init_app(app: Flask) -> None:
    """Note the address of each request; trusted proxies' headers have been looked at by then."""

    @app.before_request
    def note() -> None:
        _address.set((request.remote_addr or "")[:LONGEST] or None)

    @app.teardown_request
    def forget(error: BaseException | None) -> None:
        _address.set(None)  # the thread serves somebody else next
