"""`/`: the page for browsers, and where things are for programs."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from ..core.http.blueprint import NO_SECURITY, Blueprint
from ..core.http.query import any_query
from ..core.http.representations.pages import wants_page
from ..version import VERSION
from .pages import pages
from .static_routes import page_of, read_anew

blueprint = Blueprint("index", __name__, description="The way in.")

LINKS = {
    "docs": "/api/docs",
    "openapi": "/api/openapi.json",
    "asyncapi": "/api/asyncapi.json",
    "health": "/health",
    "socket": "/ws",
}


class IndexOut(Schema):
    """Where to look."""

    example = {
        "name": "Collab",
        "version": VERSION,
        "links": {"docs": "/api/docs", "openapi": "/api/openapi.json"},
    }
    name = fields.String(required=True)
    version = fields.String(required=True)
    links = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


@blueprint.get("/")
@blueprint.doc(security=NO_SECURITY)
@blueprint.response(200, IndexOut)
@any_query
def index() -> tuple[dict[str, Any], int, dict[str, str]] | Response:
    """List the service's addresses; browsers, which accept `text/html`, get the page."""
    if not wants_page():
        return {"name": "Collab", "version": VERSION, "links": LINKS}, 200, {"Vary": "Accept"}
    read_anew()
    response = page_of(pages()["/"])
    response.vary.add("Accept")
    return response
