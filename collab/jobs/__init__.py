"""Jobs: work that is kept as rows and run by a pool of threads, whatever happens in between."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Run and serve jobs; `job:<id>` is a topic. Other packages bring their types."""
    from ..core.http.api import serve
    from ..projects.access import register_topic
    from . import routes, runner
    from .models import Job

    register_topic(app, "job", Job)
    runner.init_app(app)
    serve(app, routes.blueprint)
