"""The page's addresses and files: what only browsers ask for, and no document describes."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import NotFound as NoAddress

from ..core.errors import NotFound, from_http, problem_response
from ..core.http.etags import conditional
from ..core.http.representations.pages import wants_page
from .assets import Asset, assets
from .pages import document, pages
from .policy import PAGE_HEADERS

blueprint = Blueprint("web", __name__)

#: Seconds in which a browser asks for a versioned file no more (RFC 8246).
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
#: Below these there is nothing for people to read.
OF_PROGRAMS = ("/api/", "/static/")


def send(asset: Asset, cache_control: str) -> Response:
    """Answer with a file, or that the caller has it already (304)."""
    packed = asset.packed if request.accept_encodings["gzip"] else None
    response = Response(asset.body if packed is None else packed)
    response.headers["Content-Type"] = asset.content_type
    response.headers["Cache-Control"] = cache_control
    response.headers["Vary"] = "Accept-Encoding"
    # Two encodings are two representations, each with a strong tag of its own (RFC 9110 §8.8.3.3).
    response.set_etag(asset.etag if packed is None else f"{asset.etag}-gzip")
    if packed is not None:
        response.headers["Content-Encoding"] = "gzip"
    conditional(response)
    return response


def read_anew() -> None:
    """Forget the files while somebody works on them (`flask run --debug`)."""
    if current_app.debug:
        for kept in (assets, pages, document):
            kept.cache_clear()


@blueprint.get("/static/<version>/<path:name>")
def file(version: str, name: str) -> Response:
    """Send a file of the page."""
    read_anew()
    asset = assets().get(name)
    if asset is None:
        raise NotFound()
    # A page that was loaded before an update asks for the rest of it by the old version.
    return send(asset, FOR_GOOD if version == assets().version else ASK_AGAIN)


def page(**ids: int) -> Response:
    """Send the page, which shows what its address names."""
    read_anew()
    return page_of(pages()[str(request.url_rule)])


def page_of(views: str) -> Response:
    """Send the page for some views."""
    response = send(document(views), ASK_AGAIN)
    response.headers.update(PAGE_HEADERS)
    return response


def no_address(error: NoAddress) -> Response:
    """Say that there is no such address: to people by the page, to programs as ever."""
    if request.url_rule or request.path.startswith(OF_PROGRAMS) or not wants_page():
        return problem_response(from_http(error))
    response = Response(document(pages()["/"]).body, 404, PAGE_HEADERS, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def init_app(app: Flask) -> None:
    """Serve the page at each of its addresses but `/`, where programs look, too."""
    app.register_blueprint(blueprint)
    app.register_error_handler(NoAddress, no_address)
    for rule in pages():
        if rule != "/":
            app.add_url_rule(rule, "web.page", page, methods=["GET"])
