"""The example client keeps the habits that it shows."""

import contextlib
import itertools

import pytest

from examples.client import Collab, Problem

from ..support.people import PASSWORD


@pytest.fixture
def client(server, alice):
    with contextlib.closing(Collab(server.url, alice.email, PASSWORD)) as made:
        yield made


def test_it_pages_through_a_list_of_any_length(client):
    names = [f"Project {number}" for number in range(5)]
    for name in names:
        client.create("projects", name=name)
    assert [one["name"] for one in client.all("projects", limit=2, sort="id")] == names


def test_it_renews_a_token_that_is_no_good_any_more_and_asks_again(client):
    client._tokens["access_token"] = "expired"
    assert client.get("auth/me")["email"] == "alice@example.com"


def test_it_tells_what_the_server_said(client, server):
    with pytest.raises(Problem, match="404: "):
        client.get("projects/999")
    with pytest.raises(Problem, match="#/name"):
        client.create("projects", name="")
    with pytest.raises(Problem) as caught:
        Collab(server.url, "alice@example.com", "wrong")
    assert caught.value.status == 401


def test_it_follows_across_a_restart_and_misses_nothing(quiet, alice):
    running = quiet()
    with contextlib.closing(Collab(running.url, alice.email, PASSWORD)) as client:
        project = client.create("projects", name="Apollo")["id"]
        with contextlib.closing(client.follow(project, after=0)) as events:
            kinds = [next(events)["type"]]
            running.kill()
            running.start()
            for number in range(2):
                client.create(f"projects/{project}/tasks", title=f"Task {number}")
            kept = (event["type"] for event in events if not event.get("signal"))
            kinds += itertools.islice(kept, 3)
    assert kinds == ["project.created", "member.added", "task.created", "task.created"]
