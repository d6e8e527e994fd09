"""The page's addresses, and what is served at all of them: `index.html`.

Both sides read one table, `static/core/pages.js`: the server to know which addresses are pages, the
page to know which view is shown there.
"""

from __future__ import annotations

import re
from functools import cache

from .assets import Asset, assets

#: A line of the table: an address with `:names` of ids, and its views, the outer one first.
_LINE = re.compile(r'^\s*"(/[^"]*)": "([a-z/-]+)",$', re.M)
#: An id in an address of the table.
_ID = re.compile(r":([a-z]+)")

#: The module that begins, and loads the rest.
ENTRY_MODULE = "app.js"


@cache
def pages() -> dict[str, str]:
    """Return the views of each page, by the rule of the URL map for its address."""
    lines = _LINE.findall(assets().text("core/pages.js"))
    return {_ID.sub(r"<id:\1>", address): views for address, views in lines}


@cache
def document(views: str) -> Asset:
    """Return `index.html` for a page, which loads at once what its views are made of."""
    files = assets()
    shown = [f"views/{name}.js" for name in views.split("/")]
    links = "\n    ".join(
        f'<link rel="modulepreload" href="/static/{files.version}/{name}" />'
        for name in files.modules(ENTRY_MODULE, *shown)
    )
    html = files.text("index.html").replace("{version}", files.version)
    return Asset("index.html", html.replace("<!-- modules -->", links).encode())
