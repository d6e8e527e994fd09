"""The pipeline in a real browser: plots with their numbers, a funnel, a letter that is mended."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from ..support.people import ok
from ..support.waiting import eventually

pytestmark = pytest.mark.usefixtures("whole_site")


@pytest.fixture
def sent(at_site, alice, project):
    """Send an hour of a shop, of which one event can't be read, and wait until it is stored."""
    owner = at_site(alice)
    now = datetime.now(UTC)
    events = [
        {
            "event_type": kind,
            "user_id": f"user-{number}",
            "timestamp": (now - timedelta(minutes=20, seconds=-at)).isoformat(),
        }
        for number in range(4)
        for at, kind in enumerate(["view", "cart", "buy"][: number + 1])
    ]
    events.append({"user_id": "<img src=x onerror=alert(1)>"})
    ok(owner.post(f"/ingest?project_id={project}", events))

    def is_stored():
        flow = ok(owner.get(f"/ingest/health?project_id={project}"))["flow"]
        return flow["received"] == len(events) and flow["queued"] == 0

    eventually(is_stored)
    return owner


def test_plots_say_their_numbers_at_the_pointer_and_as_a_table(window, sent, project):
    page = window("alice", f"/projects/{project}/pipeline")
    plot = page.locator("figure", has_text="Events by the minute")
    expect(plot.locator(".plot-legend li")).to_have_text(["view", "cart", "buy"])
    board, told = plot.locator(".plot-board"), plot.locator(".plot-told")

    def tells() -> bool:
        """Point at it again where something else has come above it meanwhile."""
        box = board.bounding_box()
        board.hover(position={"x": box["width"] * 0.7, "y": box["height"] / 2})
        return "events" in told.inner_text()

    eventually(tells)
    plot.get_by_text("As a table").click()
    cells = plot.locator("tbody td")
    expect(cells.first).to_be_visible()
    assert sum(int(one) for one in cells.all_text_contents()) == 9
    lines = page.locator("figure .plot-drawing > .plot-line")
    assert all(one.bounding_box()["width"] > 0 for one in lines.all()), "a single value is seen"
    expect(page.locator("figure", has_text="From receipt to stored")).to_be_visible()
    expect(page.locator(".figure-list")).to_contain_text("Nothing lostyes")


def test_a_funnel_and_sessions_are_told(window, sent, project):
    page = window("alice", f"/projects/{project}/pipeline")
    page.get_by_label("Types in order").fill("view,buy")
    page.get_by_role("button", name="Show", exact=True).click()
    bars = page.get_by_role("list", name="Users who reached each step").get_by_role("listitem")
    expect(bars.nth(0)).to_contain_text("4 users, 100 %")
    expect(bars.nth(1)).to_contain_text("2 users, 50 %")
    whole, half = (bars.nth(at).locator(".bar").bounding_box()["width"] for at in (0, 1))
    assert 1.9 < whole / half < 2.1
    page.get_by_label("Types in order").fill("view")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".field-wrong:visible")).to_contain_text("2 to 10 types")
    expect(page.get_by_text("4 sessions, 4 users")).to_be_visible()


def test_a_dead_letter_is_mended_tried_and_sent_again(window, sent, project):
    page = window("alice", f"/projects/{project}/pipeline")
    letter = page.locator(".row", has_text="`event_type` is missing")
    letter.get_by_role("button", name="Look").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("pre")).to_contain_text("<img src=x")
    dialog.get_by_role("button", name="Try").click()
    expect(dialog.get_by_text("rejected")).to_be_visible()
    dialog.get_by_label("What to send instead").fill("{")
    dialog.get_by_role("button", name="Try").click()
    expect(dialog.locator(".field-wrong:visible")).to_have_text("This is not JSON.")
    mended = json.dumps({"event_type": "view", "user_id": "user-9"})
    dialog.get_by_label("What to send instead").fill(mended)
    dialog.get_by_role("button", name="Try").click()
    expect(dialog.get_by_text("stored")).to_be_visible()
    dialog.get_by_role("button", name="Send again").click()
    expect(letter.locator(".chip")).to_have_text("replayed")
    eventually(lambda: ok(sent.get(f"/ingest/events?project_id={project}&user_id=user-9"))["items"])


def test_who_only_reads_can_not_send_again(window, sent, project):
    page = window("vera", f"/projects/{project}/pipeline")
    page.locator(".row", has_text="`event_type` is missing").get_by_role("button").click()
    expect(page.get_by_role("dialog").locator("pre")).to_be_visible()
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)
    expect(page.get_by_role("button", name="Send all again")).to_have_count(0)
