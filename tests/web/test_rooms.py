"""Jobs, posts, notifications, the palette and administration in a real browser."""

import re
import time

import pytest
from playwright.sync_api import expect

from collab.extensions import db
from collab.ingest.store import writer
from collab.mail import outbox
from collab.mail.message import Mail

from ..execution.support import needs_bubblewrap
from ..support.browsers import go
from ..support.people import ok
from ..support.stored import add_letter
from ..support.waiting import eventually

HOSTILE = "<img src=x onerror=alert(1)> & [x](javascript:alert(1))"
#: Says something, and waits until it is told to go on.
TALKS = "import time\nprint('first')\nwhile True: time.sleep(0.05)\n"


@needs_bubblewrap
@pytest.mark.usefixtures("whole_site")
def test_a_run_shows_its_output_though_an_older_answer_comes_after_it_and_is_cancelled(window):
    page = window("alice", "/jobs")
    with page.expect_websocket() as opened:
        page.reload()
    asked = []
    page.route("**/log?*", lambda route: route.continue_() if asked else asked.append(route))
    page.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Type").select_option("code_execution")
    form.get_by_label("Language").select_option("python")
    form.get_by_label("Code").fill(TALKS)
    with opened.value.expect_event("framereceived", lambda frame: "job.output" in str(frame)):
        form.get_by_role("button", name="Submit").click()
    asked[0].fulfill(json={"items": [], "next_cursor": None})  # from before it wrote anything
    expect(page.get_by_role("log")).to_have_text("first\n")
    expect(page.locator(".page-sub .chip")).to_have_text("running")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".page-sub .chip")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


@pytest.mark.usefixtures("whole_site")
def test_what_is_wrong_with_a_jobs_payload_is_told_at_its_field(window, project):
    page = window("alice", f"/projects/{project}/jobs")
    page.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Type").select_option("report")
    form.get_by_label("Days").fill("1000")
    form.get_by_role("button", name="Submit").click()
    expect(form.locator(".field-wrong:visible")).to_contain_text("365")


@pytest.mark.usefixtures("whole_site")
def test_a_report_opens_in_place_with_its_own_looks(window, project):
    page = window("alice", f"/projects/{project}/jobs")
    page.get_by_role("button", name="New job").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Type").select_option("report")
    form.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Open it here").click()
    report = page.frame_locator("iframe.report")
    expect(report.get_by_role("heading", level=1)).to_be_visible()
    styles = report.locator("body").evaluate("(body) => getComputedStyle(body).margin")
    assert styles != "8px", "the browser's own margin: the style was refused"


@pytest.mark.usefixtures("whole_site")
def test_hostile_text_is_text_in_every_room(window, at_site, alice, bob, project):
    writer = at_site(bob)
    post = writer.post("/posts", {"title": HOSTILE, "body": HOSTILE}).json()["id"]
    writer.post("/collections", {"name": HOSTILE, "description": HOSTILE})
    at_site(alice).post(f"/projects/{project}/tasks", {"title": HOSTILE, "description": "@bob"})
    page = window("bob", f"/posts/{post}")
    expect(page.locator(".post-body")).to_contain_text("<img src=x")
    for path in ("/posts", "/collections", "/notifications"):
        go(page, path)
        expect(page.locator(".view")).to_contain_text("<img src=x")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search").fill("img")
    expect(page.locator(".palette-entry").first).to_contain_text("<img src=x")
    assert page.locator(".main img, .palette img, a[href^=javascript]").count() == 0


@pytest.mark.usefixtures("whole_site")
def test_the_palette_goes_to_what_it_finds_with_keys_alone(window, at_site, alice, project):
    at_site(alice).post(f"/projects/{project}/tasks", {"title": "Order the rocket"})
    page = window("alice")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search")).to_be_focused()
    page.keyboard.type("rocket")
    expect(page.get_by_role("option", name="Order the rocket")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Title")).to_have_value("Order the rocket")


@pytest.mark.usefixtures("whole_site")
def test_the_bell_counts_what_is_unread_while_one_looks_elsewhere(
    window, at_site, alice, bob, charlie, project
):
    owner, called = at_site(alice), at_site(charlie)
    owner.invites(project, charlie.email)
    eventually(lambda: ok(called.get("/notifications/unread"))["unread"])
    ok(called.post("/notifications/read", {"all": True}))
    page = window("charlie", "/posts")
    task = owner.post(f"/projects/{project}/tasks", {"title": "Launch"}).json()["id"]
    at_site(bob).post(f"/tasks/{task}/comments", {"body": "@charlie look"})
    expect(page.locator(".sidebar .nav-count")).to_have_text("1")
    page.get_by_role("link", name=re.compile("Notifications")).first.click()
    page.get_by_role("button", name="Mark as read", exact=True).click()
    expect(page.get_by_role("button", name="Mark as unread")).to_have_count(2)
    expect(page.locator(".sidebar .nav-count")).to_be_hidden()


def test_an_admin_changes_a_feature_and_disables_somebody(window, at_site, ada, alice, bob):
    for person in (alice, bob):
        job = {
            "type": "function",
            "payload": {"name": "word_count"},
            "run_at": "2999-01-01T00:00:00Z",
        }
        ok(at_site(person).post("/jobs", job))
    page = window("ada", "/admin/flags")
    page.get_by_label("Share of the people who have search").fill("50")
    expect(page.get_by_text("50 %")).to_be_visible()
    expect(page.get_by_role("button", name="Back to on")).to_be_visible()
    flag = at_site(ada).get("/flags/search").json()
    assert (flag["percentage"], flag["overridden"]) == (50, True)

    go(page, "/admin/people")
    row = page.locator(".row", has_text="bob@example.com")
    row.get_by_role("button", name="Disable").click()
    expect(row.get_by_text("disabled")).to_be_visible()
    row.get_by_role("link", name="Jobs").click()
    expect(page.locator(".row", has_text="of Bob")).to_contain_text("account_disabled")
    page.get_by_role("button", name="Everybody's").click()
    theirs = page.locator(".row", has_text="of Alice")
    theirs.get_by_role("button", name="Cancel").click()
    expect(theirs.get_by_text("cancelled")).to_be_visible()
    for path, words in (("/admin/audit", "disabled"), ("/admin/health", "database")):
        go(page, path)
        expect(page.locator(".view")).to_contain_text(words)


@pytest.mark.usefixtures("whole_site")
def test_others_are_told_that_administration_is_not_theirs(window):
    page = window("alice", "/admin")
    expect(page.get_by_text("This is for admins")).to_be_visible()


def test_an_admin_sees_to_what_goes_on_in_the_installation(
    window, at_site, app, ada, alice, bob, project
):
    owner = at_site(alice)
    weekly = {"type": "report", "project_id": project, "name": "Weekly", "cron": "@weekly"}
    schedule = ok(owner.post("/schedules", weekly))["id"]
    hook = {"name": "CI", "url": "https://example.com/hook?a-secret"}
    webhook = ok(owner.post(f"/projects/{project}/webhooks", hook))["id"]
    with app.app_context(), writer() as connection:
        now = int(time.time() * 1000)  # one of 1970 is over, and the worker tidies up
        add_letter(connection, project=project, received=now, rejected_at=now)
    with app.app_context():
        outbox.write(Mail(bob.email, "Hello", "Words\n"), bob.id)  # no job sends it yet
        db.session.commit()

    page = window("ada", "/admin")
    page.get_by_role("link", name="Dead letters 1 open").click()
    page.locator(".part a").first.click()
    page.get_by_role("button", name="Look").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("discarded", exact=True)).to_be_visible()
    tabs = page.get_by_role("navigation", name="Installation")
    tabs.get_by_role("link", name="Schedules").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    tabs.get_by_role("link", name="Webhooks").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Enable", exact=True)).to_be_visible()
    assert "a-secret" not in page.content()
    tabs.get_by_role("link", name="Mails").click()
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("on its way")).to_be_visible()
    tabs.get_by_role("link", name="People").click()
    page.locator(".row", has_text=bob.email).get_by_role("link", name="Sessions").click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("Nobody is signed in there")).to_be_hidden()
    eventually(lambda: at_site(bob).get("/auth/me").status_code == 401)
    assert owner.get(f"/schedules/{schedule}").json()["status"] == "paused"
    assert owner.get(f"/webhooks/{webhook}").json()["state"] == "paused"


@pytest.mark.usefixtures("whole_site")
def test_a_schedule_is_made_with_its_next_runs_in_sight_and_run_at_once(window, project):
    page = window("alice", f"/projects/{project}/schedules")
    page.get_by_role("button", name="New schedule").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("Weekly report")
    form.get_by_label("When", exact=True).fill("* * 31 2 *")
    expect(form.locator(".field-wrong:visible")).to_contain_text("never due")
    form.get_by_label("When", exact=True).fill("0 9 * * MON")
    form.get_by_label("Time zone").fill("Asia/Tokyo")
    expect(form.get_by_role("status")).to_contain_text("At 09:00 on Monday")
    expect(form.locator(".field-wrong:visible")).to_have_count(0)
    form.get_by_label("Type").select_option("report")
    form.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Weekly report")
    expect(page.locator(".next-runs li")).to_have_count(5)
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("[data-run] .chip")).to_have_text("succeeded")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".page-sub .chip")).to_have_text("paused")
    expect(page.locator(".next-runs")).to_have_count(0)
