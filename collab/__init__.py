"""Collab: the backend of a real-time collaborative workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from sqlalchemy import URL

from . import (
    activity,
    admin,
    auth,
    cli,
    config,
    contact,
    core,
    events,
    execution,
    files,
    flags,
    functions,
    ingest,
    jobs,
    mail,
    maintenance,
    notifications,
    oauth,
    ops,
    posts,
    processing,
    projects,
    quotas,
    realtime,
    reports,
    schedules,
    search,
    tasks,
    uploads,
    web,
    webhooks,
    workspaces,
)


class Package(Protocol):
    """A package, or a module, that has something to register."""

    def init_app(self, app: Flask) -> None:
        """Register all that it brings."""


#: Every package, in the order of the documentation; each registers all that it brings.
PACKAGES: tuple[Package, ...] = (
    core,
    events,
    auth,
    oauth,
    projects,
    quotas,
    workspaces,
    files,
    tasks,
    posts,
    uploads,
    jobs,
    execution,
    processing,
    reports,
    functions,
    schedules,
    mail,
    ingest,
    realtime,
    webhooks,
    notifications,
    contact,
    activity,
    search,
    maintenance,
    admin,
    flags,
    ops,
    web,
    cli,
)


def create_app(
    settings: Mapping[str, str] | None = None, packages: Sequence[Package] = PACKAGES
) -> Flask:
    """Build the application from settings (the environment, unless others are given).

    `packages` are those that it is made of; what another one stands on can't be left out.
    No thread runs yet and the database is not opened. Raises ConfigError for a bad setting.
    """
    app = Flask("collab", instance_path=None, static_folder=None)
    app.config.update(_configuration(config.load(os.environ if settings is None else settings)))
    for package in packages:
        package.init_app(app)
    return app


def _configuration(values: dict[str, Any]) -> dict[str, Any]:
    """Derive the settings of Flask and its extensions, and make the missing secrets."""
    from .core.counting import shares
    from .core.database import engine_options, with_driver
    from .ops import docs
    from .realtime.json_door.protocol import MAX_MESSAGE_BYTES
    from .realtime.transport.incoming import NoThread

    values |= shares.divide(values)
    instance = _prepare_instance(values)
    kept_here = URL.create("sqlite", database=str(instance / "collab.db"))
    url = with_driver(values["DATABASE_URL"]) or kept_here.render_as_string()
    try:
        engine_settings = engine_options(url, values)
    except ModuleNotFoundError as error:
        sentence = f"DATABASE_URL is of a server whose client, {error.name}, is not installed"
        raise config.ConfigError(f"{sentence}: pip install -r deploy/requirements.txt") from None
    values |= {
        "INSTANCE_PATH": instance,
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_settings,
        "JWT_ACCESS_TOKEN_EXPIRES": timedelta(minutes=values["ACCESS_TOKEN_MINUTES"]),
        "JWT_TOKEN_LOCATION": ["headers"],
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "SOCK_SERVER_OPTIONS": {
            "thread_class": NoThread,  # what comes is read by the reactor's turns
            "max_message_size": MAX_MESSAGE_BYTES,
            "receive_bytes": 16384,
        },
    }
    return values | docs.config()


def _prepare_instance(values: dict[str, Any]) -> Path:
    """Make the instance folder, and the secrets that were not given; raises ConfigError."""
    from .core.security.keys import FALLBACKS_SUFFIX, KEY_NAMES, KeyRing

    instance = Path(values["INSTANCE_PATH"]).resolve()
    try:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        rings = {
            name: KeyRing(
                (values[name], *values[name + FALLBACKS_SUFFIX]) if values[name] else (),
                instance / name.lower(),
            )
            for name in KEY_NAMES
        }
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        sentence = f"INSTANCE_PATH is {str(instance)!r}, but no key can be kept there: {why}."
        raise config.ConfigError(f"{sentence} Choose a folder that you can write in.") from None
    values["KEY_RINGS"] = rings
    for name, ring in rings.items():
        values[name], *older = ring.secrets
        values[name + FALLBACKS_SUFFIX] = tuple(older)
    return instance
