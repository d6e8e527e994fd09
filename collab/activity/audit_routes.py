"""`/audit`: who did what, for admins."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE

blueprint = Blueprint(
    "audit", __name__, url_prefix=BASE, description="Who did what, from where and when, for admins."
)
