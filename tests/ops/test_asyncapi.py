import subprocess

import pytest

from collab.config import ROOT
from collab.events.catalogue import catalogue
from collab.events.types import OPEN_TYPES, PRESENCE_TYPES
from collab.realtime.json_door.messages import MESSAGES

from ..support.npm import needs_node

CHECK = ROOT / "tests" / "ops" / "asyncapi_check.mjs"


@pytest.fixture
def document(http):
    return http.get("/api/asyncapi.json").json()


@needs_node("@asyncapi/parser")
def test_it_is_valid(http):
    run = subprocess.run(
        ["node", str(CHECK)],
        input=http.get("/api/asyncapi.json").text,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (run.returncode, run.stdout) == (0, "")


def test_it_has_every_event(document):
    types = {*catalogue(), *OPEN_TYPES, *PRESENCE_TYPES}
    assert types <= document["components"]["messages"].keys()


def test_it_has_every_request_that_the_socket_knows(document, app):
    described = {
        name.removesuffix("Request")
        for name in document["components"]["messages"]
        if name.endswith("Request")
    }
    assert described == MESSAGES.of(app).handlers.keys()


def test_every_message_says_what_it_means(document):
    messages = document["components"]["messages"]
    assert [name for name, one in messages.items() if not one["summary"]] == []
