"""What every package stands on: errors, HTTP conventions, model mixins, secrets, logging."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Bind the extensions, and give every request the conventions of `core/http`."""
    from ..extensions import db, jwt
    from . import (
        allocator,
        client_address,
        compiled,
        database,
        errors,
        http,
        idempotency,
        logging,
        security,
        tracing,
    )
    from .counting import kinds, metrics
    from .json import OrjsonProvider
    from .management import commands, migrations
    from .personal import own
    from .storage import blob_store, housekeeping, numbers, pages

    config = app.config
    commands.init_app(app)
    logging.configure(config["LOG_LEVEL"], config["LOG_FORMAT"], config["INSTANCE_PATH"])
    app.json = OrjsonProvider(app)
    security.init_app(app)
    kinds.init_app(app)
    db.init_app(app)
    database.init_app(app)
    compiled.init_app(app)
    migrations.init_app(app)
    jwt.init_app(app)
    http.init_app(app)
    tracing.init_app(app)  # outside of what rewrites paths and addresses
    client_address.init_app(app)
    errors.init_app(app)
    housekeeping.init_app(app)
    own.init_app(app)
    metrics.register(app, "database", numbers.collect_database)
    metrics.register(app, "storage", numbers.collect_disk)
    housekeeping.bring(app, "repeats in the log", logging.tell_repeats)
    housekeeping.bring(app, "freed bytes", blob_store.sweep_freed)
    housekeeping.bring(app, "unfinished files", blob_store.sweep_unfinished, every_s=600)
    housekeeping.bring(app, "pages", pages.give_back)
    housekeeping.bring(app, "idle connections", database.close_idle, every_s=60)
    housekeeping.bring(app, "freed memory", allocator.give_back, every_s=60)
    housekeeping.bring(app, "idempotent answers", idempotency.forget)
