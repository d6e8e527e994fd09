"""What proxies and pages of other origins are allowed."""

from __future__ import annotations

from flask import Flask, Response
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

#: Headers that a page from another origin may read, whether this answer has them or not.
EXPOSED_HEADERS = (
    "Accept-Ranges",
    "Allow",
    "Collab-Complete",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)
#: Those that every page may read (Fetch §2.2.2, in lower case), or none (Fetch §2.2.2, §3.3).
UNNAMED_HEADERS = {
    *("cache-control", "content-language", "content-length", "content-type", "expires"),
    *("last-modified", "pragma", "set-cookie", "vary"),
}


def init_app(app: Flask) -> None:
    """Allow the origins of CORS_ORIGINS, and trust exactly TRUSTED_PROXIES proxies."""
    if app.config["CORS_ORIGINS"]:
        app.after_request(expose)  # the hooks run from the last to the first: after that of CORS
        CORS(app, origins=app.config["CORS_ORIGINS"], max_age=600, vary_header=False)
    hops = app.config["TRUSTED_PROXIES"]
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )


def expose(response: Response) -> Response:
    """Let pages of other origins read all headers of an answer, and caches tell origins apart.

    An answer for one origin is not for another, nor for requests without any: so `Vary` is sent
    whoever asks (Fetch §3.3.5).
    """
    headers = response.headers
    if headers.get("Access-Control-Allow-Origin") != "*":
        headers.add("Vary", "Origin")
    if "Access-Control-Allow-Origin" in headers:
        names = {name.lower(): name for name, _ in headers if _is_told(name.lower())}
        names |= {name.lower(): name for name in EXPOSED_HEADERS}
        headers["Access-Control-Expose-Headers"] = ", ".join(sorted(names.values()))
    return response


def _is_told(name: str) -> bool:
    return not name.startswith("access-control-") and name not in UNNAMED_HEADERS
