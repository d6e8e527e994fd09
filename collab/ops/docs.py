"""The documents: OpenAPI 3.1 from the routes, Swagger UI offline, AsyncAPI 3 from the catalogue."""

from __future__ import annotations

import functools
from typing import Any

from apispec import APISpec
from flask import Flask, Response
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema, fields

from ..core.http.api import API
from ..core.json import dumps
from ..core.links import BASE_PATH
from ..jobs import registry
from ..version import VERSION
from . import asyncapi
from .openapi import examples, groups, operations

#: How Swagger UI shows the document: closed groups, a filter, ready to try, and signed in for good.
PAGE_SETTINGS = {
    "app_name": "Collab",
    # Otherwise it is made of the Host header, which Werkzeug can't parse if it is a name with ß.
    "oauth2RedirectUrl": "/api/docs/oauth2-redirect.html",
    "validatorUrl": None,
    "docExpansion": "none",
    "filter": True,
    "persistAuthorization": True,
    "tryItOutEnabled": True,
    "displayRequestDuration": True,
    "defaultModelsExpandDepth": 0,
    "defaultModelExpandDepth": 2,
}

API_DESCRIPTION = """
The backend of a real-time collaborative workspace.

Register or log in, press **Authorize** and paste the `access_token`. The first account of a new
installation is an admin. Errors are `application/problem+json` (RFC 9457); their `type` leads to
[what to do](/problems). Lists take `limit` and `cursor`. A POST that creates takes an
`Idempotency-Key`. The socket is described in [/api/asyncapi.json](/api/asyncapi.json).

The examples tell one story: Alice owns the project Apollo, Bob helps her, Ada is the admin.
"""

#: Schemas with two members of which a body may have one.
CHOICES = {name: ["before", "after"] for name in ("MoveIn", "PostPlaceIn")}


class ProblemPart(Schema):
    """What is wrong with one part of the request."""

    detail = fields.String(required=True)
    pointer = fields.String(required=True, metadata={"example": "#/email"})


class Problem(Schema):
    """An error (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(metadata={"description": "The path as called."})
    request_id = fields.String(metadata={"description": "Look for it in the log."})
    errors = fields.List(fields.Nested(ProblemPart))
    code = fields.String(metadata={"description": "For `/ingest` and `/v1`: the type's last part."})
    message = fields.String(metadata={"description": "There, too: the same as `detail`."})
    quota = fields.String(metadata={"description": "For a 413: which quota is used up."})
    used = fields.Integer(metadata={"description": "For a 413: the bytes that it counts now."})
    limit = fields.Integer(metadata={"description": "For a 413: the bytes that it allows."})


def config() -> dict[str, Any]:
    """Return the settings of flask-smorest."""
    return {
        "API_TITLE": "Collab",
        "API_VERSION": VERSION,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "info": {"description": API_DESCRIPTION.strip()},
            "servers": [{"url": "/", "description": "The server that this document is from."}],
            "security": [{"bearer": []}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
                }
            },
        },
    }


def describe_errors(spec: APISpec) -> None:
    """Let every operation refer to the one error schema, by its media type."""
    spec.components.schema("Problem", schema=Problem)
    spec.components.response(
        "Problem",
        {
            "description": "What went wrong.",
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": operations.problem_example(500),
                }
            },
        },
    )


def describe_choices(spec: APISpec) -> None:
    """Let the schemas say which of their members exclude each other."""
    for name, members in CHOICES.items():
        spec.components.schemas[name]["not"] = {"required": members}


def describe_payloads(spec: APISpec) -> None:
    """Let `POST /jobs` show what each type of job takes, with an example of each."""
    payloads = {kind.payload: kind.document for kind in registry.all_types()}
    for schema, name in payloads.items():
        spec.components.schema(name, schema=schema)
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in payloads.values()]
    spec.components.schemas["JobIn"]["properties"]["payload"]["anyOf"] = refs
    operation = spec._paths[f"{BASE_PATH}/jobs"]["post"]
    operation["requestBody"]["content"]["application/json"]["examples"] = {
        kind.name: {"summary": kind.summary, "value": _example(kind)}
        for kind in registry.all_types()
    }


def name_operations(app: Flask, spec: APISpec) -> None:
    """Give every operation the name of its function, which generated clients call their own by."""
    for rule in app.url_map.iter_rules():
        path = operations.described(rule)
        first, *rest = rule.endpoint.rpartition(".")[2].split("_")
        for method in rule.methods or ():
            if operation := spec._paths.get(path, {}).get(method.lower()):
                operation["operationId"] = first + "".join(map(str.capitalize, rest))


def _example(kind: registry.JobType) -> dict[str, Any]:
    """Return a request for a type, of the examples that its fields have."""
    shown = {
        name: field.metadata["example"]
        for name, field in kind.payload().fields.items()
        if "example" in field.metadata
    }
    project = {"project_id": 1} if kind.needs_project else {}
    return {"type": kind.name, "payload": shown} | project


def init_app(app: Flask) -> None:
    """Serve the documents: OpenAPI, Swagger UI and AsyncAPI."""
    api = API.of(app)
    api.DEFAULT_ERROR_RESPONSE_NAME = "Problem"
    api.prepare_with(describe_errors)
    api.prepare_with(operations.components)
    for step in (name_operations, operations.describe):
        api.finish_with(functools.partial(step, app))
    for finish in (
        describe_payloads,
        describe_choices,
        examples.give,
        groups.put_in_order,
    ):
        api.finish_with(finish)
    ui = get_swaggerui_blueprint("/api/docs", "/api/openapi.json", config=PAGE_SETTINGS)
    app.register_blueprint(ui)

    @app.get("/api/asyncapi.json")
    def asyncapi_document() -> Response:
        return Response(dumps(asyncapi.DOCUMENT.here()), mimetype="application/json")
