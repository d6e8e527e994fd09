"""`/metrics`: the service's numbers in Prometheus's text format, for its operator."""

from __future__ import annotations

import ipaddress
from hmac import compare_digest

from flask import Response, request

from ..auth.guard import bearer
from ..core.counting import metrics
from ..core.errors import Forbidden, Unauthorized
from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.slots import setting

blueprint = Blueprint("metrics", __name__, description="Metrics for Prometheus.")

#: Headers by which a proxy says for whom it asks.
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")

METRICS_RESPONSES = {
    "200": {
        "description": "The numbers.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@blueprint.get("/metrics")
@blueprint.doc(security=NO_SECURITY, responses=METRICS_RESPONSES)
@blueprint.alt_response(401, schema="Problem")
@blueprint.alt_response(403, schema="Problem")
def read_metrics() -> Response:
    """Export the service's metrics for Prometheus.

    With METRICS_TOKEN, `Authorization: Bearer <that token>` reads them; without, only the machine
    itself does.
    """
    admit()
    body, content_type = metrics.exported(request.headers.get("Accept", ""))
    return Response(body, headers={"Cache-Control": "no-store"}, content_type=content_type)


def admit() -> None:
    """Let in the operator's scraper; raises Unauthorized and Forbidden."""
    token = setting("METRICS_TOKEN")
    if token:
        # Of bytes, since of text it takes ASCII alone, and a header may hold anything.
        if not compare_digest((bearer() or "").encode(), token.encode()):
            raise Unauthorized("Send `Authorization: Bearer <METRICS_TOKEN>`.")
    elif not is_local():
        raise Forbidden("Without METRICS_TOKEN, metrics are served to this machine only.")


def is_local() -> bool:
    """Return whether the caller is on this machine, and no proxy on it asks for somebody else.

    A proxy that TRUSTED_PROXIES does not count would make everybody look local.
    """
    if not setting("TRUSTED_PROXIES") and any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:  # such as a socket in the file system
        return False
