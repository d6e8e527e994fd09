"""What every package stands on: errors, HTTP conventions, model mixins, secrets, logging."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Bind the extensions, and give every request the conventions of `core/http`."""
    from ..config import ROOT
    from ..extensions import db, jwt, migrate, sock
    from . import database, errors, http, logging, origin, security
    from .json import OrjsonProvider

    logging.configure(app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])
    app.json = OrjsonProvider(app)
    security.init_app(app)
    db.init_app(app)
    database.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "collab" / "migrations"))
    jwt.init_app(app)
    http.init_app(app)
    origin.init_app(app)
    errors.init_app(app)
    sock.init_app(app)
