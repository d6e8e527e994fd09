"""Jobs: work that is stored as rows and run by a pool of threads, and survives crashes."""

from __future__ import annotations

from flask import Flask

from ..config import ConfigError


def init_app(app: Flask) -> None:
    """Run and serve jobs; `job:<id>` is a topic. Other packages bring their types."""
    from ..auth.accounts.disabling import on_disabled
    from ..auth.personal_tokens.scopes import cover
    from ..core.counting import metrics
    from ..core.database.engine import ENGINE
    from ..core.http.api import serve
    from ..core.storage import housekeeping
    from ..events import concerns
    from ..projects.access import register_topic
    from . import numbers, on_owner_disabled, personal, retention, routes
    from .concerns import JobEvents
    from .engine import runner
    from .models import Job

    if (address := ENGINE.of(app).address) is not None:
        _use_server(app, address)
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


def _use_server(app: Flask, address: str) -> None:
    """Have a server tell workers about jobs; without a server no library is needed.

    Raises ConfigError.
    """
    from ..core.management.migrations import at_ensure
    from .engine.queue import QUEUE

    try:
        from .procrastinate import schema
        from .procrastinate.entries import Entries
    except ModuleNotFoundError as error:
        sentence = f"DATABASE_URL is of a server: its jobs need {error.name}, not installed"
        raise ConfigError(f"{sentence}: pip install -r deploy/requirements.txt") from None
    QUEUE.put(app, Entries(address))
    at_ensure(app, schema.ensure)
