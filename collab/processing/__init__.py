"""Profiling, filtering, grouping and sorting tables."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Let jobs be of the type `data_processing`."""
    from ..jobs.registry import register
    from . import job_types

    register(app, job_types.data_processing)
