"""Sending again, testing, and what races there are."""

import json
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from collab.auth.models import User
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs.models import Job
from collab.projects.models import Member
from collab.webhooks.behalf import may_manage
from collab.webhooks.ending import (
    MESSAGES_KNOWN,
    forget_deliveries,
    forget_excess,
    forget_messages,
)
from collab.webhooks.incoming.models import IncomingMessage
from collab.webhooks.models import Delivery, Webhook
from collab.webhooks.sending import outcomes
from collab.webhooks.sending.parcels import next_parcel
from collab.webhooks.sending.recording import MAX_ATTEMPTS_KEPT, record

from ..support.hooks import Hooks
from ..support.jobs import Desk
from ..support.made_once import made_once
from ..support.people import ok
from ..support.races import at_once, statuses
from ..support.receivers import Receiver, Says
from .test_deliveries import makes_tasks, titles_of

pytestmark = pytest.mark.usefixtures("declared")


@made_once
def three_sent(app, alice, project):
    """Send three deliveries to a webhook; return it, and what its receiver got."""
    desk, receiver = Desk(app), Receiver()
    hooks = Hooks(app, desk)
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One", "Two", "Three")
    hooks.send()
    desk.close()
    receiver.close()
    return hook, receiver.got


@pytest.fixture
def sent(three_sent, hooks, receiver):
    """Return a webhook to which three deliveries were sent, with the receiver that got them."""
    hook, got = three_sent
    hooks.becomes(Webhook.id == hook["id"], url=receiver.url)
    receiver.got.extend(got)
    return hook


def test_a_delivery_that_is_sent_again_keeps_its_id(alice, hooks, receiver, sent):
    second = hooks.deliveries(alice, sent)[1]
    path = f"/webhooks/{sent['id']}/deliveries/{second['id']}/redeliver"
    assert ok(alice.post(path))["status"] == "waiting"
    assert alice.post(path).status_code == 409  # it waits
    hooks.send()
    assert titles_of(receiver) == ["One", "Two", "Three", "Two"]
    assert receiver.got[3].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    assert receiver.got[3].body == receiver.got[1].body
    whole = ok(alice.get(f"/webhooks/{sent['id']}/deliveries/{second['id']}"))
    assert len(whole["tries"]) == 2


def test_a_span_is_sent_again_in_its_order(alice, hooks, receiver, sent):
    keys = [one["id"] for one in hooks.deliveries(alice, sent)]
    span = {"from_id": keys[1], "through_id": keys[2], "statuses": ["delivered"]}
    answer = ok(alice.post(f"/webhooks/{sent['id']}/redeliver", span))
    assert answer == {"count": 2, "last_id": keys[2], "more": False}
    hooks.send()
    assert titles_of(receiver) == ["One", "Two", "Three", "Two", "Three"]
    assert ok(alice.post(f"/webhooks/{sent['id']}/redeliver"))["count"] == 0  # none has failed
    wrong = {"from_id": 2, "through_id": 1}
    assert alice.post(f"/webhooks/{sent['id']}/redeliver", wrong).status_code == 422


def test_of_several_who_send_a_delivery_again_one_does(alice, hooks, receiver, app, sent):
    first = hooks.deliveries(alice, sent)[0]
    path = f"/webhooks/{sent['id']}/deliveries/{first['id']}/redeliver"
    answers = at_once(app, *[(alice, lambda who: who.post(path))] * 4)
    assert statuses(answers) == [202, 409, 409, 409]
    hooks.send()
    assert titles_of(receiver) == ["One", "Two", "Three", "One"]


def test_of_two_who_rotate_at_once_each_secret_is_one_that_was_given(
    alice, project, hooks, receiver, app, sent
):
    path = f"/webhooks/{sent['id']}/rotate"
    answers = at_once(app, *[(alice, lambda who: who.post(path))] * 2)
    makes_tasks(alice, project, "Four")
    hooks.send()
    got = receiver.got[-1]
    for answer in answers:  # the later one, and the one that it rotated
        Verifier(ok(answer)["secret"]).verify(got.body, got.headers)


def test_the_line_takes_no_more_than_its_bound(alice, project, hooks, receiver, app, sent):
    app.config["WEBHOOK_BACKLOG"] = 2
    answer = alice.post(f"/webhooks/{sent['id']}/redeliver", {"statuses": ["delivered"]})
    assert answer.status_code == 409
    assert [one["status"] for one in hooks.deliveries(alice, sent)] == ["delivered"] * 3


def test_a_ping_goes_before_all_that_waits_and_is_tried_once(alice, project, hooks, receiver):
    receiver.answer = lambda got: Says(500)
    hook = hooks.make(alice, project, receiver, "task.created")
    makes_tasks(alice, project, "One")
    hooks.send()
    ping = ok(alice.post(f"/webhooks/{hook['id']}/ping"))
    hooks.send()
    assert [json.loads(got.body)["type"] for got in receiver.got] == [
        "task.created",
        "webhook.ping",
    ]
    Verifier(hook["secret"]).verify(receiver.got[1].body, receiver.got[1].headers)
    shown = ok(alice.get(f"/webhooks/{hook['id']}/deliveries/{ping['id']}"))
    assert (shown["status"], shown["answer_status"]) == ("failed", 500)
    # One that is answered well shows that the receiver is back: nothing waits for its time.
    receiver.says()
    ok(alice.post(f"/webhooks/{hook['id']}/ping"))
    hooks.send()
    types = [json.loads(got.body)["type"] for got in receiver.got]
    assert types[2:] == ["webhook.ping", "task.created"]


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_a_webhook_that_sends_nothing_can_be_tested(alice, project, hooks, receiver, state):
    hook = hooks.make(alice, project, receiver, "task.created")
    hooks.becomes(Webhook.id == hook["id"], state=state)
    makes_tasks(alice, project, "One")
    for _ in range(3):
        assert alice.post(f"/webhooks/{hook['id']}/ping").status_code == 202
    assert alice.post(f"/webhooks/{hook['id']}/ping").status_code == 409
    hooks.send()
    assert [json.loads(got.body)["type"] for got in receiver.got] == ["webhook.ping"] * 3


def test_what_a_worker_sends_that_has_lost_the_webhook_counts_for_nothing(
    alice, project, hooks, receiver, app, sent
):
    """It was frozen: another took the job over, and sends again what this one has in hand."""
    makes_tasks(alice, project, "Four")
    hooks.fill()
    hooks.becomes(Webhook.id == sent["id"], holder="1.1")
    with app.app_context():
        parcel = next_parcel(sent["id"], "1.1")
        outcome = outcomes.attempt(parcel)
    hooks.becomes(Webhook.id == sent["id"], holder="1.2")
    with app.app_context():
        assert record(sent["id"], "1.1", parcel.delivery_id, outcome) is False
        assert next_parcel(sent["id"], "1.1") is None
    assert hooks.deliveries(alice, sent)[3]["status"] == "waiting"
    hooks.send()
    assert titles_of(receiver)[3:] == ["Four", "Four"]
    assert hooks.deliveries(alice, sent)[3]["status"] == "delivered"


def test_what_is_on_its_way_when_the_address_changes_is_sent_to_the_new_one(
    alice, project, hooks, receiver, receivers, sent
):
    moved = receivers()

    def move(got):
        ok(alice.patch(f"/webhooks/{sent['id']}", {"url": moved.url}))
        return Says(500)

    receiver.answer = move
    makes_tasks(alice, project, "Four", "Five")
    hooks.send()
    assert titles_of(receiver)[3:] == ["Four"]
    assert titles_of(moved) == ["Four", "Five"]
    assert hooks.shown(alice, sent)["failing_since"] is None


@pytest.mark.parametrize("status", ["cancelled", "dead", "deleted"])
def test_whatever_becomes_of_its_job_the_line_goes_on(
    alice, project, hooks, receiver, app, sent, status
):
    from collab.webhooks.sending.dispatching import dispatch

    makes_tasks(alice, project, "Four")
    hooks.fill()
    with app.app_context():
        dispatch()
        key = db.session.get_one(Webhook, sent["id"]).job_id
        job = db.session.get_one(Job, key)
        if status == "deleted":
            db.session.delete(job)
        else:
            job.status = status
        db.session.commit()
    hooks.send()
    assert titles_of(receiver)[3:] == ["Four"]


def test_nobody_but_the_server_makes_its_jobs(alice, sent):
    order = {"type": "webhook_deliveries", "payload": {"webhook_id": sent["id"]}}
    assert alice.post("/jobs", order).status_code == 422


def test_one_job_at_most_is_kept_of_a_webhook(alice, project, hooks, receiver, sent):
    for title in ("Four", "Five"):
        makes_tasks(alice, project, title)
        hooks.send()
    jobs = ok(alice.get("/jobs", params={"type": "webhook_deliveries"}))["items"]
    assert [one["status"] for one in jobs] == ["succeeded"]


def test_a_delivery_keeps_its_newest_attempts(alice, project, hooks, receiver, app, sent):
    first = hooks.deliveries(alice, sent)[0]
    with app.app_context():
        from collab.core.models import utcnow

        outcome = outcomes.Outcome(utcnow(), 5, status=500, error="status")
        hooks.becomes(Webhook.id == sent["id"], holder="1.1")
        for _ in range(MAX_ATTEMPTS_KEPT + 3):
            assert record(sent["id"], "1.1", first["id"], outcome)
    whole = ok(alice.get(f"/webhooks/{sent['id']}/deliveries/{first['id']}"))
    assert len(whole["tries"]) == MAX_ATTEMPTS_KEPT
    assert whole["status"] == "delivered"


def test_what_ended_long_ago_or_is_too_much_goes(alice, hooks, receiver, app, sent):
    from datetime import timedelta

    from sqlalchemy import update

    from collab.core.models import utcnow

    keys = [one["id"] for one in hooks.deliveries(alice, sent)]
    app.config["WEBHOOK_DELIVERIES_KEPT"] = 1
    with app.app_context():
        old = update(Delivery).where(Delivery.id == keys[2])
        db.session.execute(old.values(ended_at=utcnow() - timedelta(days=31)))
        db.session.commit()
        while forget_deliveries() or forget_excess():
            pass
    assert [one["id"] for one in hooks.deliveries(alice, sent)] == [keys[1]]


# -- one webhook's deliveries ---------------------------------------------------------------------


def test_deliveries_are_found_by_their_state_and_type(alice, sent):
    path = f"/webhooks/{sent['id']}/deliveries"
    counted = [
        len(ok(alice.get(path, params=asked))["items"])
        for asked in ({"status": "delivered"}, {"status": "failed"}, {"type": "post.created"})
    ]
    assert counted == [3, 0, 0]


def test_a_delivery_is_no_other_webhooks(alice, project, hooks, receiver, sent):
    other = hooks.make(alice, project, receiver, "post.created")
    first = hooks.deliveries(alice, sent)[0]
    assert alice.get(f"/webhooks/{other['id']}/deliveries/{first['id']}").status_code == 404


def test_a_webhook_that_is_disabled_sends_nothing_again(alice, hooks, sent):
    first = hooks.deliveries(alice, sent)[0]
    hooks.becomes(state="disabled", reason="requested")
    path = f"/webhooks/{sent['id']}/deliveries/{first['id']}/redeliver"
    assert alice.post(path).status_code == 409


def test_a_webhook_whose_right_is_lost_is_not_tested(alice, hooks, sent):
    hooks.becomes(state="disabled", reason="no_right")
    assert alice.post(f"/webhooks/{sent['id']}/ping").status_code == 409


def test_without_a_setting_deliveries_are_kept(app, hooks, sent):
    old = utcnow() - timedelta(days=10_000)
    with app.app_context():
        db.session.query(Delivery).update({"ended_at": old})
        db.session.commit()
        app.config["WEBHOOK_RETENTION_DAYS"] = None
        assert forget_deliveries() is False
        assert db.session.query(Delivery).count() == 3


def test_messages_that_came_long_ago_are_forgotten(app, alice, project):
    hook = ok(alice.post(f"/projects/{project}/incoming-hooks", {"name": "x", "event_type": "a.b"}))
    long_ago = utcnow() - MESSAGES_KNOWN - timedelta(days=1)
    with app.app_context():
        for name, at in (("old", long_ago), ("new", utcnow())):
            message = IncomingMessage(
                hook_id=hook["id"], message_id=name, event_id=1, created_at=at
            )
            db.session.add(message)
        db.session.commit()
        assert forget_messages() is False
        assert [one.message_id for one in db.session.query(IncomingMessage)] == ["new"]


def test_nobody_acts_for_an_account_that_is_disabled_or_in_a_project_without_members(
    app, alice, project
):
    with app.app_context():
        assert may_manage(alice.id, project)
        db.session.query(Member).filter_by(project_id=project).delete()
        assert not may_manage(alice.id, project)
        db.session.rollback()
        db.session.get_one(User, alice.id).disabled_at = utcnow()
        assert not may_manage(alice.id, project)
        assert not may_manage(2**40, project)
        db.session.rollback()
