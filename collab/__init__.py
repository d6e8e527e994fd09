"""Collab: the backend of a real-time collaborative workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_cors import CORS
from sqlalchemy import URL
from werkzeug.middleware.proxy_fix import ProxyFix

from . import config

__version__ = "1.0.0"


def create_app(settings: Mapping[str, str] | None = None) -> Flask:
    """Build the application from settings (the environment, unless others are given).

    No thread runs yet and the database is not opened. Raises ConfigError for a bad setting.
    """
    app = Flask("collab", instance_path=None, static_folder=None)
    app.config.update(_configuration(config.load(os.environ if settings is None else settings)))
    _bind_extensions(app)
    _register_packages(app)
    return app


def _configuration(values: dict[str, Any]) -> dict[str, Any]:
    """Derive what Flask and its extensions want to be told, and make the missing secrets."""
    from .core.database import engine_options
    from .ops import docs
    from .realtime.protocol import MESSAGE_LIMIT

    instance = _prepare_instance(values)
    kept_here = URL.create("sqlite", database=str(instance / "collab.db"))
    url = values["DATABASE_URL"] or kept_here.render_as_string()
    values |= {
        "INSTANCE_PATH": instance,
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url),
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=values["ACCESS_TOKEN_MINUTES"]),
        "JWT_TOKEN_LOCATION": ["headers"],
        "RATELIMIT_ENABLED": values["RATE_LIMIT"] != "off",
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "SOCK_SERVER_OPTIONS": {
            "ping_interval": values["PING_SECONDS"],
            "max_message_size": MESSAGE_LIMIT,
            "receive_bytes": 16384,
        },
    }
    return values | docs.config()


def _prepare_instance(values: dict[str, Any]) -> Path:
    """Make the instance folder, and the secrets that were not given; raises ConfigError."""
    from .core.security import kept_secret

    instance = Path(values["INSTANCE_PATH"]).resolve()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("SECRET_KEY", "JWT_SECRET_KEY"):
            values[name] = values[name] or kept_secret(instance / name.lower())
    except (OSError, ValueError) as error:
        sentence = f"INSTANCE_PATH is {str(instance)!r}, but no key can be kept there: {error}."
        raise config.ConfigError(sentence) from None
    return instance


def _bind_extensions(app: Flask) -> None:
    from .auth import guard
    from .core import database, errors, logging, origin
    from .core.http import headers, limits
    from .core.http.paths import ShortPaths
    from .core.http.rules import LazyRule
    from .core.json import OrjsonProvider
    from .extensions import api, db, jwt, limiter, migrate, sock

    logging.configure(app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])
    app.json = OrjsonProvider(app)
    app.url_rule_class = LazyRule
    db.init_app(app)
    database.configure(app)
    migrate.init_app(app, db, directory=str(config.ROOT / "collab" / "migrations"))
    jwt.init_app(app)
    headers.register(app)
    limits.init_app(app)
    origin.init_app(app)
    guard.init_app(app)
    limiter.init_app(app)
    api.init_app(app)
    errors.register(app)
    sock.init_app(app)
    if app.config["CORS_ORIGINS"]:
        CORS(app, origins=app.config["CORS_ORIGINS"], expose_headers=EXPOSED, max_age=600)
    hops = app.config["TRUSTED_PROXIES"]
    app.wsgi_app = ShortPaths(app.wsgi_app)  # type: ignore[method-assign]
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )


#: What a page may read of an answer from another origin.
EXPOSED = [
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]


def _register_packages(app: Flask) -> None:
    """Bind each package; this module is the only place that knows them all."""
    from .auth import attempts, refusals, tokens
    from .cli import register_commands
    from .core.http.converters import IdConverter
    from .core.security import Box
    from .events.bell import Bell
    from .execution import sandbox
    from .extensions import api
    from .files import door, yjs_routes
    from .files import writer as texts
    from .flags import guard as flags
    from .jobs import runner
    from .notifications import notifier
    from .ops import docs
    from .ops import routes as ops_routes
    from .realtime import live, socket_routes

    app.url_map.converters["id"] = IdConverter
    app.extensions["collab.answers"] = Box(app.config["SECRET_KEY"], "kept answers")
    app.extensions["collab.bell"] = Bell()
    attempts.init_app(app)
    refusals.init_app(app)
    tokens.init_app(app)
    flags.init_app(app)
    live.init_app(app)
    texts.init_app(app)
    door.init_app()
    yjs_routes.init_app(app)
    runner.init_app(app)
    sandbox.init_app(app)
    notifier.init_app(app)
    _register_job_types()
    ops_routes.init_app(app)
    docs.init_app(app, api)
    for module in _route_modules():
        api.register_blueprint(module.blueprint)
    app.register_blueprint(socket_routes.blueprint)
    app.register_blueprint(yjs_routes.blueprint)
    register_commands(app)


def _route_modules() -> list[Any]:
    """Return the modules that have a blueprint, in the order of the documentation."""
    from .activity import audit_routes
    from .activity import routes as activity
    from .auth import routes as auth
    from .auth import user_routes
    from .files import archive_routes, content_routes, history_routes, work_routes
    from .files import routes as files
    from .flags import routes as flags
    from .jobs import routes as jobs
    from .notifications import routes as notifications
    from .ops import routes as ops
    from .posts import collection_routes
    from .posts import routes as posts
    from .projects import member_routes
    from .projects import routes as projects
    from .quotas import routes as quotas
    from .realtime import routes as events
    from .search import routes as search
    from .tasks import comment_routes
    from .tasks import routes as tasks
    from .uploads import routes as uploads
    from .workspaces import routes as workspaces

    people = [auth, user_routes, projects, member_routes, quotas]
    content = [workspaces, files, content_routes, history_routes, tasks, comment_routes]
    content += [work_routes, archive_routes, posts, collection_routes, uploads, jobs]
    happenings = [events, notifications, activity, audit_routes]
    return [*people, *content, *happenings, search, flags, ops]


def _register_job_types() -> None:
    """Import the modules whose decorators register what runs each type of job."""
    from .execution import job_types as code  # noqa: F401
    from .functions import job_types as functions  # noqa: F401
    from .processing import job_types as tables  # noqa: F401
    from .reports import job_types as reports  # noqa: F401
