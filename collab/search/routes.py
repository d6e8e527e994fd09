"""`/search`."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE

blueprint = Blueprint(
    "search", __name__, url_prefix=BASE, description="Finding things by their words."
)
