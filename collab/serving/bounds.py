"""What connections may take of a server, as its settings say."""

from __future__ import annotations

from dataclasses import dataclass

from .spool import Spool


@dataclass(frozen=True)
class Bounds:
    """What connections may take; seconds and bytes."""

    head_seconds: int
    body_seconds: int
    send_seconds: int
    per_address: int
    largest_body: int
    spool: Spool
