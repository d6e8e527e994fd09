"""The HTTP conventions: paths, headers, limits, entity tags, pages, idempotency keys."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Bind what every request goes through, in this order."""
    from . import api, converters, headers, limits, paths, proxies, rules

    app.url_rule_class = rules.LazyRule
    app.url_map.converters["id"] = converters.IdConverter
    headers.init_app(app)  # the first to start a request and the last to end it
    limits.init_app(app)
    api.init_app(app)
    paths.init_app(app)
    proxies.init_app(app)
