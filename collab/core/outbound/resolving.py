"""Looking up a name once, within a time limit; each of its addresses must be public."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from .addresses import is_public
from .errors import Broken, Forbidden, TookTooLong, Unresolved

#: Names that are looked up at once: a resolver that does not answer holds a thread for half a
#: minute, whatever the deadline of the request.
MAX_LOOKUPS_AT_ONCE = 16
#: Addresses of one name that are tried.
MAX_ADDRESSES = 8

#: Returns the addresses of a name; raises OSError.
Resolve = Callable[[str, int], list[str]]

_places = threading.BoundedSemaphore(MAX_LOOKUPS_AT_ONCE)


def by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def addresses_of(
    host: str, port: int, timeout_s: float, resolve: Resolve, *, allow_private: bool
) -> list[str]:
    """Return the addresses to connect to.

    Raises Forbidden if one of them is not public, Unresolved, and TookTooLong.
    """
    found = _within(timeout_s, lambda: resolve(host, port))
    if not found:
        raise Unresolved(f"{host} has no address.")
    if not allow_private and not all(map(is_public, found)):
        # Which one is not said: the sender would learn what internal names stand for.
        raise Forbidden(f"{host} has an address that is not public.")
    # Connect to these very addresses: a second look-up could give others (DNS rebinding).
    return found[:MAX_ADDRESSES]


def _within(timeout_s: float, look: Callable[[], list[str]]) -> list[str]:
    """Call something that nobody can interrupt, and abandon it when time is up."""
    outcome: list[list[str] | OSError] = []

    def work() -> None:
        try:
            outcome.append(look())
        except (OSError, UnicodeError) as error:
            outcome.append(error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            _places.release()

    # A thread in `getaddrinfo` can't be stopped, so those that hang must be few.
    if not _places.acquire(timeout=max(0.0, timeout_s)):
        raise Broken("Too many names are being looked up at once.")
    thread = threading.Thread(target=work, name="resolving", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system has no more threads; nobody else gives the place back
        _places.release()
        raise Broken("No thread could be had to look the name up.") from None
    thread.join(timeout_s)
    if not outcome:
        raise TookTooLong("The name was not resolved in time.")
    if isinstance(outcome[0], OSError):
        raise Unresolved("The name has no address.")
    return outcome[0]
