"""Secrets: keys kept in the instance folder, sealed boxes, one-way tags, random tokens."""

from flask import Flask

from .boxes import ANSWERS, SealedBox, digest, key_id, new_token
from .keys import RINGS, KeyRing, kept_secret

__all__ = [
    "ANSWERS",
    "RINGS",
    "KeyRing",
    "SealedBox",
    "digest",
    "init_app",
    "kept_secret",
    "key_id",
    "new_token",
]


def init_app(app: Flask) -> None:
    """Give an application its keys, and the box for its kept answers."""
    from . import boxes, keys

    keys.init_app(app)
    boxes.init_app(app)
