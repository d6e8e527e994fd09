"""Running the code that people send, in isolation."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Check the sandbox; `code_execution` is a type of job."""
    from ..jobs.registry import register
    from . import job_types, sandbox

    sandbox.init_app(app)
    register(app, job_types.execute)
