"""`/health` and `/ready`."""

from __future__ import annotations

import time
from typing import Any

from flask import Flask
from marshmallow import Schema, fields

from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.models import utcnow
from ..core.parts import PARTS
from ..core.schemas import Time
from ..version import VERSION
from .readiness import DEGRADED_STATE, READINESS, is_good
from .started import STARTED

blueprint = Blueprint("ops", __name__, description="Whether it runs.")


class HealthOut(Schema):
    """That the process answers."""

    example = {
        "status": "ok",
        "timestamp": "2026-03-02T09:00:00Z",
        "uptime": 42.5,
        "version": VERSION,
    }
    status = fields.String(required=True)
    timestamp = Time(required=True)
    uptime = fields.Float(required=True, metadata={"description": "Seconds since the start."})
    version = fields.String(required=True)


class ReadyOut(Schema):
    """Whether it can do its work, part by part."""

    example = {
        "status": "ok",
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "writing": "ok",
            "disk": "ok",
            "texts": "ok",
        },
        "figures": {"texts": {"proven": 12, "differed": 0, "mended": 0}},
    }
    status = fields.String(required=True)
    checks = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    #: What parts have counted since the process started.
    figures = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Integer()),
        required=True,
    )


@blueprint.get("/health")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, HealthOut)
def health() -> dict[str, Any]:
    """Say that the service answers."""
    uptime = round(time.monotonic() - STARTED.here(), 3)
    return {"status": "ok", "timestamp": utcnow(), "uptime": uptime, "version": VERSION}


@blueprint.get("/ready")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, ReadyOut)
@blueprint.alt_response(503, schema=ReadyOut)
def ready() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Say whether everything it needs works, with the reason for what does not.

    It is checked at most once a second.
    """
    checks = READINESS.here().checks()
    good = all(map(is_good, checks.values()))
    degraded = any(state.startswith(DEGRADED_STATE) for state in checks.values())
    status = "unavailable" if not good else DEGRADED_STATE if degraded else "ok"
    body = {"status": status, "checks": checks, "figures": PARTS.here().figures()}
    return body, 200 if good else 503, {} if good else {"Retry-After": "1"}


def init_app(app: Flask) -> None:
    """Note when the process started."""
    STARTED.put(app, time.monotonic())
