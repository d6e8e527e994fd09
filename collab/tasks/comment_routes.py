"""`/tasks/{id}/comments`."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE

blueprint = Blueprint(
    "comments", __name__, url_prefix=BASE, description="What people say about tasks."
)
