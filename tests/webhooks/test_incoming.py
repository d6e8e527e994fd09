"""Incoming hooks: who may publish, what becomes of a message, and what is refused."""

import hmac
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook as Signer

from collab.core.json import dumps
from collab.extensions import db
from collab.webhooks.incoming import service
from collab.webhooks.incoming.models import IncomingHook

from ..support import databases
from ..support.each import each
from ..support.people import BASE, ok
from ..support.races import at_once, statuses

FORM = "application/x-www-form-urlencoded"

pytestmark = pytest.mark.usefixtures("declared")


@pytest.fixture
def make(alice, project):
    """Return a maker of hooks: `make(check="github")`."""

    def made(**values):
        values = {"name": "CI", "event_type": "ci.build"} | values
        return ok(alice.post(f"/projects/{project}/incoming-hooks", values))

    return made


def path_of(hook):
    return f"{BASE}/hooks/{hook['token']}"


def events_of(alice, project, kind="ci.build"):
    page = ok(alice.get("/events", params={"project_id": project}))
    return [one for one in page["items"] if one["type"].startswith(kind)]


def test_what_is_sent_becomes_an_event_of_the_project(nobody, alice, project, make):
    hook = make()
    answer = nobody.post(path_of(hook), {"branch": "main"})
    assert answer.status_code == 201
    (event,) = events_of(alice, project)
    assert answer.json() == {"event_id": int(event["id"]), "type": "ci.build", "repeated": False}
    assert event["data"] == {"branch": "main"}
    assert event["actor"] == alice.id
    assert event["topic"] == f"project:{project}"


@each(
    [
        (b"[1, 2]", "application/json", {"value": [1, 2]}),
        (b"", "application/json", {}),
        (b'{"a": 1}', "application/vnd.x+json; charset=utf-8", {"a": 1}),
        (
            b"a=1&b=2&b=3&c=",
            FORM,
            {"a": "1", "b": ["2", "3"], "c": ""},
        ),
        (b"payload=%7B%22a%22%3A1%7D", FORM, {"a": 1}),
        (b"", "", {}),
    ]
)
def test_json_and_forms_are_taken(body, media, payload, *, nobody, alice, project, make):
    answer = nobody.request("POST", path_of(make()), content=body, headers={"Content-Type": media})
    assert answer.status_code == 201, answer.text
    assert events_of(alice, project)[-1]["data"] == payload


@each(
    [
        (b"{", "application/json", 400),
        (b'"\\u0000"', "application/json", 422),
        (b"123456789012345678901234567890", "application/json", 422),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b"a=%00", FORM, 400),
        (b"a=%ff", FORM, 400),
        (b"&".join([b"a"] * 2000), FORM, 400),
        (b"<a/>", "application/xml", 415),
        (b"{}", "", 415),
        (b'"' + b"x" * 300_000 + b'"', "application/json", 422),
        (b'"' + b"x" * 2_000_000 + b'"', "application/json", 413),
    ]
)
def test_what_can_not_be_an_event_is_refused(body, media, status, *, nobody, alice, project, make):
    headers = {"Content-Type": media} if media else {}
    answer = nobody.request("POST", path_of(make()), content=body, headers=headers)
    assert answer.status_code == status
    assert events_of(alice, project) == []


def test_what_the_sender_calls_a_message_comes_after_the_hooks_type(nobody, alice, project, make):
    hook = make()
    nobody.post(path_of(hook), {}, params={"event": "finished"})
    nobody.post(path_of(hook), {}, headers={"X-GitHub-Event": "pull_request"})
    assert [one["type"] for one in events_of(alice, project)] == [
        "ci.build.finished",
        "ci.build.pull.request",
    ]
    for wrong in ("../x", "A", "x.", ".x", "x y", "task.created\n"):
        assert nobody.post(path_of(hook), {}, params={"event": wrong}).status_code == 422


@each(["member", "task.created", "webhook.ping", "typing", "user.joined"])
def test_no_hook_publishes_what_only_the_server_does(kind, *, alice, project):
    values = {"name": "CI", "event_type": kind}
    answer = alice.post(f"/projects/{project}/incoming-hooks", values)
    assert answer.status_code in (403, 422)


def test_a_hook_can_not_be_changed_into_one_that_publishes_what_the_server_does(alice, make):
    path = f"/incoming-hooks/{make()['id']}"
    assert alice.patch(path, {"event_type": "task.created"}).status_code == 403
    assert ok(alice.patch(path, {"event_type": "ci.other"}))["event_type"] == "ci.other"


def test_a_project_has_only_so_many_hooks(alice, project, make, monkeypatch):
    monkeypatch.setattr(service, "MAX_HOOKS_PER_PROJECT", 1)
    make()
    values = {"name": "CI", "event_type": "ci.build"}
    assert alice.post(f"/projects/{project}/incoming-hooks", values).status_code == 409


def test_no_message_names_a_type_that_is_not_kept_either(nobody, make):
    hook = make(event_type="cursor")
    assert nobody.post(path_of(hook), {}, params={"event": "moved"}).status_code == 422


def test_a_token_is_kept_as_a_digest_and_ends_at_once(nobody, alice, make, instance):
    hook = make()
    assert not databases.has(instance, hook["token"])
    rotated = ok(alice.post(f"/incoming-hooks/{hook['id']}/rotate"))
    assert nobody.post(path_of(hook), {}).status_code == 404
    assert nobody.post(path_of(rotated), {}).status_code == 201
    ok(alice.patch(f"/incoming-hooks/{hook['id']}", {"enabled": False}))
    assert nobody.post(path_of(rotated), {}).status_code == 404
    ok(alice.patch(f"/incoming-hooks/{hook['id']}", {"enabled": True}))
    ok(alice.delete(f"/incoming-hooks/{hook['id']}"))
    assert nobody.post(path_of(rotated), {}).status_code == 404
    for made_up in ("collab_in_", "x", "collab_in_" + "a" * 40, "collab_in_" + "a" * 400):
        assert nobody.post(f"{BASE}/hooks/{made_up}", {}).status_code == 404


def test_a_hook_works_in_the_name_of_who_made_it(nobody, alice, bob, ada, project, make):
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    hook = ok(
        bob.post(f"/projects/{project}/incoming-hooks", {"name": "CI", "event_type": "ci.build"})
    )
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    assert nobody.post(path_of(hook), {}).status_code == 403
    ok(alice.delete(f"/projects/{project}/members/{bob.id}"))
    assert nobody.post(path_of(hook), {}).status_code == 404
    rotated = ok(alice.post(f"/incoming-hooks/{hook['id']}/rotate"))
    assert nobody.post(path_of(rotated), {}).status_code == 201


def test_a_standard_signature_is_asked_for(nobody, alice, project, make):
    hook = make(check="standard")
    body = json.dumps({"ok": True})
    now = datetime.now(UTC)
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(hook["secret"]).sign("msg_1", now, body),
        "Content-Type": "application/json",
    }

    def send(text=body, **changes):
        return nobody.request("POST", path_of(hook), content=text, headers=signed | changes)

    assert send().status_code == 201
    assert send('{"ok": false}').status_code == 401
    assert send(**{"webhook-id": "msg_2"}).status_code == 401
    assert send(**{"webhook-timestamp": "1"}).status_code == 401
    assert nobody.post(path_of(hook), {"ok": True}).status_code == 401
    repeated = send()
    assert (repeated.status_code, repeated.json()["repeated"]) == (200, True)
    assert len(events_of(alice, project)) == 1


def test_a_signature_as_github_makes_it_is_asked_for(nobody, alice, project, make):
    secret = "It's a Secret to Everybody"
    hook = make(check="github", secret=secret.replace(" ", "-"))
    assert hook["secret"] is None
    body = b'{"ref": "main"}'
    made = hmac.new(secret.replace(" ", "-").encode(), body, "sha256").hexdigest()
    headers = {"Content-Type": "application/json", "X-GitHub-Delivery": "72d3162e"}

    def send(signature):
        more = {"X-Hub-Signature-256": signature} if signature else {}
        return nobody.request("POST", path_of(hook), content=body, headers=headers | more)

    for wrong in ("", made, "sha256=", "sha256=" + made[:-1] + "x", "sha1=" + made):
        assert send(wrong).status_code == 401
    assert send("sha256=" + made).status_code == 201
    assert send("sha256=" + made).json()["repeated"] is True
    assert len(events_of(alice, project)) == 1


def test_a_message_that_comes_twice_at_once_is_published_once(app, nobody, alice, project, make):
    hook = make()

    def send(who):
        return who.post(path_of(hook), {}, headers={"webhook-id": "msg_1"})

    answers = at_once(app, *[(nobody, send)] * 4)
    assert statuses(answers) == [200, 200, 200, 201]
    assert len({answer.json()["event_id"] for answer in answers}) == 1
    assert len(events_of(alice, project)) == 1


@each(
    [
        {"check": "none", "secret": "x" * 20},
        {"check": "standard", "secret": "not base64 at all!".replace(" ", "_")},
        {"check": "standard", "secret": "whsec_c2hvcnQ="},
        {"check": "github", "secret": "short"},
        {"check": "md5"},
    ]
)
def test_a_check_and_its_secret_go_together(values, *, alice, project):
    values = {"name": "CI", "event_type": "ci.build"} | values
    assert alice.post(f"/projects/{project}/incoming-hooks", values).status_code == 422


def test_a_hook_has_a_bound_of_its_own_and_wrong_tokens_that_of_their_address(
    make_app, project, alice
):
    from ..conftest import http_for

    app = make_app(HOOK_RATE_LIMIT="3 per minute", RATE_LIMIT="5 per minute")
    with http_for(app) as http:
        owner = alice.at(http)
        values = {"name": "CI", "event_type": "ci.build"}
        hook = ok(owner.post(f"/projects/{project}/incoming-hooks", values))
        codes = [http.post(path_of(hook), json={}).status_code for _ in range(5)]
        assert codes == [201, 201, 201, 429, 429]
        made_up = [http.post(f"{BASE}/hooks/collab_in_x", json={}).status_code for _ in range(7)]
        assert made_up == [404] * 5 + [429] * 2


def test_the_secret_of_a_hook_is_sealed(make, app):
    hook = make(check="github", secret="a-secret-that-nobody-reads")
    with app.app_context():
        row = db.session.get_one(IncomingHook, hook["id"])
        assert "nobody-reads" not in dumps([row.sealed_secret]).decode()
