"""With `--demo` the page is told who may be tried; their password stays on the machine."""

import subprocess
import sys

import pytest
from sqlalchemy import select, update

from collab.auth.demo_people import DEMO, Demo, DemoPerson
from collab.auth.models import User
from collab.extensions import db
from collab.server import prepare

from ..support.people import ok

PEOPLE = [{"name": "Alice Owner", "email": "alice@example.com"}]
LOCAL = {"Host": "127.0.0.1:5000"}


@pytest.fixture
def demo(app):
    """Let the application be one that was started with `--demo`."""
    DEMO.put(app, Demo(tuple(DemoPerson(**one) for one in PEOPLE), "the password"))


def test_without_demo_there_is_nobody_to_try(nobody):
    assert ok(nobody.get("/auth/demo", headers=LOCAL)) == {"people": [], "password": None}


@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "localhost"])
def test_a_caller_on_this_machine_is_told_the_password(demo, nobody, host):
    answer = nobody.get("/auth/demo", headers={"Host": host})

    assert ok(answer) == {"people": PEOPLE, "password": "the password"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "collab.example"},
        {"Host": "localhost.evil.example:5000"},
        LOCAL | {"X-Forwarded-For": "203.0.113.7"},
        LOCAL | {"Forwarded": "for=203.0.113.7"},
        LOCAL | {"Sec-Fetch-Site": "cross-site"},
        LOCAL | {"Origin": "https://evil.example"},
    ],
)
def test_nobody_else_is(demo, nobody, headers):
    assert ok(nobody.get("/auth/demo", headers=headers)) == {"people": PEOPLE, "password": None}


def test_a_caller_from_another_machine_is_not(demo, app):
    environ = {"REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "127.0.0.1:5000"}
    answer = app.test_client().get("/api/v1/auth/demo", environ_base=environ)
    assert answer.json == {"people": PEOPLE, "password": None}


def test_the_people_who_are_told_of_can_sign_in(make_app, capsys):
    from collab.demo import begin

    app = make_app()
    prepare(app)
    begin(app)
    client = app.test_client()
    told = client.get("/api/v1/auth/demo", headers=LOCAL).json
    assert told["password"] in capsys.readouterr().out
    assert told["people"][0]["name"] == "Ada Admin"


def test_the_people_who_are_told_of_are_asked_to_follow_no_mail(make_app):
    from collab.demo import DEMO_PEOPLE, begin

    app = make_app()
    prepare(app)
    with app.app_context():  # the tests' own people have the same addresses
        db.session.execute(update(User).values(email="not-" + User.email))
        db.session.commit()
    begin(app)
    with app.app_context():
        demo = select(User).where(User.email.in_(f"{name}@example.com" for name in DEMO_PEOPLE))
        people = {one.name: one.email_verified for one in db.session.scalars(demo)}
    assert people == dict.fromkeys(DEMO_PEOPLE.values(), True)


@pytest.mark.parametrize(("given", "greeted"), [("", "World"), ("Moon\n", "Moon")])
def test_the_program_that_they_have_greets_with_and_without_input(given, greeted):
    from collab.demo import HELLO_TEXT

    command = [sys.executable, "-c", HELLO_TEXT]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    assert done.stdout == f"Hello {greeted}\n"
