"""The OpenAPI document, made when it is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import flask_smorest
from apispec import APISpec
from flask import Flask
from flask_smorest.spec import openapi_cli

from ..slots import Slot


class Api(flask_smorest.Api):  # type: ignore[misc]
    """Registers blueprints at once, and describes them only when somebody asks for the document.

    Describing takes longer than all the rest of building an application, and most never read it.
    """

    def __init__(self) -> None:
        # Reentrant: the steps that describe read `spec` themselves.
        self._lock = threading.RLock()
        self._spec: APISpec | None = None
        self._undescribed: list[Any] = []
        self._preparing: list[Callable[[APISpec], None]] = []
        self._finishing: list[Callable[[APISpec], None]] = []
        super().__init__()

    def _init_spec(self, **options: Any) -> None:
        """Leave this for later, too: it describes an answer for each HTTP status."""
        self._options = options
        self._app.cli.add_command(openapi_cli)

    def register_blueprint(self, blueprint: Any, **options: Any) -> None:
        """Register a blueprint whose routes belong in the document."""
        extension = self._app.extensions["flask-smorest"]
        extension["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint, **options)
        self._undescribed.append(blueprint)

    def prepare_with(self, step: Callable[[APISpec], None]) -> None:
        """Have a function applied to the document before any route is in it."""
        self._preparing.append(step)

    def finish_with(self, step: Callable[[APISpec], None]) -> None:
        """Have a function applied to the document once all routes are in it."""
        self._finishing.append(step)

    @property
    def spec(self) -> Any:
        """Return the whole document."""
        with self._lock:
            if self._undescribed or self._spec is None:
                self._describe()
        return self._spec

    @spec.setter
    def spec(self, value: APISpec | None) -> None:
        self._spec = value

    def _describe(self) -> None:
        blueprints, self._undescribed = self._undescribed, []
        if self._spec is None:
            super()._init_spec(**self._options)
        for step in self._preparing:
            step(self.spec)
        for one in blueprints:
            one.register_views_in_doc(self, self._app, self._spec, name=one.name, parameters=None)
            self.spec.tag({"name": one.name, "description": one.description})
        for step in self._finishing:
            step(self.spec)


API: Slot[Api] = Slot("api")


def init_app(app: Flask) -> None:
    """Start an application's document."""
    API.put(app, Api()).init_app(app)


def serve(app: Flask, *blueprints: Any) -> None:
    """Serve the routes of some blueprints, and describe them in the document, in this order."""
    for one in blueprints:
        API.of(app).register_blueprint(one)
