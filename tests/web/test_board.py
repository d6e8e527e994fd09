"""The board in real browsers: what one does, the other sees; without a mouse, too."""

import re

import pytest
from playwright.sync_api import Page, expect

from ..support.browsers import go
from ..support.people import register

pytestmark = pytest.mark.usefixtures("whole_site")

HOSTILE = "<img src=x onerror=alert(1)> & [x](javascript:alert(1)) {{7*7}}"


def card(page: Page, title: str):
    return page.locator(".card", has_text=title)


def column(page: Page, name: str):
    return page.get_by_role("list", name=name, exact=True)


def drag(page: Page, title: str, to: str) -> None:
    start, end = card(page, title).bounding_box(), column(page, to).bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 40, end["y"] + 4, steps=5)
    page.mouse.up()


def swipe(page: Page, title: str, to: str) -> None:
    """Rest a finger on a card, and move it."""
    start, end = card(page, title).bounding_box(), column(page, to).bounding_box()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(kind: str, *points: dict[str, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    at = {"x": start["x"] + 20, "y": start["y"] + 10}
    touch("touchStart", at)
    page.locator(".card-ghost").wait_for()
    touch("touchMove", {"x": end["x"] + 40, "y": end["y"] + 4})
    touch("touchEnd")
    session.detach()  # the page has no fingers any more


def test_a_card_moved_in_one_window_moves_in_the_other(window, at_site, alice, project):
    at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"})
    one, other = (window("alice", f"/projects/{project}/board") for _ in range(2))
    expect(column(other, "To do")).to_contain_text("Launch")

    drag(one, "Launch", "Doing")
    expect(column(other, "Doing")).to_contain_text("Launch")
    expect(column(other, "To do")).not_to_contain_text("Launch")

    other.get_by_label("New task in Blocked").fill("Fuel")
    other.keyboard.press("Enter")
    expect(column(one, "Blocked")).to_contain_text("Fuel")


def test_a_projects_task_is_shown_on_its_board_with_who_is_there(window, at_site, alice, project):
    task = at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"}).json()["id"]
    at_site(alice).comments(task)
    page = window("alice", "/posts")
    page.goto(f"/tasks/{task}")
    expect(page.locator(".comment-head")).to_contain_text("Alice")
    expect(page).to_have_url(re.compile(f"/projects/{project}/board/{task}$"))


def test_who_is_sent_on_to_a_tasks_board_is_told_where_they_are(window, at_site, alice, project):
    task = at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"}).json()["id"]
    page = window("alice", "/posts")
    go(page, f"/tasks/{task}")
    expect(page).to_have_url(re.compile(f"/projects/{project}/board/{task}$"))
    expect(page.locator("#announcer")).to_have_text(page.title())
    expect(page.locator("#announcer")).to_contain_text("Board")


def test_of_many_people_one_is_chosen_from_a_list(window, at_site, alice, bob, project):
    owner = at_site(alice)
    for name in ("cleo", "dan", "eve", "finn", "gus"):
        owner.invites(project, at_site(register(owner.http, name)).email)
    owner.post(f"/projects/{project}/tasks", {"title": "Launch", "assignee": bob.id})
    owner.post(f"/projects/{project}/tasks", {"title": "Land"})
    page = window("alice", f"/projects/{project}/board")
    page.get_by_label("Assigned to somebody").select_option(str(bob.id))
    expect(card(page, "Land")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"assignee={bob.id}"))


def test_a_board_that_is_left_while_it_loads_leaves_no_error(window, project):
    page = window("alice", f"/projects/{project}/activity")
    unanswered = []
    for what in ("tasks", "members"):
        page.route(f"**/api/v1/projects/{project}/{what}?*", lambda route: unanswered.append(route))
    with page.expect_request(f"**/projects/{project}/members?*"):
        page.get_by_role("link", name="Board").click()
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Activity").click()
    expect(page.get_by_role("heading", name="Activity", level=1)).to_be_visible()
    assert unanswered, "it was left in the middle; an error on the page fails each test of a window"


def test_a_finger_drags_a_card_after_resting_on_it(window, at_site, alice, project):
    at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"})
    page = window("alice", f"/projects/{project}/board")
    card(page, "Launch").wait_for()
    swipe(page, "Launch", "Blocked")
    expect(column(page, "Blocked")).to_contain_text("Launch")


def test_everything_is_done_with_keys_alone(window, at_site, alice, project):
    for title in ("First", "Second"):
        at_site(alice).post(f"/projects/{project}/tasks", {"title": title})
    page = window("alice", f"/projects/{project}/board")
    card(page, "First").get_by_role("link").focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(column(page, "Doing")).to_contain_text("First")
    expect(page.get_by_role("status").filter(has_text="put down in Doing")).to_be_attached()

    page.keyboard.press("ArrowLeft")
    expect(card(page, "Second").get_by_role("link")).to_be_focused()
    for key in ("Space", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(column(page, "To do")).to_contain_text("Second")

    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Title")).to_have_value("Second")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(card(page, "Second")).to_be_visible()


def test_hostile_text_is_text_wherever_it_is_written(window, at_site, alice, project):
    body = {"title": HOSTILE, "description": HOSTILE, "tags": ["<b>tag</b>"]}
    task = at_site(alice).post(f"/projects/{project}/tasks", body).json()["id"]
    at_site(alice).post(f"/tasks/{task}/comments", {"body": HOSTILE})
    page = window("alice", f"/projects/{project}/board/{task}")
    sheet = page.get_by_role("dialog")
    expect(sheet.locator(".comment-text")).to_contain_text("<img src=x")
    expect(sheet.locator(".task-text")).to_contain_text("<img src=x")
    assert page.locator("img, .main b > b, a[href^=javascript]").count() == 0
    expect(card(page, "<img src=x").locator(".chip").first).to_have_text("#<b>tag</b>")


def test_a_mention_is_completed_and_the_one_who_is_meant_sees_the_comment_live(
    window, at_site, alice, project
):
    task = at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"}).json()["id"]
    alices, bobs = (window(name, f"/projects/{project}/board/{task}") for name in ("alice", "bob"))
    bobs.get_by_text("Nobody has said anything yet.").wait_for()
    field = alices.get_by_label("New comment")
    field.press_sequentially("Look, @bo")
    alices.locator(".mention-option").wait_for()
    field.press("Enter")
    field.press_sequentially("please")
    alices.get_by_role("button", name="Comment", exact=True).click()
    expect(bobs.locator(".comment .mention")).to_have_text("@Bob")


def test_filters_stand_in_the_address(window, at_site, alice, project):
    for title, priority in (("Calm", "low"), ("Alarm", "urgent")):
        at_site(alice).post(f"/projects/{project}/tasks", {"title": title, "priority": priority})
    page = window("alice", f"/projects/{project}/board")
    page.get_by_role("button", name="Urgent").click()
    expect(card(page, "Calm")).to_have_count(0)
    page.reload()
    expect(card(page, "Alarm")).to_be_visible()
    expect(card(page, "Calm")).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(card(page, "Calm")).to_be_visible()


def test_a_viewer_reads_the_board_and_is_offered_nothing_to_change(window, at_site, alice, project):
    task = at_site(alice).post(f"/projects/{project}/tasks", {"title": "Launch"}).json()["id"]
    page = window("vera", f"/projects/{project}/board/{task}")
    expect(page.get_by_label("Status", exact=True)).to_be_disabled()
    assert page.get_by_role("button", name="Comment", exact=True).count() == 0
    page.keyboard.press("Escape")
    expect(page.locator(".column-new")).to_have_count(0)
    expect(page.get_by_role("button", name="New task")).to_have_count(0)
