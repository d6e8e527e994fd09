"""Unknown addresses are invited by mail, and accepting by its link verifies the address."""

import pytest

from ..support.mail import links_in, text_of
from ..support.people import ok, register


@pytest.fixture
def invited(clerks, alice, project):
    """Let alice invite dora, who has no account."""
    return alice.invites(project, "dora@example.com")


def test_an_unknown_address_is_sent_the_invitation(invited, arrives):
    (mail,) = arrives()
    assert mail["To"] == "dora@example.com"
    assert mail["Subject"] == "Alice invites you to “Apollo”"
    assert "as a collaborator" in text_of(mail)
    assert links_in(mail)[0].startswith("http://127.0.0.1:5000/invitation#")


def test_accepting_by_the_link_makes_a_member_and_verifies_the_address(
    invited, token, nobody, project
):
    link = token()
    dora = register(nobody.http, "dora")
    member = ok(dora.post("/invitations/accept", {"token": link}))
    assert (member["email"], member["role"]) == (dora.email, "collaborator")
    assert ok(dora.get("/auth/me"))["email_verified"]
    assert dora.get(f"/projects/{project}").status_code == 200
    assert dora.post("/invitations/accept", {"token": link}).status_code == 410


def test_the_link_is_good_for_its_own_address_alone(invited, token, charlie, project):
    link = token()
    assert charlie.post("/invitations/accept", {"token": link}).status_code == 403
    assert charlie.get(f"/projects/{project}").status_code == 404
    assert not ok(charlie.get("/auth/me"))["email_verified"]


def test_an_invitation_that_was_revoked_is_void(invited, token, alice, nobody, project):
    link = token()
    key = invited["invitation_id"]
    ok(alice.delete(f"/projects/{project}/invitations/{key}"))
    dora = register(nobody.http, "dora")
    assert dora.post("/invitations/accept", {"token": link}).status_code == 410


def test_the_inviter_never_sees_the_link(invited, token, alice):
    link = token()
    for job in ok(alice.get("/jobs"))["items"]:
        assert link not in alice.get(f"/jobs/{job['id']}").text


def test_it_is_sent_again_when_asked(invited, arrives, alice, project):
    arrives()
    key = invited["invitation_id"]
    again = alice.post(f"/projects/{project}/invitations/{key}/resend")
    assert again.status_code == 202
    assert len(arrives()) == 1


def test_whoever_blocked_the_inviter_is_sent_nothing(clerks, arrives, alice, charlie, project):
    ok(charlie.put(f"/auth/me/blocks/{alice.id}"))
    invitation = alice.invites(project, charlie.email)
    key = invitation["invitation_id"]
    again = alice.post(f"/projects/{project}/invitations/{key}/resend")
    assert again.status_code == 202
    assert arrives() == []


def test_names_of_others_are_neither_links_nor_markup(clerks, arrives, alice):
    name = 'Win at evil.example <a href="https://evil.example">x</a>'
    project = alice.makes_project(name)
    alice.invites(project, "dora@example.com")
    (mail,) = arrives()
    for part in (mail["Subject"], text_of(mail), text_of(mail, "html")):
        assert "evil.example" not in part
    assert '<a href="https' not in text_of(mail, "html")


def test_somebody_called_as_an_encoded_word_adds_no_header(clerks, arrives, alice):
    ok(
        alice.patch(
            "/auth/me", {"name": "=?utf-8?q?x=0D=0ABcc:_all=40example=2Ecom=0D=0A=0D=0AWon?="}
        )
    )
    alice.invites(alice.makes_project("Apollo"), "dora@example.com")
    (mail,) = arrives()
    assert "Bcc" not in mail
    assert "Apollo" in mail["Subject"]
    assert links_in(mail)


def test_an_address_is_invited_five_times_a_day(clerks, arrives, alice):
    for number in range(7):
        alice.invites(alice.makes_project(f"No {number}"), "dora@example.com")
    assert len(arrives()) == 5
