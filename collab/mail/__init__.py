"""Mails: stored sealed with the change that they report, and sent by jobs of the type `email`."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Have jobs send mails, by SMTP_URL or into a folder; old ones are deleted."""
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from ..jobs.registry import register
    from . import job_types, outbox, personal, retention, routes

    outbox.init_app(app)
    personal.init_app(app)
    register(app, job_types.email)
    housekeeping.bring(app, "ended mails", retention.forget)
    housekeeping.bring(app, "files of mails", retention.forget_files)
    serve(app, routes.blueprint)
