"""The event pipeline: from the doors by the inbox and the stages to the store and its numbers."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Take events in, carry them through the stages, and show what is stored."""
    from ..core.http.api import API, serve
    from ..core.storage import housekeeping
    from ..flags.guard import switch
    from . import routes, schema_routes, segment_routes, source_routes, uses
    from .doors import described, senders
    from .worker import supervisor

    blueprints = (
        routes.blueprint,
        source_routes.blueprint,
        schema_routes.blueprint,
        segment_routes.blueprint,
    )
    supervisor.init_app(app)
    senders.init_app(app)
    switch(app, "ingest", *blueprints)
    housekeeping.bring(app, "uses of sources", uses.write, every_s=uses.WRITTEN_EVERY_S)
    API.of(app).prepare_with(described.describe_keys)
    serve(app, *blueprints)
