"""The Postman collection says what the API says; `make postman` proves that it runs."""

import json

import pytest

from examples.postman import build
from examples.postman.story import STORY

METHODS = ("get", "post", "put", "patch", "delete")
STEPS = [step for _, steps in STORY for step in steps]


@pytest.fixture(scope="module")
def described():
    return build.document()


def test_what_is_kept_is_what_is_built(described):
    for path, text in build.built(described).items():
        assert path.read_text() == text, "run: python -m examples.postman.build"
    assert (build.FOLDER / "moon.png").read_bytes() == build.picture()


def test_every_operation_is_in_it(described):
    there = {
        (method.upper(), path.removeprefix(build.API_PATH))
        for path, item in described["paths"].items()
        for method in METHODS
        if method in item
    }
    assert {(step.method, step.path) for step in STEPS} == there


def test_every_request_checks_its_answer(described):
    for folder in build.collection(described)["item"]:
        for item in folder["item"]:
            tests = [event for event in item["event"] if event["listen"] == "test"]
            assert "pm.response.code" in json.dumps(tests)


def test_only_what_does_not_end_is_left_to_the_app():
    assert [step.path for step in STEPS if step.in_app_only] == ["/events/stream"]


def test_no_password_and_no_token_is_kept_but_the_example_s():
    kept = json.loads(build.COLLECTION.read_text())
    assert {one["value"] for one in kept["variable"]} == {""}
