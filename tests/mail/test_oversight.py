"""What admins see of mails, and that they can have one sent that waits."""

from datetime import timedelta

from collab.core.models import utcnow
from collab.extensions import db
from collab.mail import retention
from collab.mail.models import OutgoingMail

from ..support.people import ok


def put_off(sends, host, desk, bob, times=1):
    """Return a mail that the mail server has put off."""
    host.to_recipients = ["451 4.7.1 come back"] * times
    key = sends(bob.email, "A secret subject", "https://collab.test/#a-secret-token\n")
    desk.work()
    return key


def test_an_admin_sees_what_became_of_mails_and_nothing_that_they_say(sends, host, desk, ada, bob):
    key = put_off(sends, host, desk, bob)
    listed = ada.get(f"/mails?status=waiting&owner_id={bob.id}&kind=notice")
    (one,) = ok(listed)["items"]
    assert (one["id"], one["recipient"]) == (key, bob.email)
    assert "come back" in one["answer"]
    whole = ada.get(f"/mails/{key}")
    assert whole.json()["job"]["status"] == "retry_wait"
    assert "secret" not in listed.text + whole.text
    assert ok(ada.get("/mails?status=bounced"))["items"] == []


def test_one_that_waits_is_sent_at_once_when_an_admin_asks(sends, mail, host, desk, ada, bob):
    key = put_off(sends, host, desk, bob)
    assert ada.post(f"/mails/{key}/resend").json()["job"]["status"] == "queued"
    desk.work()
    assert mail(key).status == "sent"
    assert len(host.taken) == 1
    (noted,) = ok(ada.get("/audit?type=mail.resent"))["items"]
    assert (noted["data"], noted["actor"]["id"]) == ({"mail_id": key, "kind": "notice"}, ada.id)


def test_one_whose_job_is_over_gets_another_one(sends, mail, host, desk, ada, bob):
    key = put_off(sends, host, desk, bob)
    job = ok(ada.get(f"/mails/{key}"))["job"]["id"]
    ok(bob.post(f"/jobs/{job}/cancel"))
    assert ok(ada.post(f"/mails/{key}/resend"))["job"]["id"] != job
    desk.work()
    assert mail(key).status == "sent"
    assert len(host.taken) == 1


def test_what_has_ended_is_not_sent_again_for_its_words_are_gone(sends, host, desk, ada, bob):
    key = sends(bob.email)
    desk.work()
    assert ada.post(f"/mails/{key}/resend").status_code == 409
    assert ada.post("/mails/999999/resend").status_code == 404
    assert len(host.taken) == 1


def test_nothing_is_sent_in_the_name_of_who_is_disabled(sends, host, desk, ada, bob):
    key = put_off(sends, host, desk, bob)
    ok(ada.patch(f"/users/{bob.id}", {"disabled": True}))
    assert ada.post(f"/mails/{key}/resend").status_code == 409


def test_what_waits_for_ever_is_given_up_and_its_words_go(app, sends, mail, bob):
    key = sends(bob.email)
    with app.app_context():
        row = db.session.get_one(OutgoingMail, key)
        row.created_at = utcnow() - timedelta(days=app.config["JOB_RETENTION_DAYS"] + 1)
        db.session.commit()
        assert retention.forget() is False
    row = mail(key)
    assert (row.status, row.sealed) == ("dropped", None)
