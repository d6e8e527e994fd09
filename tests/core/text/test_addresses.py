"""One mailbox has one spelling, two mailboxes have two."""

# ruff: noqa: RUF001 (letters of full width)

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.core.text.addresses import canonical, folded

ONE_MAILBOX = [
    ("josé@example.com", ["jose\u0301@example.com", "JOSÉ@EXAMPLE.COM", " josé@example.com\u00a0"]),
    ("x@münchen.de", ["x@xn--mnchen-3ya.de", "x@XN--MNCHEN-3YA.DE", "x@mu\u0308nchen.de"]),
    (
        "dot@example.com",
        [
            "dot@example.com.",
            "dot@example。com",
            "dot@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com",
        ],
    ),
    ("用户@例子.公司", ["用户@xn--fsqu00a.xn--55qX5d", "用户@例子。公司。"]),
    ("x@fa\u00df.de", ["x@xn--fa-hia.de", "X@FA\u00df.DE"]),
    ("a+b.c_d@a-b.example", ["A+B.C_D@A-B.EXAMPLE"]),
    (
        "taro.1@example.jp",
        ["ｔａｒｏ．１＠ｅｘａｍｐｌｅ．ｊｐ", "ＴＡＲＯ.1＠example.jp", "taro.1@example｡jp"],
    ),
    ("x@i-dont_know.example", ["x@I-DONT_KNOW.example"]),
    ("x@xn--i-7iq.ws", ["x@XN--I-7IQ.ws"]),
]
OTHERS = [
    ("straße@example.com", "strasse@example.com"),
    ("x@fa\u00df.de", "x@fass.de"),
    ("a.b@example.com", "ab@example.com"),
    ("\ufb01@example.com", "fi@example.com"),
    ("x@example.com", "x@example.com.au"),
]
NONE = [
    "=?utf-8?q?a?=@example.com",
    "alice\u200b@example.com",
    "rtl\u202e@example.com",
    "a\u3164@example.com",
    "a\u00adb@example.com",
    "a\ufe0f@example.com",
    "a\u00a0b@example.com",
    "x@exam\u200bple.com",
    "x@exam\u00adple.com",
    "a@b..com",
    "a@.b.com",
    "a@b.com..",
    "a@b",
    "a@-b.com",
    "a@b-.com",
    "a@" + "b" * 64 + ".com",
    "a@" + "b.c" * 90,
    '"a"@example.com',
    "a(b)@example.com",
    "a@b@example.com",
    "\u0301@example.com",
    "a@exa mple.com",
    "a@[192.0.2.1]",
    "@example.com",
    "example.com",
]


@pytest.mark.parametrize(("address", "spellings"), ONE_MAILBOX)
def test_spellings_of_one_mailbox_are_one(address: str, spellings: list[str]) -> None:
    assert {canonical(one) for one in [address, *spellings]} == {address}


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_mailboxes_stay_others(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("address", NONE, ids=ascii)
def test_what_nobody_can_see_or_write_to_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"^Must (be|have|not have) .*\.$"):
        canonical(address)


LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@given(LABELS, LABELS)
def test_the_one_spelling_is_its_own(local: str, label: str) -> None:
    address = f"{local}@{label}.example"
    try:
        found = canonical(address)
    except ValueError:
        assert folded(address) == address.strip().lower()
        return
    assert canonical(found) == found == found.lower() == unicodedata.normalize("NFC", found)
    for spelling in (unicodedata.normalize("NFD", address), address.lower(), f" {address}. "):
        assert folded(spelling) == found
