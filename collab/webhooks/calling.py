"""The client that sends webhooks and people's own requests."""

from __future__ import annotations

from flask import Flask

from ..core.outbound.client import Client
from ..core.slots import Slot


def _make(app: Flask) -> Client:
    return Client(allow_private=app.config["ALLOW_PRIVATE_WEBHOOKS"])


CLIENT: Slot[Client] = Slot("webhook client", _make)
