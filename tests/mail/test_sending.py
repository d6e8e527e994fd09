"""Mails are taken by a mail server at least once, and what it says decides what becomes of them."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from collab.auth.models import User
from collab.core.models import utcnow
from collab.extensions import db
from collab.jobs.context import FatalError, JobContext, JobError, Stopped
from collab.jobs.engine.attempt import carry_out
from collab.mail import delivery, smtp
from collab.mail.message import Mail, build, on_the_wire
from collab.mail.models import OutgoingMail
from collab.parsers import mail_server

from ..support.mail import EndlessHost, SlowHost, text_of
from ..support.work import outcomes

SENDER = "Collab <collab@example.com>"


def run(**options):
    """Return a run of a job, as the code that sends sees it."""
    return JobContext(job_id=1, attempt=1, owner_id=1, project_id=None, timeout_s=60, **options)


def deliver(url, ctx=None, tls=None, to="bob@example.com"):
    message = build(Mail(to, "Hello", "World\n"), SENDER, "<one@example.com>", utcnow())
    server = mail_server(url)
    smtp.deliver(server, message, "collab@example.com", to, ctx or run(), tls)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return the files of a certificate for 127.0.0.1, and of its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(secret)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def of_server(certificate):
    """Return what a server offers TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate):
    """Return what a client trusts that server with."""
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_a_mail_is_taken_and_its_job_succeeds(sends, mail, host, desk, bob):
    key = sends(bob.email, "Grüße", "Hällo\n", html="<p>Hällo</p>")
    desk.work()
    (taken,) = host.taken
    assert (taken["To"], taken["Subject"]) == (bob.email, "Grüße")
    assert (text_of(taken), text_of(taken, "html")) == ("Hällo\n", "<p>Hällo</p>\n")
    assert taken["Auto-Submitted"] == "auto-generated"
    row = mail(key)
    assert (row.status, row.sealed) == ("sent", None)
    assert row.message_id == taken["Message-ID"]
    (job,) = bob.get("/jobs?type=email").json()["items"]
    assert job["status"] == "succeeded"


def test_nobody_reads_in_the_job_what_a_mail_says(sends, host, desk, bob):
    sends(bob.email, "A secret subject", "https://collab.test/#a-secret-token\n")
    (job,) = bob.get("/jobs?type=email").json()["items"]
    desk.work()
    for part in ("", "/log", "/attempts"):
        assert "secret" not in bob.get(f"/jobs/{job['id']}{part}").text


def test_one_that_is_put_off_is_sent_later_and_is_the_same(sends, mail, host, desk, bob):
    host.to_recipients = ["451 4.7.1 greylisted, come back"]
    host.to_mails = ["452 4.3.1 no room"]
    key = sends(bob.email)
    for _ in range(3):
        desk.work()
        desk.clock.passes(600)
    assert len(host.taken) == 1
    assert mail(key).status == "sent"
    (job,) = bob.get("/jobs?type=email").json()["items"]
    assert outcomes(bob, job["id"]) == ["failed", "failed", "succeeded"]


def test_a_server_that_is_away_is_asked_again(sends, mail, app, hosts, desk, bob):
    gone = hosts()
    url = gone.url()
    gone.close()
    app.config["SMTP_URL"] = mail_server(url)
    key = sends(bob.email)
    desk.work()
    assert mail(key).status == "waiting"
    assert "can't be reached" in mail(key).answer


@pytest.mark.parametrize(
    ("answer", "bounced"),
    [
        ("550 5.1.1 no such mailbox", True),
        ("553 what a name", True),
        ("550 5.7.1 we don't like you", False),
        ("552 5.2.2 the mailbox is full", False),
    ],
)
def test_a_refusal_is_final_and_marks_the_address_if_there_is_no_such_mailbox(
    answer, bounced, app, sends, mail, host, desk, bob
):
    host.to_recipients = [answer]
    key = sends(bob.email)
    desk.work()
    desk.clock.passes(600)
    desk.work()
    assert len(host.recipients) == 1
    assert (mail(key).status, mail(key).answer) == ("bounced", answer)
    assert mail(key).sealed is None
    with app.app_context():
        assert (db.session.get_one(User, bob.id).email_bounced_at is not None) == bounced


def test_a_mail_that_is_refused_says_nothing_about_its_address(app, sends, mail, host, desk, bob):
    host.to_mails = ["550 5.6.0 no such words here"]
    key = sends(bob.email)
    desk.work()
    assert mail(key).status == "bounced"
    with app.app_context():
        assert db.session.get_one(User, bob.id).email_bounced_at is None


def test_a_mail_that_came_to_a_broken_line_is_sent_again_with_the_same_message_id(
    sends, mail, host, desk, bob
):
    host.hangs_up = True
    key = sends(bob.email)
    desk.work()
    assert mail(key).status == "waiting"
    desk.clock.passes(600)
    desk.work()
    assert [one["Message-ID"] for one in host.taken] == [mail(key).message_id]


def test_a_worker_that_dies_after_the_mail_was_taken_doubles_it_at_most(
    app, sends, mail, host, desks, bob
):
    key = sends(bob.email)
    first, second = desks(), desks()

    def carries_and_dies(run):
        before = mail(key)
        carry_out(app, run)
        with app.app_context():  # as if the commit had not come
            db.session.merge(before)
            db.session.commit()
        first.dies()

    first.begin = carries_and_dies
    first.tick()
    for _ in range(3):
        second.clock.passes(600)
        second.work()
    assert len(host.taken) == 2
    assert len({one["Message-ID"] for one in host.taken}) == 1
    assert len({one.as_bytes() for one in host.taken}) == 1


def test_a_mail_that_was_sent_is_not_sent_again_by_its_job(sends, host, desk, bob):
    sends(bob.email)
    desk.work()
    (job,) = bob.get("/jobs?type=email").json()["items"]
    assert bob.post(f"/jobs/{job['id']}/retry").status_code == 409
    assert len(host.taken) == 1


def test_a_server_that_trickles_is_left_when_the_run_is_out_of_time():
    slow = SlowHost()
    ctx = run()
    try:
        ender = threading.Thread(target=lambda: (slow.reached.wait(30), ctx.stop("timeout")))
        ender.start()
        with pytest.raises(Stopped):
            deliver(f"smtp://127.0.0.1:{slow.port}", ctx)
        ender.join()
        assert slow.left.wait(30)
    finally:
        slow.close()


@pytest.mark.parametrize("before", [(), (b"220 hello\r\n",)], ids=["greeting", "offers"])
def test_a_server_whose_answer_has_no_end_is_left_at_a_bound(before):
    endless = EndlessHost(*before)
    try:
        with pytest.raises(smtp.Deferred, match="has no end"):
            deliver(f"smtp://127.0.0.1:{endless.port}")
    finally:
        endless.close()
    assert endless.said < endless.MOST_BYTES


def test_a_run_that_was_stopped_says_nothing(hosts):
    host = hosts()
    ctx = run()
    ctx.stop("cancelled")
    with pytest.raises(Stopped):
        deliver(host.url(), ctx)
    assert host.recipients == []


def test_starttls_is_used_and_the_password_goes_through_it_alone(hosts, of_server, trusting):
    host = hosts(tls=of_server, auth_required=False)
    deliver(host.url(user="collab:s3cret%2F%40word@", query="?starttls=required"), tls=trusting)
    assert (host.sealed, host.users) == ([True], ["collab"])


def test_a_server_without_starttls_gets_nothing_where_it_is_required(hosts):
    host = hosts()
    with pytest.raises(smtp.Deferred, match="does not offer STARTTLS"):
        deliver(host.url(query="?starttls=required"))
    assert host.recipients == []


def test_a_server_with_a_strange_certificate_gets_nothing(hosts, of_server):
    host = hosts(tls=of_server)
    with pytest.raises(smtp.Deferred, match="CERTIFICATE_VERIFY_FAILED"):
        deliver(host.url(query="?starttls=offered"))
    assert host.recipients == []


def test_a_wrong_password_is_no_mails_fault(hosts, of_server, trusting):
    host = hosts(tls=of_server)
    with pytest.raises(smtp.Deferred, match="535"):
        deliver(host.url(user="collab:wrong@", query="?starttls=required"), tls=trusting)


def test_a_server_that_offers_no_log_in_is_no_mails_fault(hosts):
    """It was final, as if the mail's address had been refused."""
    host = hosts()  # to log in takes TLS there
    with pytest.raises(smtp.Deferred, match="does not offer a log-in"):
        deliver(host.url(user="collab:word@"))
    assert host.recipients == []


def test_a_server_that_offers_no_tls_takes_mails_where_it_is_not_required(hosts):
    host = hosts()
    deliver(host.url(query="?starttls=offered"))
    assert host.recipients == ["bob@example.com"]


@pytest.mark.parametrize(
    ("to", "arrives_at"),
    [("dora@münchen.de", "dora@xn--mnchen-3ya.de"), ("dörte@example.com", "dörte@example.com")],
)
def test_addresses_of_any_script_are_sent_as_their_servers_take_them(hosts, to, arrives_at):
    host = hosts(enable_SMTPUTF8=True)
    deliver(host.url(), to=on_the_wire(to))
    assert host.recipients == [arrives_at]


# -- what is not sent any more --------------------------------------------------------------------


def carried(app, key):
    """Carry a mail as its job does; returns what that tells."""
    with app.app_context():
        return delivery.carry(db.session.get_one(OutgoingMail, key), run())


def test_an_attempt_after_the_one_that_sent_it_sends_nothing(app, sends, mail, host, bob):
    key = sends(bob.email)
    first = carried(app, key)
    assert carried(app, key).data == first.data == {"message_id": mail(key).message_id}
    assert len(host.taken) == 1


def test_a_mail_that_has_ended_is_not_sent(app, sends, host, bob):
    key = sends(bob.email)
    host.to_mails = ["550 5.6.0 no"]
    with pytest.raises(FatalError):
        carried(app, key)
    with pytest.raises(FatalError, match=r"550 5\.6\.0 no") as again:
        carried(app, key)
    assert (again.value.code, host.taken) == ("bounced", [])


def test_a_mail_that_comes_too_late_is_dropped(app, sends, mail, host, bob):
    key = sends(bob.email, good_until=utcnow() - timedelta(seconds=1))
    with pytest.raises(FatalError, match="too late"):
        carried(app, key)
    assert (mail(key).status, mail(key).sealed, host.taken) == ("dropped", None, [])


def test_a_mail_to_a_disabled_account_is_dropped(app, sends, mail, host, bob):
    key = sends(bob.email)
    with app.app_context():
        db.session.get_one(User, bob.id).disabled_at = utcnow()
        db.session.commit()
    with pytest.raises(FatalError, match="disabled"):
        carried(app, key)
    assert (mail(key).status, host.taken) == ("dropped", [])


def test_a_mail_that_no_key_opens_is_dropped(app, sends, mail, host, bob):
    key = sends(bob.email)
    with app.app_context():
        db.session.get_one(OutgoingMail, key).sealed = "sealed by nobody"
        db.session.commit()
    with pytest.raises(FatalError, match="key"):
        carried(app, key)
    assert (mail(key).status, host.taken) == ("dropped", [])


def test_an_answer_that_names_the_address_is_kept_without_it(app, sends, mail, host, bob):
    key = sends(bob.email)
    host.to_recipients = [f"450 4.2.0 <{bob.email.upper()}> is busy, {bob.email}"]
    with pytest.raises(JobError):
        carried(app, key)
    assert mail(key).answer == "450 4.2.0 <...> is busy, ..."
