"""`/tasks`: what is to be done."""

from __future__ import annotations

from ..core.http.blueprint import Blueprint
from ..core.http.paths import BASE
from . import models  # noqa: F401

blueprint = Blueprint("tasks", __name__, url_prefix=BASE, description="What is to be done.")
