"""Every body, answer and parameter has an example, and it passes its own schema."""

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .test_openapi import operations

NAME = "urn:document"


@pytest.fixture
def document(http):
    return http.get("/api/openapi.json").json()


def absolute(node):
    """Return a part of the document whose references name the document."""
    if isinstance(node, dict):
        return {key: NAME + one if key == "$ref" else absolute(one) for key, one in node.items()}
    return [absolute(one) for one in node] if isinstance(node, list) else node


def resolved(document, node):
    """Return what a reference to a component leads to."""
    if "$ref" not in node:
        return node
    *_, kind, name = node["$ref"].split("/")
    return document["components"][kind][name]


def described(document):
    """Yield what has an example: where it stands, its schema, and its examples."""
    for path, item in document["paths"].items():
        for parameter in item.get("parameters", ()):
            yield path, parameter
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            yield name, resolved(document, parameter)
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media, one in resolved(document, body).get("content", {}).items():
                if media.endswith(("/json", "+json")):
                    yield f"{name} {media}", one


def examples_of(one):
    shown = [one["example"]] if "example" in one else []
    shown += [choice["value"] for choice in one.get("examples", {}).values()]
    return shown or one.get("schema", {}).get("examples", [])


def test_every_example_passes_its_schema(document):
    known = Registry().with_resource(NAME, Resource(document, DRAFT202012))
    for where, one in described(document):
        assert examples_of(one), (where, one.get("name"))
        check = Draft202012Validator(absolute(one["schema"]), registry=known)
        for example in examples_of(one):
            wrong = [error.message for error in check.iter_errors(example)]
            assert not wrong, (where, one.get("name"), example, wrong)


def test_no_filter_is_filled_in_for_whoever_tries(document):
    """Swagger UI fills in `example`; what may be left out shows `examples` of its schema."""
    for where, one in described(document):
        if "in" in one and not one.get("required"):
            assert "example" not in one, (where, one["name"])
            assert "example" not in one["schema"], (where, one["name"])


def test_headers_are_described(document):
    named = {
        (resolved(document, one)["name"], name)
        for name, operation in operations(document)
        for one in operation.get("parameters", ())
        if resolved(document, one)["in"] == "header"
    }
    assert ("Idempotency-Key", "POST /api/v1/projects") in named
    assert ("If-Match", "PATCH /api/v1/projects/{project_id}") in named
    assert ("If-None-Match", "GET /api/v1/projects/{project_id}") in named
    assert ("Last-Event-ID", "GET /api/v1/events/stream") in named
    answers = document["paths"]["/api/v1/projects"]["get"]["responses"]
    assert {"Link", "RateLimit", "RateLimit-Policy"} <= answers["200"]["headers"].keys()
    assert "Retry-After" in answers["429"]["headers"]
    one = document["paths"]["/api/v1/projects/{project_id}"]["get"]["responses"]
    assert "ETag" in one["200"]["headers"]


def test_the_server_and_the_order_of_groups_are_given(document):
    assert document["servers"][0]["url"] == "/"
    assert [tag["name"] for tag in document["tags"]][:4] == [
        "auth",
        "projects",
        "members",
        "workspaces",
    ]
    assert "curl -N" in document["paths"]["/api/v1/events/stream"]["get"]["description"]
