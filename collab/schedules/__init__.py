"""Schedules: recurring jobs, each made once per due time, whatever processes and clocks do."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Serve and run schedules; nothing runs in the name of people who are gone."""
    from ..auth.accounts.disabling import on_disabled
    from ..auth.personal_tokens.scopes import cover
    from ..core.counting import metrics
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from ..events import concerns
    from ..projects.members import on_demotion, on_departure
    from . import on_owner_gone, personal, retention, routes, timekeeper
    from .concerns import ScheduleEvents

    timekeeper.init_app(app)
    personal.init_app(app)
    on_disabled(app, on_owner_gone.pause_all)
    on_departure(app, on_owner_gone.end_all)
    on_demotion(app, on_owner_gone.end_all)
    housekeeping.bring(app, "runs of schedules", retention.forget_runs)
    concerns.register(app, ScheduleEvents())
    serve(app, routes.blueprint)
    metrics.register(app, "schedules", timekeeper.collect)
    cover(app, "jobs", "jobs, their uploads and schedules", routes.blueprint)
