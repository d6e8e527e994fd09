"""The HTTP conventions: paths, headers, limits, entity tags, pages, idempotency keys."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register what every request goes through, in this order."""
    from . import api, headers, limits, proxies
    from .representations import list_tags
    from .routing import converters, lazy_rules, lean, short_paths

    app.url_rule_class = lazy_rules.LazyRule
    app.url_map.converters["id"] = converters.IdConverter
    lean.init_app(app)
    headers.init_app(app)  # the first to start a request and the last to end it
    list_tags.init_app(app)
    limits.init_app(app)
    api.init_app(app)
    short_paths.init_app(app)
    proxies.init_app(app)
