"""What people write is shown as Markdown: elements of few kinds, and quickly whatever it is."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collab.config import ROOT

from ..support.npm import needs_node
from ..support.waiting import PATIENCE

SOURCE = ROOT / "collab" / "web" / "static" / "ui" / "markdown.js"
#: Characters of a text: twice as many as a task's description may have.
LONG = 20_000

pytestmark = needs_node()


@pytest.fixture(scope="module")
def asked() -> Iterator[Callable[..., Any]]:
    """Return a way to ask `markdown.mjs`, in one process for all, about the page's module."""
    command = ["node", str(Path(__file__).with_name("markdown.mjs")), str(SOURCE)]
    node = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(what: str, **given: object) -> Any:
        node.stdin.write(json.dumps([what, given]) + "\n")
        node.stdin.flush()
        return json.loads(node.stdout.readline())

    yield ask
    node.communicate(timeout=PATIENCE)  # its input ends, and with it the program


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Big #", "<h3>Big #</h3>"),
        ("**a** _b_ ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("> a\n> b", "<blockquote><p>a<br></br>b</p></blockquote>"),
        ("```py\n<b>\n```", "<pre><code>&lt;b></code></pre>"),
        ("hi @bob, 2*3*4", "<p>hi <span>@bob</span>, 2*3*4</p>"),
        ("请@नरेंद्र's, @O\u2019Brien.", "<p>请<span>@नरेंद्र</span>'s, <span>@O\u2019Brien</span>.</p>"),
        ("a@b.c `@bob` @bob/tools", "<p>a@b.c <code>@bob</code> @bob/tools</p>"),
        ("https://a.b/c.", "<p><a https://a.b/c>https://a.b/c</a>.</p>"),
        ("[x](https://a.b)", "<p><a https://a.b>x</a></p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](data:text/html,y)", "<p>[x](data:text/html,y)</p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)></p>"),
    ],
)
def test_it_makes_elements_of_what_means_something_and_text_of_the_rest(asked, text, html):
    assert asked("html", text=text) == html


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("请@张三看一下, @Bob by @Bob Builder", ["@张三", "@Bob", "@Bob Builder"]),
        ("@Sammy Jr. and @O\u2019BRIEN, @Rob🚀!", ["@Sammy Jr.", "@O\u2019BRIEN", "@Rob🚀"]),
        ("@nobody @bob/tools https://x.example/@bob `@bob` @bob.smith", []),
    ],
)
def test_those_are_called_whom_the_server_takes_for_called(asked, text, called):
    people = ["Bob", "Bob Builder", "张三", "Sammy Jr.", "O'Brien", "Rob🚀"]
    html = asked("html", text=text, people=[{"name": name} for name in people])
    assert re.findall("<span>(.*?)</span>", html) == called


def test_an_excerpt_is_words_without_marks(asked):
    text = "# Big\n**a**b `c`\nd\n\n- one\n- two"
    assert asked("plain", text=text) == "Big ab c d one two"


def test_no_text_takes_long(asked):
    assert asked("slow", size=LONG) == []
