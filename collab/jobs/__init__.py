"""Jobs: work that is kept as rows and run by a pool of threads, whatever happens in between."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Run and serve jobs; `job:<id>` is a topic. Other packages bring their types."""
    from ..auth.accounts.disabling import on_disabled
    from ..auth.personal_tokens.scopes import cover
    from ..core.counting import metrics
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from ..events import concerns
    from ..projects.access import register_topic
    from . import numbers, on_owner_disabled, personal, retention, routes
    from .concerns import JobEvents
    from .engine import runner
    from .models import Job

    register_topic(app, "job", Job)
    personal.init_app(app)
    runner.init_app(app)
    on_disabled(app, on_owner_disabled.cancel_all)
    housekeeping.bring(app, "ended jobs", retention.forget_jobs)
    housekeeping.bring(app, "job keys", retention.forget_keys)
    concerns.register(app, JobEvents())
    metrics.declare(app, numbers.RUNS)
    metrics.register(app, "jobs", numbers.collect)
    cover(app, "jobs", "jobs and their uploads", routes.blueprint)
    serve(app, routes.blueprint)
