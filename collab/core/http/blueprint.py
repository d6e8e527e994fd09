"""Blueprints whose routes read JSON strictly, by the one parser of requests."""

from __future__ import annotations

from typing import Any

import flask_smorest
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser

from ..errors import ApiError, Malformed
from ..json import loads


class UnsupportedMediaType(ApiError):
    """The body must be JSON: send `Content-Type: application/json`."""

    status = 415


class Parser(FlaskParser):
    """Tells apart what is no JSON by its type (415), by its syntax (400), by its values (422)."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """Read a JSON body; raises UnsupportedMediaType, Malformed."""
        body = req.get_data()
        if not body:
            return missing
        if not req.is_json:
            raise UnsupportedMediaType()
        try:
            return loads(body)
        except ValueError as error:
            raise Malformed(f"The body is not JSON: {error}.") from None


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint of routes that are documented by their decorators."""

    ARGUMENTS_PARSER = Parser()
