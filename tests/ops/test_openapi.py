import re

import pytest

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture
def document(http):
    return http.get("/api/openapi.json").json()


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_it_is_valid_openapi_3_1(document):
    from openapi_spec_validator import validate  # takes as long to import as all other modules here

    assert document["openapi"].startswith("3.1")
    validate(document)


def test_it_has_every_route(document, app):
    described = {name for name, _ in operations(document)}
    undescribed = {
        "socket",
        "yjs",
        "hocuspocus",
        "socketio",
        "socketio_polls",
        "swagger_ui",
        "api-docs",
        "asyncapi_document",
        "web",
    }
    rules = [
        rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] not in undescribed
    ]

    for rule in rules:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"{method} {path}" in described


def test_every_operation_says_what_it_does(document):
    assert [name for name, one in operations(document) if not one.get("summary")] == []


def test_every_operation_describes_its_errors_as_problems(document):
    problem = {"$ref": "#/components/responses/Problem"}
    assert [n for n, one in operations(document) if one["responses"]["default"] != problem] == []


def test_what_is_open_to_all_says_so_and_nothing_else_does(document):
    open_to_all = {name for name, one in operations(document) if one.get("security") == [{}]}

    assert open_to_all == {
        "GET /",
        "POST /api/v1/auth/password/forgot",
        "POST /api/v1/auth/password/reset",
        "POST /api/v1/auth/verification/confirm",
        "POST /api/v1/mail/unsubscribe/{token}",
        "POST /api/v1/hooks/{token}",
        "GET /health",
        "GET /metrics",
        "GET /ready",
        "POST /api/v1/auth/register",
        "POST /api/v1/auth/signup",
        "POST /api/v1/auth/login",
        "POST /api/v1/auth/login/second-factor",
        "POST /api/v1/auth/login/passkey",
        "POST /api/v1/auth/login/passkey/options",
        "POST /api/v1/auth/refresh",
        "GET /api/v1/auth/demo",
        "GET /api/v1/auth/providers",
        "GET /api/v1/auth/{provider}",
        "GET /api/v1/auth/{provider}/callback",
        "POST /api/v1/auth/login/provider",
    }


def test_what_takes_a_token_but_needs_none_says_so(document):
    optional = {name for name, one in operations(document) if {} in one.get("security", [])[:-1]}

    assert optional == {"GET /api/v1/posts", "GET /api/v1/posts/{post_id}"}


def test_requests_have_examples(document):
    body = document["components"]["schemas"]["RegisterIn"]["properties"]
    assert body["email"]["example"] == "user@example.com"


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/", "/api-docs", "/api-docs/"])
def test_swagger_ui_is_there(http, path):
    answer = http.get(path)

    assert answer.status_code == 200
    assert "swagger-ui" in answer.text


def test_swagger_ui_needs_nothing_from_elsewhere(http):
    page = http.get("/api/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert sources
    assert [one for one in sources if "//" in one] == []
    local = [one if one.startswith("/") else f"/api/docs/{one}" for one in sources]
    assert {http.get(one.replace("./", "")).status_code for one in local} == {200}
