"""A project's report as one HTML file."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Let jobs be of the type `report`."""
    from ..jobs.registry import register
    from . import job_types

    register(app, job_types.report)
