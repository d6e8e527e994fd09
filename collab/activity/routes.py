"""`/activity`: feeds in sentences."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE

blueprint = Blueprint(
    "activity", __name__, url_prefix=BASE, description="What happened, in sentences."
)
