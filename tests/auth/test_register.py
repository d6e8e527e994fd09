import threading

import pytest

from collab import create_app

from ..conftest import SETTINGS, close, http_for
from ..support import databases
from ..support.people import PASSWORD, Person, ok

NEW = {"email": "dora@example.com", "password": "SecurePassword123!"}


def test_answers_with_the_account_and_both_tokens(nobody):
    body = ok(nobody.post("/auth/register", NEW | {"name": "Dora"}))

    assert body["user"]["email"] == "dora@example.com"
    assert body["user"]["name"] == "Dora"
    assert body["role"] == body["user"]["role"] == "user"
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["access_token"] != body["refresh_token"]


def test_the_password_comes_back_nowhere(nobody):
    assert NEW["password"] not in nobody.post("/auth/register", NEW).text


def test_signup_is_another_name_of_it(nobody):
    assert nobody.post("/auth/signup", NEW).status_code == 201


def test_full_name_is_another_name_of_name(nobody):
    body = ok(nobody.post("/auth/register", NEW | {"full_name": "Dora Doe"}))
    assert body["user"]["name"] == "Dora Doe"


def test_without_a_name_the_address_gives_one(nobody):
    assert ok(nobody.post("/auth/register", NEW))["user"]["name"] == "dora"


def test_addresses_are_the_same_in_any_case(nobody):
    ok(nobody.post("/auth/register", NEW))
    again = nobody.post("/auth/register", NEW | {"email": "Dora@Example.COM"})
    assert again.status_code == 409


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "password", "12345678", "aaaaaaaa", "dora@example.com"]
)
def test_refuses_a_bad_password(nobody, password):
    answer = nobody.post("/auth/register", NEW | {"password": password})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/password"


@pytest.mark.parametrize("password", ["x y z !?", "pässwörd-ünïcode", "p" + "qr" * 63])
def test_takes_any_other_password_of_8_to_128_characters(nobody, password):
    ok(nobody.post("/auth/register", NEW | {"password": password}))
    ok(nobody.post("/auth/login", NEW | {"password": password}))


@pytest.mark.parametrize("email", ["", "dora", "dora@", "@example.com", "a b@example.com", "a@b"])
def test_refuses_what_is_no_address(nobody, email):
    answer = nobody.post("/auth/register", NEW | {"email": email})

    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == {"#/email"}


def test_the_password_is_kept_as_argon2id(nobody, app):
    ok(nobody.post("/auth/register", NEW))
    from collab.auth.models import User
    from collab.extensions import db

    with app.app_context():
        kept = db.session.scalar(db.select(User.password_hash).filter_by(email=NEW["email"]))
    assert kept.startswith("$argon2id$")


def test_two_at_once_with_one_address_make_one_account(nobody):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(nobody.post("/auth/register", NEW)))
        for _ in range(8)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.fixture
def new_installation(template_of_nobody, tmp_path):
    where = databases.copy(template_of_nobody, tmp_path)
    app = create_app(SETTINGS | {"INSTANCE_PATH": str(tmp_path)} | where)
    with http_for(app) as http:
        yield Person("nobody", http)
    close(app)


def test_the_first_account_of_an_installation_is_admin_and_says_so(new_installation):
    body = ok(new_installation.post("/auth/register", NEW))

    assert body["role"] == "admin"
    assert "admin" in body["notice"]


def test_the_second_account_is_an_ordinary_one(new_installation):
    ok(new_installation.post("/auth/register", NEW))
    body = ok(
        new_installation.post("/auth/register", {"email": "eve@example.com", "password": PASSWORD})
    )

    assert body["role"] == "user"
    assert body["notice"] is None


def test_of_many_first_accounts_at_once_one_is_admin(new_installation):
    roles = []

    def register(number):
        account = {"email": f"p{number}@example.com", "password": PASSWORD}
        roles.append(ok(new_installation.post("/auth/register", account))["role"])

    threads = [threading.Thread(target=register, args=(number,)) for number in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert sorted(roles) == ["admin"] + ["user"] * 5


def test_one_network_makes_so_many_accounts_in_an_hour_and_no_more(make_app):
    with http_for(make_app(REGISTER_RATE_LIMIT="30 per hour")) as http:
        nobody = Person("nobody", http)
        made = [
            nobody.post("/auth/register", NEW | {"email": f"p{number}@example.com"})
            for number in range(31)
        ]
        assert [one.status_code for one in made] == [201] * 30 + [429]  # a class has room
        assert 1 <= int(made[-1].headers["Retry-After"]) <= 3600
        assert nobody.post("/auth/login", NEW | {"email": "p0@example.com"}).status_code == 200
