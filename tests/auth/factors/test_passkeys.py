"""Passkeys: what a device signs is taken once, here, for this, and for whose it is."""

import copy

import cbor2
import pytest
from sqlalchemy import insert, select

from collab.auth.factors.ceremonies import MAX_CREDENTIAL_BYTES
from collab.auth.factors.models import Passkey
from collab.auth.factors.passkeys import MAX_PASSKEYS
from collab.extensions import db

from ...conftest import http_for
from ...support.authenticator import PRESENT, VERIFIED, Authenticator, text_of
from ...support.factors import asked, enrols, finishes
from ...support.people import PASSWORD, ok
from ...support.races import at_once, statuses


def options_to_add(person):
    return ok(person.post("/auth/passkeys/options", {"password": PASSWORD}))["options"]


def adds(person, credential, name="Laptop"):
    return person.post("/auth/passkeys", {"name": name, "credential": credential})


def options_to_sign(nobody):
    return ok(nobody.post("/auth/login/passkey/options"))["options"]


def signs_in(nobody, credential):
    return nobody.post("/auth/login/passkey", {"credential": credential})


class TestAdding:
    def test_the_device_is_asked_for_a_key_that_it_finds_and_locks_itself(self, alice):
        asked_for = options_to_add(alice)

        assert asked_for["rp"]["id"] == "collab.test"
        assert asked_for["authenticatorSelection"]["residentKey"] == "required"
        assert asked_for["authenticatorSelection"]["userVerification"] == "required"
        assert options_to_add(alice)["user"]["id"] != asked_for["user"]["id"]  # it is random

    def test_it_wants_the_password(self, alice):
        assert alice.post("/auth/passkeys/options").status_code == 422
        wrong = alice.post("/auth/passkeys/options", {"password": "wrong"})
        assert wrong.status_code == 401

    def test_the_first_second_factor_brings_recovery_codes_and_the_next_none(self, alice):
        assert len(Authenticator().is_added_by(alice)["recovery_codes"]) == 10
        assert Authenticator().is_added_by(alice, "Phone")["recovery_codes"] == []
        assert enrols(alice).recovery_codes == []

    def test_several_have_names_and_are_listed(self, alice):
        for name in ("Laptop", "Phone"):
            Authenticator().is_added_by(alice, name)
        listed = ok(alice.get("/auth/passkeys"))["items"]
        assert [one["name"] for one in listed] == ["Laptop", "Phone"]

    def test_a_device_is_told_which_keys_there_are(self, alice, laptop):
        known = options_to_add(alice)["excludeCredentials"]
        assert [one["id"] for one in known] == [text_of(laptop.credential_id)]

    def test_all_keys_of_a_person_have_one_name_for_them(self, alice, laptop):
        assert options_to_add(alice)["user"]["id"] == laptop.handle

    def test_one_is_not_added_twice(self, alice, bob, laptop):
        assert adds(bob, laptop.create(options_to_add(bob))).status_code == 409

    def test_a_challenge_adds_one_key(self, alice):
        asked_for = options_to_add(alice)
        ok(adds(alice, Authenticator().create(asked_for)))
        again = adds(alice, Authenticator().create(asked_for))
        assert again.json()["type"] == "/problems/proof-refused"

    def test_a_challenge_is_no_good_in_another_session(self, alice):
        credential = Authenticator().create(options_to_add(alice))
        assert adds(alice.logs_in(), credential).json()["type"] == "/problems/proof-refused"

    def test_a_challenge_of_another_person_is_refused(self, alice, bob):
        assert adds(bob, Authenticator().create(options_to_add(alice))).status_code == 401

    @pytest.mark.parametrize(
        "device",
        [
            Authenticator(origin="https://evil.test"),
            Authenticator(origin="http://collab.test"),
            Authenticator(domain="evil.test"),
            Authenticator(flags=PRESENT),
            Authenticator(flags=VERIFIED),
        ],
        ids=["other page", "without TLS", "other domain", "not unlocked", "nobody there"],
    )
    def test_what_a_device_made_for_something_else_is_refused(self, alice, device):
        answer = adds(alice, device.create(options_to_add(alice)))
        assert answer.json()["type"] == "/problems/passkey-refused"

    @pytest.mark.parametrize(
        "attested",
        [
            b"",
            b"\x81" * 9000,
            b"\x9b\x00\x00\x00\x7f\xff\xff\xff\xff",
            b"\xc2\x5a\x7f\xff\xff\xff",
            cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": b"short"}),
            cbor2.dumps({"fmt": "packed", "attStmt": {"x5c": [b"no"]}, "authData": bytes(300)}),
        ],
        ids=["nothing", "nested", "long array", "huge number", "cut", "no certificate"],
    )
    def test_bytes_that_are_none_of_a_device_are_refused_with_401(self, alice, attested):
        credential = Authenticator().create(options_to_add(alice))
        credential["response"]["attestationObject"] = text_of(attested)
        assert adds(alice, credential).status_code == 401

    def test_what_is_too_large_is_refused_before_it_is_read(self, alice):
        assert adds(alice, {"id": "x" * MAX_CREDENTIAL_BYTES}).status_code == 422

    def test_there_is_a_bound(self, app, alice, laptop):
        with app.app_context():
            row = db.session.execute(select(Passkey.__table__)).mappings().one()
            same = {name: value for name, value in row.items() if name != "id"}
            more = [
                {**same, "credential_id": bytes([number])} for number in range(MAX_PASSKEYS - 1)
            ]
            db.session.execute(insert(Passkey.__table__), more)
            db.session.commit()
        answer = alice.post("/auth/passkeys/options", {"password": PASSWORD})
        assert answer.status_code == 409


class TestSigningIn:
    def test_a_passkey_alone_signs_in(self, alice, nobody, laptop):
        assert ok(laptop.signs_in(nobody))["user"]["id"] == alice.id

    def test_it_is_two_factors_so_that_no_code_is_asked_for(self, alice, nobody, laptop):
        enrols(alice)
        assert ok(laptop.signs_in(nobody))["user"]["id"] == alice.id

    def test_the_audit_says_so(self, nobody, laptop, audit):
        ok(laptop.signs_in(nobody))
        assert audit("session.started")[0]["data"]["by"] == "passkey"

    def test_it_notes_its_use(self, alice, nobody, laptop):
        ok(laptop.signs_in(nobody))
        assert ok(alice.get("/auth/passkeys"))["items"][0]["last_used_at"] is not None

    def test_the_options_name_no_key_and_nobody(self, nobody, laptop):
        asked_for = options_to_sign(nobody)
        assert asked_for["allowCredentials"] == []
        assert asked_for["userVerification"] == "required"

    def test_what_was_signed_is_taken_once(self, nobody, laptop):
        credential = laptop.get(options_to_sign(nobody))
        ok(signs_in(nobody, credential))
        assert signs_in(nobody, credential).status_code == 401

    def test_one_challenge_signed_twice_is_taken_once(self, nobody, laptop):
        asked_for = options_to_sign(nobody)
        ok(signs_in(nobody, laptop.get(asked_for)))
        again = signs_in(nobody, laptop.get(asked_for))
        assert again.json()["type"] == "/problems/proof-refused"

    def test_of_several_at_once_with_one_signature_one_succeeds(self, app, nobody, laptop):
        laptop.count = -1  # it does not count, so that only the challenge tells
        credential = laptop.get(options_to_sign(nobody))
        acts = [(nobody, lambda who: signs_in(who, credential))] * 4
        assert statuses(at_once(app, *acts)) == [200, 401, 401, 401]

    def test_a_challenge_for_adding_a_key_signs_nobody_in(self, alice, nobody, laptop):
        asked_for = options_to_sign(nobody) | {"challenge": options_to_add(alice)["challenge"]}
        answer = signs_in(nobody, laptop.get(asked_for))
        assert answer.json()["type"] == "/problems/proof-refused"

    def test_a_challenge_of_ones_own_is_refused(self, nobody, laptop):
        asked_for = options_to_sign(nobody) | {"challenge": text_of(b"c" * 32)}
        assert signs_in(nobody, laptop.get(asked_for)).status_code == 401

    def test_a_challenge_runs_out(self, app, nobody, laptop):
        app.config["SECOND_FACTOR_SECONDS"] = -1
        assert signs_in(nobody, laptop.get(options_to_sign(nobody))).status_code == 401

    @pytest.mark.parametrize(
        "wrong",
        [
            {"origin": "https://evil.test"},
            {"domain": "evil.test"},
            {"flags": PRESENT},
            {"key": Authenticator().key},
            {"credential_id": b"unknown to anybody"},
            {"handle": text_of(b"another account")},
        ],
        ids=lambda wrong: next(iter(wrong)),
    )
    def test_what_is_not_right_in_one_thing_is_refused(self, nobody, laptop, wrong):
        for name, value in wrong.items():
            setattr(laptop, name, value)
        assert laptop.signs_in(nobody).json()["type"] == "/problems/passkey-refused"

    @pytest.mark.parametrize(
        "spoilt",
        [
            {"signature": ""},
            {"signature": text_of(bytes(70))},
            {"authenticatorData": text_of(bytes(32) + b"\xc5" + bytes(4) + b"\x81" * 3000)},
            {"authenticatorData": 7},
            {"clientDataJSON": "!"},
            {"clientDataJSON": text_of(b"[]")},
            {"userHandle": {}},
        ],
    )
    def test_bytes_that_are_none_of_a_device_are_refused_with_401(self, nobody, laptop, spoilt):
        credential = laptop.get(options_to_sign(nobody))
        credential["response"] |= spoilt
        assert signs_in(nobody, credential).status_code == 401

    @pytest.mark.parametrize("name", ["id", "rawId", "type", "response"])
    def test_what_lacks_a_member_is_refused_with_401(self, nobody, laptop, name):
        credential = copy.deepcopy(laptop.get(options_to_sign(nobody)))
        del credential[name]
        assert signs_in(nobody, credential).status_code == 401

    def test_a_disabled_account_is_refused(self, ada, alice, nobody, laptop):
        ok(ada.patch(f"/users/{alice.id}", {"disabled": True}))
        assert laptop.signs_in(nobody).json()["type"] == "/problems/account-disabled"

    def test_a_count_that_goes_back_is_refused_and_told(self, alice, nobody, laptop, audit):
        laptop.count = 10
        ok(laptop.signs_in(nobody))
        laptop.count = 5

        assert laptop.signs_in(nobody).json()["type"] == "/problems/passkey-refused"
        assert audit("account.passkey_refused")[0]["data"]["name"] == "Laptop"

    def test_a_count_in_a_signature_that_is_not_good_reports_nothing(self, nobody, laptop, audit):
        laptop.count = 10
        ok(laptop.signs_in(nobody))
        laptop.count, laptop.key = 5, Authenticator().key
        assert laptop.signs_in(nobody).status_code == 401
        assert audit("account.passkey_refused") == []

    def test_a_device_that_does_not_count_signs_in_again_and_again(self, nobody, laptop):
        for _ in range(3):
            laptop.count = -1
            ok(laptop.signs_in(nobody))


class TestAsSecondFactor:
    def test_an_account_with_a_passkey_is_not_entered_by_the_password_alone(
        self, alice, nobody, laptop
    ):
        found = asked(nobody, alice)
        assert found["methods"] == ["passkey", "recovery_code"]

    def test_it_completes_the_log_in(self, alice, nobody, laptop):
        found = asked(nobody, alice)
        answer = finishes(nobody, found["proof"], passkey=laptop.get(found["passkey"]))
        assert ok(answer)["user"]["id"] == alice.id

    def test_the_passkey_of_another_does_not(self, alice, bob, nobody, laptop):
        theirs = Authenticator()
        theirs.is_added_by(bob)
        found = asked(nobody, alice)
        answer = finishes(nobody, found["proof"], passkey=theirs.get(found["passkey"]))
        assert answer.status_code == 401

    def test_a_challenge_for_one_account_is_no_good_for_another(self, alice, bob, nobody, laptop):
        theirs = Authenticator()
        theirs.is_added_by(bob)
        challenge = asked(nobody, alice)["passkey"]
        answer = finishes(nobody, asked(nobody, bob)["proof"], passkey=theirs.get(challenge))
        assert answer.json()["type"] == "/problems/proof-refused"

    def test_a_challenge_for_it_does_not_sign_in_alone(self, alice, nobody, laptop):
        challenge = asked(nobody, alice)["passkey"]
        answer = signs_in(nobody, laptop.get(challenge))
        assert answer.json()["type"] == "/problems/proof-refused"


class TestKeeping:
    @pytest.fixture
    def kept(self, alice, laptop):
        return ok(alice.get("/auth/passkeys"))["items"][0]["id"]

    def test_it_can_be_renamed(self, alice, kept):
        ok(alice.patch(f"/auth/passkeys/{kept}", {"name": "Old laptop"}))
        assert ok(alice.get(f"/auth/passkeys/{kept}"))["name"] == "Old laptop"

    @pytest.mark.parametrize("name", ["sign_count", "user_id", "public_key", "domain"])
    def test_nothing_else_can_be_changed(self, alice, kept, name):
        assert alice.patch(f"/auth/passkeys/{kept}", {name: 1}).status_code == 422

    def test_one_that_was_removed_signs_in_no_more(self, alice, nobody, kept, laptop):
        assert alice.post(f"/auth/passkeys/{kept}/remove").status_code == 422
        removed = alice.post(f"/auth/passkeys/{kept}/remove", {"password": PASSWORD})
        assert removed.status_code == 204

        assert laptop.signs_in(nobody).status_code == 401
        ok(nobody.post("/auth/login", {"email": alice.email, "password": PASSWORD}))


class TestDomains:
    """The domain is the host's, or PASSKEY_DOMAIN; an address that is a number has none."""

    def person_at(self, app, alice, host):
        client = http_for(app)
        client.base_url = f"http://{host}"
        return alice.at(client)

    def test_the_host_says_the_domain_and_its_port_belongs_to_the_origin(self, app, alice):
        here = self.person_at(app, alice, "localhost:5000")
        device = Authenticator(origin="http://localhost:5000")
        device.is_added_by(here)
        ok(device.signs_in(here.comes_with("")))

    def test_another_port_is_another_origin(self, app, alice):
        here = self.person_at(app, alice, "localhost:5000")
        device = Authenticator(origin="http://localhost:5001")
        assert adds(here, device.create(options_to_add(here))).status_code == 401

    def test_a_number_is_told_that_it_needs_a_name(self, app, alice):
        here = self.person_at(app, alice, "127.0.0.1:5000")
        answer = here.post("/auth/passkeys/options", {"password": PASSWORD})
        assert answer.status_code == 409
        assert "localhost" in answer.json()["detail"]

    def test_there_the_second_step_offers_what_is_left(self, app, alice, laptop):
        here = self.person_at(app, alice, "127.0.0.1:5000")
        assert asked(here.comes_with(""), here)["methods"] == ["recovery_code"]

    def test_a_key_of_another_domain_is_refused(self, app, alice, laptop):
        laptop.origin = "https://other.test"
        there = self.person_at(app, alice, "other.test").comes_with("")
        assert laptop.signs_in(there).status_code == 401

    def test_a_proxy_that_is_trusted_says_the_host(self, make_app, alice):
        here = self.person_at(make_app(TRUSTED_PROXIES="1"), alice, "inside:8000")
        here.headers = {"X-Forwarded-Host": "collab.example.com", "X-Forwarded-Proto": "https"}
        device = Authenticator(origin="https://collab.example.com")
        added = device.is_added_by(here)
        assert added["passkey"]["domain"] == "collab.example.com"

    def test_one_that_is_not_trusted_does_not(self, app, alice):
        here = self.person_at(app, alice, "inside:8000")
        here.headers = {"X-Forwarded-Host": "collab.example.com", "X-Forwarded-Proto": "https"}
        assert options_to_add(here)["rp"]["id"] == "inside"

    def test_a_setting_says_the_domain_of_several_hosts(self, make_app, alice):
        here = self.person_at(make_app(PASSKEY_DOMAIN="example.com"), alice, "app.example.com")
        device = Authenticator(origin="https://app.example.com")
        assert device.is_added_by(here)["passkey"]["domain"] == "example.com"


def test_keys_are_kept_as_they_are_public_and_counts_with_them(app, laptop):
    with app.app_context():
        (kept,) = db.session.scalars(select(Passkey)).all()
        assert (kept.credential_id, kept.sign_count) == (laptop.credential_id, 0)
