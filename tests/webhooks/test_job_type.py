"""The job type `webhook`: one request of a person's own."""

import json

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from ..support.each import each
from ..support.people import ok
from ..support.receivers import Says

pytestmark = pytest.mark.usefixtures("declared")


def calls(who, receiver, **payload):
    order = {"type": "webhook", "payload": {"url": receiver.url} | payload}
    return who.post("/jobs", order)


def test_a_request_is_sent_and_its_answer_kept(alice, hooks, receiver, desk):
    made = ok(
        calls(
            alice,
            receiver,
            body={"branch": "main"},
            headers={"X-Env": "test", "content-type": "a/b"},
        )
    )
    desk.work()
    job = ok(alice.get(f"/jobs/{made['id']}"))
    assert job["status"] == "succeeded"
    assert (job["result"]["status"], job["result"]["body"]) == (200, "thank you")
    (got,) = receiver.got
    assert json.loads(got.body) == {"branch": "main"}
    assert (got.headers["x-env"], got.headers["content-type"]) == ("test", "a/b")
    assert "webhook-signature" not in got.headers


def test_a_webhooks_secret_signs_it(alice, project, hooks, receiver, desk):
    hook = hooks.make(alice, project, receiver, "no.such")
    receiver.says(Says(500))
    made = ok(calls(alice, receiver, body=[1], signed_by=hook["id"]))
    desk.work()
    desk.clock.passes(600)
    desk.work()
    assert ok(alice.get(f"/jobs/{made['id']}"))["status"] == "succeeded"
    first, second = receiver.got
    Verifier(hook["secret"]).verify(second.body, second.headers)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_nobody_signs_with_a_webhook_that_they_may_not_manage(
    alice, bob, charlie, project, hooks, receiver, desk
):
    hook = hooks.make(alice, project, receiver, "no.such")
    assert calls(bob, receiver, signed_by=hook["id"]).status_code == 403
    assert calls(charlie, receiver, signed_by=hook["id"]).status_code == 404
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "owner"}))
    made = ok(calls(bob, receiver, signed_by=hook["id"]))
    ok(alice.patch(f"/projects/{project}/members/{bob.id}", {"role": "viewer"}))
    desk.work()
    assert ok(bob.get(f"/jobs/{made['id']}"))["error"]["code"] == "no_right"
    assert receiver.got == []


@pytest.mark.parametrize(
    ("status", "ended"),
    [(404, "failed"), (302, "failed"), (503, "retry_wait"), (429, "retry_wait")],
)
def test_what_may_pass_is_tried_again(alice, hooks, receiver, desk, status, ended):
    receiver.says(Says(status, {"Location": "http://127.0.0.1:1/"}))
    made = ok(calls(alice, receiver))
    desk.tick()
    desk.tick()
    job = ok(alice.get(f"/jobs/{made['id']}"))
    assert (job["status"], job["error"]["code"]) == (ended, "status")


@each(
    [
        {"headers": {"Host": "other"}},
        {"headers": {"content-length": "5"}},
        {"headers": {"Transfer-Encoding": "chunked"}},
        {"headers": {"webhook-signature": "v1,x"}},
        {"headers": {"Proxy-Authorization": "x"}},
        {"headers": {"X-A": "b\r\nX-C: d"}},
        {"headers": {"X-A": "b\u0000"}},
        {"headers": {"X A": "b"}},
        {"headers": {"X:A": "b"}},
        {"headers": {f"X-{number}": "b" for number in range(21)}},
        {"url": "https://user@example.com/"},
        {"url": "gopher://example.com/"},
        {"url": "https://example.com/\r\nX: y"},
        {"body": "x" * 300_000},
        {"secret": "whsec_x"},
    ]
)
def test_what_could_be_something_else_on_the_wire_is_refused(payload, *, alice, receiver):
    assert calls(alice, receiver, **payload).status_code == 422


def test_an_address_inside_is_not_called(alice, receiver, desk):
    url = f"https://localhost:{receiver.port}/"
    made = ok(alice.post("/jobs", {"type": "webhook", "payload": {"url": url}}))
    desk.work()
    assert ok(alice.get(f"/jobs/{made['id']}"))["error"]["code"] == "forbidden_address"
    assert receiver.got == []


def test_people_have_a_bound_of_such_jobs(alice, bob, hooks, receiver, app):
    app.config["WEBHOOK_JOB_RATE_LIMIT"] = "2 per minute"
    codes = [calls(alice, receiver).status_code for _ in range(3)]
    assert codes == [201, 201, 429]
    assert calls(bob, receiver).status_code == 201
