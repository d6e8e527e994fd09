"""Lambda-style handlers, each run in a process of its own."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Let jobs be of the types `function` and `thumbnail`."""
    from ..jobs.registry import register
    from . import job_types

    register(app, job_types.run_function, job_types.make_thumbnail)
