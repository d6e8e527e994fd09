"""What is sent to a webhook: signed, in order, at least once, and only what its owner may see."""

import json

import pytest
from sqlalchemy import update
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from collab.extensions import db
from collab.webhooks.models import MAX_ANSWER_LENGTH, Delivery

from ..support import databases
from ..support.people import ok
from ..support.receivers import Says

pytestmark = pytest.mark.usefixtures("declared")


def types_of(receiver):
    return [json.loads(got.body)["type"] for got in receiver.got]


def titles_of(receiver):
    return [json.loads(got.body)["data"]["title"] for got in receiver.got]


def makes_tasks(who, project, *titles):
    for title in titles:
        ok(who.post("/tasks", {"title": title, "project_id": project}))


def test_webhooks_and_what_waits_for_them_are_counted(alice, bob, project, hooks, receiver):
    hooks.make(alice, project, receiver, "task.created")
    makes_tasks(bob, project, "Order the rocket")
    hooks.fill()
    text = bob.http.get("/metrics").text
    assert 'collab_webhooks{state="active"} 1.0' in text
    assert "collab_webhook_deliveries_waiting 1.0" in text
    assert "collab_webhook_collector_failed 0.0" in text


def test_an_event_is_sent_as_the_log_has_it(alice, bob, project, hooks, receiver):
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(bob, project, "Order the rocket")
    hooks.send()
    (got,) = receiver.got
    sent = json.loads(got.body)
    page = ok(alice.get("/events", params={"project_id": project, "type": "task.created"}))
    assert sent == page["items"][-1]
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    (delivery,) = hooks.deliveries(alice, hook)
    assert delivery["status"] == "delivered"
    assert delivery["event_id"] == int(sent["id"])
    whole = ok(alice.get(f"/webhooks/{hook['id']}/deliveries/{delivery['id']}"))
    assert whole["body"].encode() == got.body
    (attempt,) = whole["tries"]
    assert (attempt["answer_status"], attempt["answer"]) == (200, "thank you")


def test_the_stock_package_verifies_the_signature(alice, project, hooks, receiver):
    hook = hooks.make(alice, project, receiver)
    makes_tasks(alice, project, "One")
    hooks.send()
    got = receiver.got[-1]
    assert Verifier(hook["secret"]).verify(got.body, got.headers) == json.loads(got.body)
    with pytest.raises(WebhookVerificationError):
        Verifier(hook["secret"]).verify(got.body.replace(b"One", b"Two"), got.headers)
    moved = got.headers | {"webhook-id": "msg_other"}
    with pytest.raises(WebhookVerificationError):
        Verifier(hook["secret"]).verify(got.body, moved)


def test_a_secret_that_was_rotated_signs_too_until_its_time_is_over(
    alice, project, hooks, receiver
):
    hook = hooks.make(alice, project, receiver, "task.created")
    rotated = ok(alice.post(f"/webhooks/{hook['id']}/rotate", {"overlap_seconds": 3600}))
    assert rotated["secret"] != hook["secret"]
    makes_tasks(alice, project, "One")
    hooks.send()
    got = receiver.got[-1]
    for secret in (hook["secret"], rotated["secret"]):
        Verifier(secret).verify(got.body, got.headers)
    again = ok(alice.post(f"/webhooks/{hook['id']}/rotate", {"overlap_seconds": 0}))
    makes_tasks(alice, project, "Two")
    hooks.send()
    got = receiver.got[-1]
    Verifier(again["secret"]).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(rotated["secret"]).verify(got.body, got.headers)


def test_the_secret_is_shown_once_and_nowhere_kept_in_clear(
    alice, project, hooks, receiver, instance
):
    hook = hooks.make(alice, project, receiver)
    assert "secret" not in hooks.shown(alice, hook)
    assert not databases.has(instance, hook["secret"])


def test_only_what_the_patterns_name_is_sent(alice, project, hooks, receiver):
    hooks.make(alice, project, receiver, "task.commented", "workspace.*")
    makes_tasks(alice, project, "One")
    ok(alice.post("/workspaces", {"name": "Desk", "project_id": project}))
    hooks.send()
    assert types_of(receiver) == ["workspace.created"]


def test_only_what_happens_in_the_project_after_the_webhook_was_made(
    alice, project, hooks, receiver
):
    other = alice.makes_project("Gemini")
    makes_tasks(alice, project, "Before")
    hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, other, "Elsewhere")
    ok(alice.post("/tasks", {"title": "Private"}))
    makes_tasks(alice, project, "After")
    hooks.send()
    assert titles_of(receiver) == ["After"]


def test_a_delivery_that_fails_holds_back_those_after_it_and_no_other_webhooks(
    alice, project, hooks, receiver, receivers
):
    other = receivers()
    receiver.says(Says(500, body=b"no"), Says(302))
    hook = hooks.make(alice, project, receiver, "task.created")
    hooks.make(alice, project, other, "task.created")
    makes_tasks(alice, project, "One", "Two", "Three")
    hooks.send()
    assert titles_of(receiver) == ["One"]
    assert titles_of(other) == ["One", "Two", "Three"]
    assert [one["status"] for one in hooks.deliveries(alice, hook)] == ["waiting"] * 3
    hooks.time_comes()
    hooks.send()
    assert titles_of(receiver) == ["One", "One"]
    hooks.time_comes()
    hooks.send()
    assert titles_of(receiver) == ["One", "One", "One", "Two", "Three"]
    # The receiver can tell: what is repeated has the same id, and a signature of its own time.
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert len(set(ids[:3])) == 1
    assert len(set(ids)) == 3
    first = hooks.deliveries(alice, hook)[0]
    assert (first["attempts"], first["status"]) == (3, "delivered")


def test_the_webhook_says_since_when_it_fails_and_when_it_is_tried_again(
    alice, project, hooks, receiver
):
    receiver.says(Says(503, {"Retry-After": "3600"}))
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.send()
    shown = hooks.shown(alice, hook)
    assert shown["failing_since"] < shown["retry_at"]
    hooks.time_comes()
    hooks.send()
    shown = hooks.shown(alice, hook)
    assert (shown["failing_since"], shown["retry_at"], shown["state"]) == (None, None, "active")


def test_of_an_answer_only_the_beginning_is_kept(alice, project, hooks, receiver):
    receiver.says(Says(400, body=b"\x00\xff" + b"x" * 5000))
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.send()
    (delivery,) = hooks.deliveries(alice, hook)
    whole = ok(alice.get(f"/webhooks/{hook['id']}/deliveries/{delivery['id']}"))
    answer = whole["tries"][0]["answer"]
    assert len(answer) == MAX_ANSWER_LENGTH
    assert answer.startswith("\ufffd\ufffdxx")


def test_a_receiver_that_is_gone_gets_nothing_more_and_the_owners_are_told(
    alice, bob, project, hooks, receiver, app
):
    from ..support.notes import Notes

    notes = Notes(app)
    notes.catch_up()
    receiver.says(Says(410))
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(bob, project, "One", "Two")
    hooks.send()
    makes_tasks(bob, project, "Three")
    hooks.send()
    assert titles_of(receiver) == ["One"]
    shown = hooks.shown(alice, hook)
    assert (shown["state"], shown["reason"]) == ("disabled", "gone")
    assert [one["status"] for one in hooks.deliveries(alice, hook)] == ["failed", "dropped"]
    assert notes.kinds(alice)[-1] == "webhook_disabled"
    assert "webhook_disabled" not in notes.kinds(bob)


def test_a_webhook_that_fails_for_days_is_disabled(alice, project, hooks, receiver, app):
    from datetime import timedelta

    from collab.core.models import utcnow
    from collab.webhooks.models import Webhook

    receiver.answer = lambda got: Says(500)
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.send()
    hooks.time_comes()
    hooks.becomes(Webhook.id == hook["id"], failing_since=utcnow() - timedelta(days=4, hours=23))
    hooks.send()
    assert hooks.shown(alice, hook)["state"] == "active"
    hooks.time_comes()
    hooks.becomes(Webhook.id == hook["id"], failing_since=utcnow() - timedelta(days=5, hours=1))
    hooks.send()
    shown = hooks.shown(alice, hook)
    assert (shown["state"], shown["reason"]) == ("disabled", "failing")
    assert len(receiver.got) == 3


def test_after_its_last_attempt_a_delivery_has_failed_and_the_next_one_is_sent(
    alice, project, hooks, receiver, app
):
    receiver.says(*[Says(500)] * 3)
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One", "Two")
    hooks.send()
    with app.app_context():  # all others are like the first one
        db.session.execute(update(Delivery).where(Delivery.attempts == 1).values(attempts=8))
        db.session.commit()
    for _ in range(3):
        hooks.time_comes()
        hooks.send()
    assert titles_of(receiver) == ["One"] * 3 + ["Two"]
    assert [one["status"] for one in hooks.deliveries(alice, hook)] == ["failed", "delivered"]


def test_while_it_is_paused_deliveries_wait(alice, project, hooks, receiver):
    hook = hooks.make(alice, project, receiver, "task.created")
    ok(alice.patch(f"/webhooks/{hook['id']}", {"state": "paused"}))
    makes_tasks(alice, project, "One", "Two")
    hooks.send()
    assert receiver.got == []
    ok(alice.patch(f"/webhooks/{hook['id']}", {"state": "active"}))
    hooks.send()
    assert titles_of(receiver) == ["One", "Two"]


def test_what_waits_goes_to_the_new_address(alice, project, hooks, receiver, receivers):
    moved = receivers()
    receiver.answer = lambda got: Says(500)
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One", "Two")
    hooks.send()
    ok(alice.patch(f"/webhooks/{hook['id']}", {"url": moved.url}))
    hooks.send()
    assert titles_of(receiver) == ["One"]
    assert titles_of(moved) == ["One", "Two"]


def test_what_no_longer_fits_the_line_waits_in_the_log(alice, project, hooks, receiver, app):
    app.config["WEBHOOK_BACKLOG"] = 3
    hook = hooks.make(alice, project, receiver, "task.created")
    titles = [str(number) for number in range(10)]
    makes_tasks(alice, project, *titles[:8])
    hooks.fill()
    assert len(hooks.deliveries(alice, hook)) == 3
    assert hooks.shown(alice, hook)["behind"] is True
    makes_tasks(alice, project, *titles[8:])
    hooks.send()
    assert titles_of(receiver) == titles
    assert hooks.shown(alice, hook)["behind"] is False


def test_an_event_that_was_deleted_meanwhile_is_left_out(alice, project, hooks, receiver, app):
    from sqlalchemy import delete

    from collab.events.models import EventRow
    from collab.extensions import db

    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One", "Two")
    hooks.fill()
    first = hooks.deliveries(alice, hook)[0]
    with app.app_context():
        db.session.execute(delete(EventRow).where(EventRow.id == first["event_id"]))
        db.session.commit()
    hooks.send()
    assert titles_of(receiver) == ["Two"]
    assert hooks.deliveries(alice, hook)[0] | {"ended_at": None} == first | {
        "status": "dropped",
        "error": "event_gone",
    }


def test_deliveries_make_no_events_of_the_project(alice, project, hooks, receiver):
    """Else a webhook that wants everything would be told of its own deliveries, without end."""
    hooks.make(alice, project, receiver)
    makes_tasks(alice, project, "One")
    hooks.send()
    assert types_of(receiver) == ["webhook.created", "task.created"]
