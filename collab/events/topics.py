"""Topics that are only read: nobody is present there, and members send nothing.

All others belong to a project or to a person, whose rights are checked (`projects/access.py`).
"""

from __future__ import annotations

from flask import Flask

from ..core.slots import Registry

#: Topic -> whether only admins may follow it.
READ_ONLY: Registry[dict[str, bool]] = Registry("topics that are only read", lambda _: {})


def register_read_only(app: Flask, topic: str, *, admins_only: bool = False) -> None:
    """Let everybody who is signed in, or only admins, follow a topic."""
    READ_ONLY.of(app)[topic] = admins_only


def open_to_all(topic: str) -> bool:
    """Return whether everybody who is signed in may follow a topic."""
    return READ_ONLY.here().get(topic) is False
