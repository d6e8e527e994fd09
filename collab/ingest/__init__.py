"""The event pipeline: from the doors through inbox and stages to the store and its numbers."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Take events in, carry them through the stages, and show what is stored."""
    from ..auth.personal_tokens.scopes import cover
    from ..core.counting import metrics
    from ..core.http.api import API, serve
    from ..core.storage import housekeeping
    from ..flags.guard import switch
    from . import personal, routes, schema_routes, segment_routes, source_routes, store, uses
    from .dead_letters import acts
    from .dead_letters import routes as letter_routes
    from .doors import described, senders
    from .reading import numbers
    from .reading import routes as reading_routes
    from .worker import supervisor

    blueprints = (
        routes.blueprint,
        source_routes.blueprint,
        schema_routes.blueprint,
        segment_routes.blueprint,
        reading_routes.blueprint,
        letter_routes.blueprint,
    )
    supervisor.init_app(app)
    personal.init_app(app)
    store.init_app(app)
    senders.init_app(app)
    switch(app, "ingest", *blueprints)
    housekeeping.bring(app, "uses of sources", uses.write, every_s=uses.WRITTEN_EVERY_S)
    housekeeping.bring(
        app, "acts on dead letters", acts.tell_what_is_left, every_s=acts.LEFT_AFTER_S
    )
    API.of(app).prepare_with(described.describe_keys)
    for one in (routes, reading_routes, letter_routes):  # sources and schemas are for people
        cover(app, "ingest", "events of the pipeline: sent, stored, counted", one.blueprint)
    serve(app, *blueprints)
    metrics.register(app, "ingest", numbers.collect)
