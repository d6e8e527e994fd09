"""Without a mail server mails are files that the server's own user reads, a bounded number."""

import stat
from email import message_from_bytes
from email.policy import default

from collab.core.personal.declared import Subject
from collab.mail import folder
from collab.mail.personal import forget_files

from ..support.mail import text_of


def test_without_a_mail_server_a_mail_is_a_file_of_the_servers_own(app, sends, mail, desk, bob):
    key = sends(bob.email, "Hello", "World\n")
    desk.work()
    (path,) = (app.config["INSTANCE_PATH"] / "mail").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    kept = message_from_bytes(path.read_bytes(), policy=default)
    assert (kept["To"], kept["Subject"], text_of(kept)) == (bob.email, "Hello", "World\n")
    assert (mail(key).status, mail(key).answer) == ("sent", f"kept as {path.name}")


def test_the_log_says_where_a_mail_is_kept(app, caplog):
    with app.app_context(), caplog.at_level("INFO", folder.__name__):
        path = folder.keep(7, b"From: me\r\n\r\n")
    assert str(path) in caplog.text
    assert "SMTP_URL" in caplog.text


def test_the_oldest_mails_go(app):
    with app.app_context():
        for number in range(folder.MAX_MAILS_KEPT + 3):
            folder.keep(number, b"x")
        names = sorted(path.name for path in folder.folder().iterdir())
    assert len(names) == folder.MAX_MAILS_KEPT
    assert names[0] == "00000003.eml"


def test_a_folder_that_can_not_be_written_puts_mails_off(app, sends, mail, desk, bob):
    (app.config["INSTANCE_PATH"] / "mail").write_text("in the way")
    key = sends(bob.email)
    desk.work()
    assert mail(key).status == "waiting"
    assert "can't be kept" in mail(key).answer


def test_the_files_go_with_the_person_whom_they_are_for(app, sends, desk, bob, alice):
    for who in (bob, alice):
        sends(who.email)
    sends("notbob@example.com", owner_id=alice.id)
    desk.work()
    with app.app_context():
        forget_files(Subject(bob.id, bob.email, "Bob"))
        left = [message_from_bytes(path.read_bytes())["To"] for path in folder.folder().iterdir()]
    assert sorted(left) == [alice.email, "notbob@example.com"]
