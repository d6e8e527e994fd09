"""The type of each problem leads to a page that says what to do."""

import re

import pytest

from collab.core import errors
from collab.core.problems import PROBLEM_TYPES, type_of

from ..support.people import ok

EACH = pytest.mark.parametrize("slug", PROBLEM_TYPES)


def kinds_of(error=errors.ApiError):
    """Return every class of errors that the house has."""
    found = {error}
    for one in error.__subclasses__():
        found |= kinds_of(one)
    return found


def test_every_error_has_a_type_of_its_own_status(app):
    assert len(kinds_of()) > 50
    for one in kinds_of():
        assert type_of(one.status, one.kind).status == one.status


@EACH
def test_programs_and_people_read_what_to_do(http, slug):
    kind = PROBLEM_TYPES[slug]
    told = http.get(kind.address, headers={"Accept": "application/json"})
    assert ok(told)["what_to_do"] == kind.remedy
    text = http.get(kind.address)
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert kind.meaning in text.text
    assert kind.remedy in text.text


def test_browsers_get_a_page_under_the_policy_of_all_pages(http):
    for address in ("/problems", "/problems/not-found"):
        page = http.get(address, headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"<style|<script>|style=|onclick=", page.text)
        linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        assert [http.get(one).status_code for one in linked] == [200] * len(linked)
        assert len(linked) == 5
        assert "<code>" in page.text
        assert "`" not in page.text


def test_all_are_on_one_page(http):
    told = ok(http.get("/problems", headers={"Accept": "application/json"}))
    assert [one["type"] for one in told["items"]] == [one.address for one in PROBLEM_TYPES.values()]


def test_a_type_that_there_is_not_is_404(http):
    answer = http.get("/problems/<b>", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/projects", {}),
        ("/nowhere", {}),
        ("/api/v1/projects", {"Authorization": "Bearer x"}),
        ("/api/v1/ws", {}),
    ],
)
def test_what_is_answered_leads_there(http, path, headers):
    kind = http.get(path, headers=headers).json()["type"]
    assert http.get(kind).status_code == 200
