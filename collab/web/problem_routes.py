"""`/problems`: what the `type` of a problem leads to, in words for people and for programs."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from flask import Response, request

from ..core.errors import NotFound
from ..core.json import dumps
from ..core.problems import PROBLEM_TYPES, PROBLEMS_PATH, ProblemType
from .assets import assets
from .policy import PAGE_HEADERS
from .static_routes import blueprint

#: What it is written in, from what is sent to those who accept anything.
MEDIA_TYPES = ("text/markdown", "text/html", "application/json")
CODE_PATTERN = re.compile(r"`([^`]*)`")
#: They change with the program only.
KEPT_AN_HOUR = "public, max-age=3600"

PROBLEMS_INTRODUCTION = (
    "What the service can answer instead of what was asked for, and what to do about it."
)


@blueprint.get(PROBLEMS_PATH)
def problems() -> Response:
    """Show all types of problems."""
    return _written("Problems", PROBLEMS_INTRODUCTION, list(PROBLEM_TYPES.values()))


@blueprint.get(f"{PROBLEMS_PATH}/<slug>")
def problem_type(slug: str) -> Response:
    """Show one type of problem."""
    kind = PROBLEM_TYPES.get(slug)
    if kind is None:
        raise NotFound()
    return _written(kind.title, kind.meaning, [kind], alone=True)


def _written(title: str, text: str, kinds: list[ProblemType], *, alone: bool = False) -> Response:
    """Answer in the form that the caller likes best."""
    wanted = request.accept_mimetypes.best_match(MEDIA_TYPES, MEDIA_TYPES[0])
    if wanted == "application/json":
        told = [_members(one) for one in kinds]
        body = dumps(told[0] if alone else {"items": told})
    elif wanted == "text/html":
        body = _page(title, text, kinds, alone=alone).encode()
    else:
        body = _markdown(title, text, kinds, alone=alone).encode()
    plain = wanted if wanted == "application/json" else f"{wanted}; charset=utf-8"
    response = Response(body, content_type=plain)
    response.headers.update({"Cache-Control": KEPT_AN_HOUR, "Vary": "Accept"})
    if wanted == "text/html":
        response.headers.update(PAGE_HEADERS)
    return response


def _members(kind: ProblemType) -> dict[str, Any]:
    return {
        "type": kind.address,
        "status": kind.status,
        "title": kind.title,
        "meaning": kind.meaning,
        "what_to_do": kind.remedy,
    }


def _markdown(title: str, text: str, kinds: list[ProblemType], *, alone: bool) -> str:
    if alone:
        return f"# {title} ({kinds[0].status})\n\n{text}\n\nWhat to do: {kinds[0].remedy}\n"
    parts = [
        f"## {one.title} ({one.status})\n\n`{one.address}`\n\n{one.meaning}\n\n"
        f"What to do: {one.remedy}\n"
        for one in kinds
    ]
    return "\n".join([f"# {title}\n\n{text}\n", *parts])


def _page(title: str, text: str, kinds: list[ProblemType], *, alone: bool) -> str:
    folder = f"/static/{assets().version}"
    sheets = "".join(
        f'<link rel="stylesheet" href="{folder}/css/{name}.css" />'
        for name in ("tokens", "base", "document")
    )
    body = _one(kinds[0]) if alone else "".join(map(_row, kinds))
    back = f'<a href="{PROBLEMS_PATH}">All problems</a> · ' if alone else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8" />'
        f"<title>{escape(title)} · Collab</title>"
        f'<meta name="viewport" content="width=device-width, initial-scale=1" />'
        f'<meta name="color-scheme" content="light dark" />'
        f'<link rel="icon" href="{folder}/icon.svg" type="image/svg+xml" />{sheets}'
        f'<script src="{folder}/theme.js"></script></head><body><main class="document">'
        f'<p class="document-path">{back}<a href="/api/docs/">Documentation</a> · '
        f'<a href="/">Collab</a></p><h1>{escape(title)}</h1><p>{_marked(text)}</p>{body}'
        f"</main></body></html>"
    )


def _marked(text: str) -> str:
    """Write a text of the table as HTML: what stands between backticks is code."""
    return CODE_PATTERN.sub(r"<code>\1</code>", escape(text))


def _one(kind: ProblemType) -> str:
    return (
        f'<h2>What to do</h2><p>{_marked(kind.remedy)}</p><p class="document-path">'
        f"Status {kind.status}, <code>type</code> <code>{kind.address}</code></p>"
    )


def _row(kind: ProblemType) -> str:
    return (
        f'<section><h2><a href="{kind.address}">{escape(kind.title)}</a> '
        f'<span class="document-status">{kind.status}</span></h2>'
        f"<p>{_marked(kind.meaning)} {_marked(kind.remedy)}</p></section>"
    )
