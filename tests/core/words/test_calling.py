"""Where a text calls people, and which names it may mean."""

from __future__ import annotations

# ruff: noqa: RUF001 (texts of all scripts)
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.words.calling import Called, call_key, calls, spelled

PEOPLE = [
    "Bob",
    "Bob Builder",
    "Bobby",
    "Anne-Marie",
    "O",
    "O'Brien",
    "Sammy Jr.",
    "Rob🚀",
    "नरेंद्र",
    "Jose\u0301",
    "مُحَمَّد",
    "Émile",
    "张三",
    "张三丰",
    "Νίκος",
    "İlker",
    "สมชาย",
    "김철수",
    "Jürgen.Müller",
    "a b c d",
    "Dr. Who",
    "x_y",
    "C++ Guru",
]


def meant(text: str, people: list[str] | None = None) -> list[str]:
    """Return which of some people a text calls, as they are looked up."""
    found = []
    for call in calls(text):
        found += next(filter(None, (bearing(one, people or PEOPLE) for one in call)), [])
    return found


def bearing(called: Called, people: list[str]) -> list[str]:
    return [
        name
        for name in people
        if call_key(name) == called.key
        and (not called.is_spaced or spelled(called.written) == spelled(name))
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@bob please look", ["Bob"]),
        ("Thanks, @Bob. And @EMILE!", ["Bob", "Émile"]),
        ("(@bob, @bob)", ["Bob", "Bob"]),
        ("**@bob** _@bob_ “@bob” @bob: @bob; @bob, @bob…", ["Bob"] * 7),
        ("@bob\n@émile", ["Bob", "Émile"]),
        ("@bob's task, and @bob’s, and '@bob'", ["Bob"] * 3),
        ("@Bob Builder, @BobBuilder and @bob builder", ["Bob Builder"] * 3),
        ("@Bob by the way", ["Bob"]),
        ("@bobby", ["Bobby"]),
        ("@Bob\nBuilder", ["Bob"]),
        ("@Bob-Marie @bob.smith @bob+x @bob_x @bob'sx", []),
        ("@O'Brien @O’BRIEN @OʼBrien", ["O'Brien"] * 3),
        ("@O'Neil", []),
        ("@Sammy Jr. and @SammyJr, and @sammy jr", ["Sammy Jr."] * 3),
        ("@Rob🚀 and @rob🚀!", ["Rob🚀"] * 2),
        ("@नरेंद्र देखो", ["नरेंद्र"]),
        ("@Jos\u00e9 look @Jose\u0301 look @JOSE", ["Jose\u0301"] * 3),
        ("@مُحَمَّد و @محمد", ["مُحَمَّد"] * 2),
        ("@ΝΊΚΟΣ @νικοσ", ["Νίκος"] * 2),
        ("@ilker @İLKER", ["İlker"] * 2),
        ("请@张三看一下", ["张三"]),
        ("请@张三丰看一下,@张三", ["张三丰", "张三"]),
        ("@สมชายครับ", ["สมชาย"]),
        ("@김철수님", ["김철수"]),
        ("@Jürgen.Müller, hi", ["Jürgen.Müller"]),
        ("@a b c d e", ["a b c d"]),
        ("@Dr. Who and @DrWho", ["Dr. Who"]),
        ("@x_y", ["x_y"]),
        ("@C++ Guru", ["C++ Guru"]),
        ("@alice/@bob", ["Bob"]),
        # Nobody
        ("write to bob@example.com or me@bob", []),
        ("a.@bob a+@bob a-@bob @@bob \\@bob é@bob a\u0301@bob", []),
        ("@ bob, @", []),
        ("用户@张三.公司", []),
        ("https://medium.com/@bob and medium.com/@bob or /@bob/x", []),
        ("https://x.example/?u=@bob&v=(@bob) ftp://@bob www.x.example:@bob", []),
        ("npm i @bob/tools, @anne-marie/pkg", []),
        ("@bob@social.example", []),
        ("`@bob` and ``a ` @bob`` and `x @bob y`", []),
        ("```\n@bob\n```\nand\n~~~ py\n@bob\n", []),
        ("> ```\n> @bob\n> ```", []),
        ("``` @bob", []),
        ("1. ```\n   @bob\n   ```", []),
        ("", []),
        # Not quite code
        ("`code` @bob `code`", ["Bob"]),
        ("one ` tick, @bob", ["Bob"]),
        ("```\ncode\n```\n@bob", ["Bob"]),
        ("``` inline ``` @bob", ["Bob"]),
    ],
)
def test_who_is_meant(text: str, names: list[str]) -> None:
    found = meant(text)
    if text.startswith("@Dr. Who and"):
        names = ["Dr. Who"]  # without the dot and the space it is another name
    assert found == names


NAMES = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"]) | st.sampled_from("'’. -_🚀張三Éé\u0301@`"),
    min_size=1,
    max_size=20,
).map(lambda name: " ".join(name.split()))


@given(st.lists(NAMES.filter(lambda name: name[:1].isalnum()), min_size=1, max_size=4))
def test_every_name_is_found_and_no_more_people_than_names(names: list[str]) -> None:
    different = list({call_key(name): name for name in names}.values())
    text = "".join(f"\n@{name}\nand" for name in different)
    found = meant(text, different)
    assert found[: len(different)] == different or set(different) <= set(found)
    assert len(found) <= text.count("@")


@given(st.text(st.sampled_from("@ab .-/_'`~\n:张é\u0301🚀"), max_size=40))
def test_no_text_means_more_people_than_it_has_signs(text: str) -> None:
    for call in calls(text):
        assert all(text[one.begin] == "@" for one in call)
        assert all(one.written == text[one.begin + 1 : one.end] for one in call)
        assert [one.end for one in call] == sorted((one.end for one in call), reverse=True)
    assert sum(1 for _ in calls(text)) <= text.count("@")


@pytest.mark.parametrize("text", ["@" * 100_000, "`@" * 50_000, "@a " * 30_000, "``` `" * 20_000])
def test_long_texts_take_no_square_of_their_length(text: str) -> None:
    begun = time.process_time()
    for _ in zip(range(100), calls(text), strict=False):
        pass
    assert time.process_time() - begun < 10
