"""Words of any language are found as people write them, and nothing else is."""

# ruff: noqa: RUF001 (texts of all scripts)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade

from collab.core.words.asked import expression, read
from collab.core.words.splitting import indexed
from collab.search.excerpts import excerpt, whole
from collab.search.highlighting import OPEN_MARK, marked

from ..support.people import Person, ok
from .rows import a_post, a_task, an_index, kept, titles


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """Return a database with an index of its own."""
    with an_index() as connection:
        yield connection


#: What is there, what is looked for, and whether it is found.
PAIRS = [
    # Case, accents, width, ligatures
    ("Αθήνα", "ΑΘΗΝΑ", True),
    ("ΟΔΟΣ", "οδός", True),
    ("ὁδός", "οδοσ", True),
    ("Straße", "STRASSE", True),
    ("STRASSE", "straße", True),
    ("İSTANBUL Işık", "istanbul ışık", True),
    ("Łódź Ørsted", "lodz orsted", True),
    ("Cre\u0300me", "crème", True),
    ("ＦＵＬＬ ｗｉｄｔｈ", "full width", True),
    ("ﬁnance oﬃce", "finance office", True),
    ("ｶﾞﾗｽ", "ガラス", True),
    ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth", True),
    ("Ёлка за́мок", "елка замок", True),
    ("край", "краи", False),
    # Vowel signs and points that are left out, and those that are letters
    ("مُحَمَّد", "محمد", True),
    ("محـــمد أحمد", "محمد احمد", True),
    ("שָׁלוֹם", "שלום", True),
    ("दान", "दिन", False),
    ("हिन्दी भाषा", "हिन्दी", True),
    ("कर्म", "काम", False),
    ("தமிழ் மொழி", "தமிழ்", True),
    # Where words have no spaces between them
    ("日本語の文書を書く", "文書", True),
    ("日本語の文書を書く", "書文", False),
    ("请张三明天开会", "明天", True),
    ("請在明天開會", "会", False),
    ("カタカナのテスト", "テスト", True),
    ("학교에서 만나요", "교에", True),
    ("สุนัขจิ้งจอกสีน้ำตาล", "จิ้งจอก", True),
    ("สุนัขจิ้งจอกสีน้ำตาล", "จงจอก", False),
    ("ພາສາລາວ", "ລາວ", True),
    ("ភាសាខ្មែរ", "ខ្មែរ", True),
    ("မြန်မာဘာသာ", "ဘာသာ", True),
    ("Python入門", "入門", True),
    ("Python入門", "python入", True),
    ("入門 Python", '"門 python"', True),
    # Symbols
    ("🚀 launch", "🚀", True),
    ("🚀 launch", "🛰", False),
    ("👩\u200d💻 at work", "👩\u200d💻", True),
    ("5 € each", "€", True),
    # Signs that belong to a word
    ("Write C++ code", "C++", True),
    ("Write C++ code", "c", True),
    ("Vitamin C", "C++", False),
    ("C# bindings", "c#", True),
    ("Cook C dinner", "C#", False),
    ("(C++)", "C++", True),
    ("Cook dinner", "c.", False),
    (".NET rollout", ".net", True),
    ("net income", ".NET", False),
    ("internet", ".NET", False),
    ("ASP.NET Core", ".NET", True),
    ("plans/moon.PDF", ".pdf", True),
    ("pdf of it", ".pdf", False),
    ("g++ and F#", "f#", True),
    ("C/C++ and ASP", "c++", True),
    ("node.js upgrade", "node.js", True),
    ("the node of js", "node.js", False),
    ("plot f(x) again", "f(x)", True),
    ("fox and x", "f(x)", False),
    ("R&D budget", "r&d", True),
    ("R or D", "R&D", False),
    ("see #42", "#42", True),
    ("42 things", "#42", False),
    # Identifiers
    ("snake_case_name", "case", True),
    ("kebab-case-name", "case", True),
    ("camelCaseName", "case", True),
    ("camelCaseName", "CAMELCASENAME", True),
    ("camelCaseName", "caseName", True),
    ("camelCaseName", "ame", False),
    ("HTTPServer", "server", True),
    ("snake_case", "snakeCase", True),
    ("МояПеременная", "переменная", True),
    ("МояПеременная", "мояпеременная", True),
    ("ΕύρεσηΑρχείου", "αρχειου", True),
    ("release v1.2.3", "1.2.3", True),
    ("release v1.2.3", "v1.2", True),
    ("release v1.2.3", "2.3", True),
    ("release v1.2.3", "1.3", False),
    ("python3.11-slim", "3.11", True),
    ("log4j2.17", "2.17", True),
    ("run it with --verbose", "--verbose", True),
    ("run it with --dry-run", "--dry-run", True),
    ("run it with --dry-run", "run -dry", False),
    ("src/app/main.py", "app/main.py", True),
    ("src/app/main.py", "main", True),
]


@pytest.mark.parametrize(("text", "q", "found"), PAIRS)
def test_what_is_found(index: sqlite3.Connection, text: str, q: str, found: bool) -> None:
    index.execute("DELETE FROM i")
    index.execute(
        "INSERT INTO i VALUES ('task', ?, ?, '')", (indexed(text), indexed(f"In {text}."))
    )
    for column in ("title", "body"):
        query = f"SELECT 1 FROM i WHERE i MATCH '{column} : (' || ? || ')'"
        assert bool(index.execute(query, (expression(q),)).fetchall()) is found
    if found:
        assert OPEN_MARK in whole(text, read(q).wanted)
        assert OPEN_MARK in excerpt(f"In {text}.", read(q).wanted)


def test_the_application_finds_the_same(app: Flask, alice: Person) -> None:
    """Through its own index, triggers and doors."""
    for text in (
        "Αθήνα",
        "Write C++ code",
        "Cook dinner",
        "日本語の文書",
        "🚀 launch",
        "aCamelCase",
    ):
        kept(app, a_task(alice, text), a_post(alice, "Post", body=text))
    for q, text in (("ΑΘΗΝΑ", "Αθήνα"), ("C++", "Write C++ code"), ("文書", "日本語の文書")):
        assert set(titles(alice.finds(q))) == {text, "Post"}
        for path, title in (("/tasks", text), ("/posts", "Post")):
            found = ok(alice.get(path, params={"q": q}))["items"]
            assert [one["title"] for one in found] == [title]
    assert set(titles(alice.finds("🚀"))) == {"🚀 launch", "Post"}
    assert set(titles(alice.finds("camel"))) == {"aCamelCase", "Post"}


def test_what_was_there_before_is_found_after_the_migration(app: Flask, alice: Person) -> None:
    project = alice.makes_project("Αθήνα")
    with app.app_context():
        downgrade(revision="all_roots")
        upgrade()
    assert [one["id"] for one in alice.finds("ΑΘΗΝΑ")] == [project]


@pytest.mark.parametrize(
    ("text", "q", "html"),
    [
        ("La crème brûlée", "CREME", "La <mark>crème</mark> brûlée"),
        ("Cre\u0300me ﬁn", "creme fin", "<mark>Cre\u0300me</mark> <mark>ﬁn</mark>"),
        ("日本語の文書", "本語", "日<mark>本語</mark>の文書"),
        ("Großstraße 5", "grossstr", "<mark>Großstraße</mark> 5"),
        ("the getUserById of it", "user", "the get<mark>User</mark>ById of it"),
        ("the getUserById of it", "userBy", "the get<mark>UserBy</mark>Id of it"),
        ("مُحَمَّد هنا", "محمد", "<mark>مُحَمَّد</mark> هنا"),
        ("Use C++, not C", "C++", "Use <mark>C++</mark>, not C"),
        ("👩\u200d💻!", "👩\u200d💻", "<mark>👩\u200d💻</mark>!"),
    ],
)
def test_what_is_marked_is_the_text_as_it_was_written(text: str, q: str, html: str) -> None:
    assert marked(whole(text, read(q).wanted), 400) == html


@pytest.mark.parametrize("q", ["eclair", "ÉCLAIR", "e\u0301clair", "lair"])
def test_names_are_filtered_by_the_same_rule(alice: Person, ada: Person, q: str) -> None:
    alice.makes_project("Éclair")
    alice.makes_project("Other")
    ok(alice.post("/collections", {"name": "Éclair"}))
    ok(alice.patch("/auth/me", {"name": "Éclair"}))
    for path, who in (("/projects", alice), ("/collections", alice), ("/users", ada)):
        found = ok(who.get(path, params={"q": q}))["items"]
        assert [one["name"] for one in found] == ["Éclair"]
