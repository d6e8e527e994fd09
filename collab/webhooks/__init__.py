"""Webhooks: a project's events sent to other systems, and theirs received."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Send events to webhooks, run people's own requests, and serve incoming hooks."""
    from ..auth.accounts.disabling import on_disabled
    from ..core.counting import metrics
    from ..core.http.api import API, serve
    from ..core.sealing import keeps_sealed
    from ..core.storage import housekeeping
    from ..events import concerns
    from ..jobs.registry import register
    from . import counting, described, ending, job_types, personal, routes
    from .concerns import WebhookEvents
    from .incoming import routes as incoming
    from .incoming.models import IncomingHook
    from .models import Webhook
    from .sending import filling
    from .sending.job_types import deliver
    from .signing import INCOMING_PURPOSE, SECRET_PURPOSE

    register(app, deliver, job_types.call)
    personal.init_app(app)
    filling.init_app(app)
    incoming.init_app(app)
    on_disabled(app, ending.end_webhooks)
    housekeeping.bring(app, "deliveries", ending.forget_deliveries)
    housekeeping.bring(app, "too many deliveries", ending.forget_excess, every_s=300)
    housekeeping.bring(app, "messages of incoming hooks", ending.forget_messages, every_s=600)
    keeps_sealed(app, Webhook.sealed_secret, SECRET_PURPOSE)
    keeps_sealed(app, Webhook.sealed_previous, SECRET_PURPOSE)
    keeps_sealed(app, IncomingHook.sealed_secret, INCOMING_PURPOSE)
    concerns.register(app, WebhookEvents())
    metrics.declare(app, counting.ATTEMPTS, counting.MESSAGES)
    metrics.register(app, "webhook", counting.collect)
    API.of(app).finish_with(described.describe)
    serve(app, routes.blueprint, incoming.blueprint)
