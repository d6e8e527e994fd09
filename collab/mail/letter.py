"""One source for two formats: a letter is written once, for plain text and HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from ..frozen import frozen

#: Characters of a name or title that somebody else has written.
MAX_QUOTED_LENGTH = 80
#: What mail programs turn into links.
_LINKED = re.compile(r"(?<=\S)[.](?=\S)|://|(?<=\S)@(?=\S)")
#: The same, visible but not linked: one dot leader, fraction slash, full-width @.
_UNLINKED = {".": "\u2024", "://": ":\u2044\u2044", "@": "\uff20"}

BODY_STYLE = "font-family:sans-serif;font-size:16px;line-height:1.5;color:#1f2328;max-width:36em"
BUTTON_STYLE = (
    "display:inline-block;padding:10px 18px;border-radius:6px;background:#1f4fd8;color:#ffffff;"
    "text-decoration:none"
)
SMALL_STYLE = "font-size:13px;color:#57606a"

PAGE_MARKUP = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    '<body><div style="{style}">{body}</div></body></html>\n'
)


def quoted(words: str, most: int = MAX_QUOTED_LENGTH) -> str:
    """Return text that somebody else has written: short, and with nothing to click on.

    Anybody may call a project what they like and invite strangers to it; the mail goes out in the
    service's name.
    """
    one_line = " ".join(words.split())
    short = one_line if len(one_line) <= most else f"{one_line[:most]}…"
    return _LINKED.sub(lambda found: _UNLINKED[found[0]], short)


@frozen
class Words:
    """A paragraph."""

    words: str

    def plain(self) -> str:
        """Return it as text."""
        return self.words

    def html(self) -> Markup:
        """Return it as HTML."""
        return Markup("<p>{}</p>").format(self.words)


@frozen
class Small(Words):
    """A paragraph in small print."""

    def html(self) -> Markup:
        """Return it as HTML."""
        return Markup('<p style="{}">{}</p>').format(SMALL_STYLE, self.words)


@frozen
class Link:
    """A link: an address, and what is there."""

    label: str
    url: str

    def plain(self) -> str:
        """Return it as text."""
        return f"{self.label}:\n{self.url}"

    def html(self) -> Markup:
        """Return it as HTML: a button, and the address for those who can't use buttons."""
        made = Markup('<p><a href="{}" style="{}">{}</a></p><p style="{}">{}</p>')
        return made.format(self.url, BUTTON_STYLE, self.label, SMALL_STYLE, self.url)


@frozen
class Items:
    """A list, under a heading."""

    heading: str
    items: Sequence[str]

    def plain(self) -> str:
        """Return it as text."""
        return "\n".join([self.heading, *(f"- {one}" for one in self.items)])

    def html(self) -> Markup:
        """Return it as HTML."""
        lines = Markup("").join(Markup("<li>{}</li>").format(one) for one in self.items)
        return Markup("<p><strong>{}</strong></p><ul>{}</ul>").format(self.heading, lines)


Part = Words | Link | Items


def plain(parts: Sequence[Part]) -> str:
    """Return a letter as text."""
    return "\n\n".join(part.plain() for part in parts) + "\n"


def html(title: str, parts: Sequence[Part]) -> str:
    """Return a letter as HTML, with everything in it escaped."""
    body = Markup("").join(part.html() for part in parts)
    return str(PAGE_MARKUP.format(title=escape(title), style=BODY_STYLE, body=body))
