"""Examples in the OpenAPI document: one story, told by the schemas (`Schema.example`).

Alice has the project Apollo, Bob helps her, Vera looks on, Ada is the admin. What means the same in
every schema, such as ids and times, is told here once.
"""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

from ...core.schemas import own_examples

Json = dict[str, Any]

#: What a name means wherever a schema does not tell it otherwise.
SHARED_EXAMPLES: Json = {
    "id": 1,
    "user_id": 2,
    "owner_id": 2,
    "author_id": 3,
    "project_id": 1,
    "workspace_id": 1,
    "file_id": 1,
    "task_id": 1,
    "session_id": 7,
    "name": "Alice",
    "email": "alice@example.com",
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:30:00Z",
    "next_cursor": None,
}
#: Of parameters of addresses.
QUERY_EXAMPLES: Json = {
    "cursor": "WyJpZCIsMSwxXQ",
    "since": "2026-03-01T00:00:00Z",
    "until": "2026-04-01T00:00:00Z",
    "topic": "project:1",
    "after": 41,
    "name": "tasks",
}

#: Of schemas whose packages know no names of the things that they show.
SPECIFIC_EXAMPLES: dict[str, Json] = {
    "FlagOut": {"name": "tasks", "meaning": "Tasks and their comments."},
}


def example_of(schema: type[Schema]) -> Json:
    """Return an example of a schema: what it tells, and what it must have."""
    told = own_examples(schema) | SPECIFIC_EXAMPLES.get(schema.__name__, {})
    found: Json = {}
    for name, field in schema().fields.items():
        key = field.data_key or name
        if key in told:
            found[key] = told[key]
        elif field.required or "example" in field.metadata:
            value = _value(key, field)
            if value is not NO_EXAMPLE:
                found[key] = value
    return found


#: That nobody tells an example.
NO_EXAMPLE = object()


def _value(key: str, field: fields.Field[Any]) -> Any:
    if isinstance(field, fields.Nested):
        made = example_of(type(field.schema))
        return [made] if field.many else made
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return [_value(key, field.inner)]
    if "example" in field.metadata:
        return field.metadata["example"]
    if key in SHARED_EXAMPLES:
        return SHARED_EXAMPLES[key]
    if isinstance(field, fields.Boolean):
        return True
    choices = [one.choices for one in field.validators if isinstance(one, validate.OneOf)]
    return next(iter(choices[0])) if choices else NO_EXAMPLE


def schemas_of(spec: APISpec) -> dict[str, type[Schema]]:
    """Return the schemas in the document by their names there."""
    plugin = next(one for one in spec.plugins if isinstance(one, MarshmallowPlugin))
    refs: dict[Any, str] = getattr(plugin.converter, "refs", {})
    return {name: key[0] for key, name in refs.items()}


def give(spec: APISpec) -> None:
    """Give every body, answer and parameter an example."""
    known = {name: example_of(one) for name, one in schemas_of(spec).items()}
    for item in spec._paths.values():
        for parameter in item.get("parameters", ()):
            _of_parameter(parameter)
        for operation in (one for key, one in item.items() if key != "parameters"):
            _of_content(operation.get("requestBody", {}), known)
            for answer in operation.get("responses", {}).values():
                _of_content(answer if isinstance(answer, dict) else {}, known)
            for parameter in operation.get("parameters", ()):
                _of_parameter(parameter)


def _of_content(described: Json, examples: dict[str, Json]) -> None:
    for media in described.get("content", {}).values():
        name = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if name in examples and not {"example", "examples"} & media.keys():
            media["example"] = examples[name]


def _of_parameter(parameter: Json) -> None:
    """Give a parameter an example, which fills the form in only where it must be filled in.

    Swagger UI takes `example` for what to send; `examples` of the schema are only shown.
    """
    schema = parameter.get("schema", {})
    if "$ref" in parameter or "example" in parameter or "examples" in schema:
        return
    example = schema.pop("example", NO_EXAMPLE)
    if example is NO_EXAMPLE:
        example = _fitting(parameter["name"], schema)
    if parameter.get("required"):
        parameter["example"] = example
    else:
        schema["examples"] = [example]


def _fitting(name: str, schema: Json) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if schema.get("type") == "array":
        return [_fitting(name, schema["items"])]
    known = QUERY_EXAMPLES | {key: one for key, one in SHARED_EXAMPLES.items() if "_id" in key}
    if "integer" in schema.get("type", ()):
        found = known.get(name, 1)
        return found if isinstance(found, int) else 1
    return True if "boolean" in schema.get("type", ()) else known.get(name, name)
