"""`/collections`: posts put together, in an order."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE

blueprint = Blueprint(
    "collections", __name__, url_prefix=BASE, description="Posts put together, in an order."
)
