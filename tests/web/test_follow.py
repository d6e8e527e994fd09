"""`examples/follow.html`, opened as a file: it follows a project from another origin."""

import pytest
from playwright.sync_api import expect

from collab.config import ROOT


@pytest.mark.usefixtures("own_site")
def test_a_file_on_ones_own_disk_follows_a_project_across_a_restart(windows, at_site, alice, site):
    project = at_site(alice).makes_project()
    page = windows().context.new_page()
    page.goto((ROOT / "examples" / "follow.html").as_uri())
    page.get_by_label("Server").fill(site.url.replace("http", "ws"))
    page.get_by_label("Project").fill(str(project))
    page.get_by_label("Access token").fill(alice.token)
    page.get_by_role("button", name="Follow").click()
    expect(page.get_by_role("status")).to_have_text("live")
    expect(page.locator("li").last).to_contain_text("project.created")

    site.kill()
    site.start()
    at_site(alice).makes_task("Launch", project_id=project)
    expect(page.locator("li", has_text="task.created")).to_have_count(1)
    expect(page.locator("li", has_text="project.created")).to_have_count(1)
