"""What is served to browsers: the page at its addresses, its files, and what they may do."""

import re

import httpx
import pytest

from collab.config import ROOT
from collab.reports.render import style_source
from collab.web.assets import assets
from collab.web.pages import pages
from collab.web.static_routes import read_anew

from ..support.people import ok

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
STATIC = ROOT / "collab" / "web" / "static"
#: Bytes of all that the first page asks for, as they travel.
MOST_AT_FIRST = 150_000


def loaded(html: str) -> list[str]:
    """Return the addresses of the files that a document asks for."""
    return re.findall(r'(?:src|href)="(/static/[^"]+)"', html)


def travels(response: httpx.Response) -> int:
    return int(response.headers["Content-Length"])


def address(rule: str) -> str:
    return re.sub(r"<id:\w+>", "7", rule)


@pytest.mark.parametrize("path", [address(rule) for rule in pages()])
def test_every_page_is_served_to_a_browser_and_asks_for_files_that_are_there(http, path):
    response = http.get(path, headers=BROWSER)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    names = [one.split("/", 3)[3] for one in loaded(response.text)]
    assert names
    assert all(assets().get(name) for name in names)


@pytest.mark.parametrize("path", ["/project", "/projects/x", "/projects/07", "/projects/7/nothing"])
def test_what_is_no_page_is_not_found_and_people_are_told_by_the_page(http, path):
    response = http.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert http.get(path).headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/nothing", "/static/nothing.js", "/api/v1/projects/07"])
def test_what_programs_ask_for_is_answered_for_programs(http, path):
    response = http.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (BROWSER["Accept"], "text/html"),
        ("text/html", "text/html"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        (None, "application/json"),
    ],
)
def test_the_way_in_is_a_page_for_who_names_html_and_json_for_programs(http, accept, kind):
    request = http.build_request("GET", "/")
    del request.headers["Accept"]
    if accept:
        request.headers["Accept"] = accept
    response = http.send(request)
    assert response.headers["Content-Type"].split(";")[0] == kind
    assert "Accept" in response.headers["Vary"]


def test_the_page_may_do_nothing_but_what_it_needs(http):
    headers = http.get("/", headers=BROWSER).headers
    policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {style_source()}",
        "frame-src": "blob:",
        "img-src": "'self' blob: data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"


def test_files_of_this_version_are_kept_for_good_and_others_are_asked_for_again(http):
    now = http.get(f"/static/{assets().version}/app.js")
    assert "immutable" in now.headers["Cache-Control"]
    assert now.headers["Content-Type"] == "text/javascript; charset=utf-8"
    old = http.get("/static/0123456789abcdef/app.js")
    assert old.content == now.content
    assert old.headers["Cache-Control"] == "no-cache"


def test_files_are_read_anew_while_somebody_works_on_them(app):
    known = assets()
    with app.app_context():
        read_anew()
        assert assets() is known
        app.debug = True
        try:
            read_anew()
        finally:
            app.debug = False
    assert assets() is not known


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_file_that_has_not_changed_is_not_sent_again(http, encoding):
    headers = {"Accept-Encoding": encoding}
    first = http.get(f"/static/{assets().version}/app.js", headers=headers)
    tag = first.headers["ETag"]
    assert not tag.startswith("W/")
    assert first.text == (STATIC / "app.js").read_text()
    again = http.get(first.url.path, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_two_encodings_are_two_representations(http):
    path = f"/static/{assets().version}/app.js"
    packed, plain = (http.get(path, headers={"Accept-Encoding": one}) for one in ("gzip", ""))
    assert packed.content == plain.content
    assert packed.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("name", ["../assets.py", "..%2fassets.py", "nothing.js", "core/", "core"])
def test_no_other_file_is_served(http, name):
    url = httpx.URL(f"http://collab.test/static/{assets().version}/").copy_with(
        raw_path=f"/static/{assets().version}/{name}".encode()
    )
    assert http.get(url).status_code == 404


@pytest.mark.parametrize("path", ["/", "/projects/7/board", "/sign-in"])
def test_the_first_load_is_small(http, path):
    page = http.get(path, headers=BROWSER)
    sizes = {one: travels(http.get(one)) for one in loaded(page.text)}
    assert travels(page) + sum(sizes.values()) < MOST_AT_FIRST, sizes


def test_the_page_is_one_with_its_modules_and_asks_nobody_else():
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css", ".html", ".svg"}:
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"""["'(]\s*(https?:)?//[a-z]""", text), path.name
            assert "style=" not in text if path.suffix == ".html" else True


def test_programs_are_told_where_things_are(http):
    assert ok(http.get("/"))["links"]["docs"] == "/api/docs"
