"""The accounts to try where the server was started with `--demo`: the page offers them."""

from __future__ import annotations

from ..core.slots import Slot
from ..frozen import frozen


@frozen
class DemoPerson:
    """Somebody to sign in as."""

    name: str
    email: str


@frozen
class Demo:
    """The demo's people, and the password that they share; nobody without `--demo`."""

    people: tuple[DemoPerson, ...] = ()
    password: str | None = None


DEMO: Slot[Demo] = Slot("demo", lambda _: Demo())


def offered(*, to_local: bool) -> Demo:
    """Return the demo's people; their password only to callers on the server's machine."""
    demo = DEMO.here()
    return demo if to_local else Demo(demo.people)
