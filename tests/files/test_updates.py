"""What an update may be is known before the CRDT's library sees it."""

from __future__ import annotations

import pytest
from pycrdt import Doc, Map, Text

from collab.files.editing.document import Document
from collab.files.updates import bounds, parsing
from collab.files.updates.bounds import Unusable
from collab.files.updates.owners import Foreign

from ..support.updates import (
    ANY,
    DELETED,
    GC,
    SKIP,
    STRING,
    TYPE,
    blank,
    item,
    nested,
    number,
    section,
    sized,
    text,
    update,
)

ALICE, BOB = 1, 2
#: An element of a list beside the text.
LIST = "m"


def of(*structs: bytes, client: int = 7, clock: int = 0) -> bytes:
    return update(section(client, clock, *structs))


def any_of(*values: bytes) -> bytes:
    return item(ANY, number(len(values)) + b"".join(values), parent=LIST)


def json_in(levels: int) -> bytes:
    return item(5, sized(b"[" * levels + b"]" * levels), parent=LIST)


def types(levels: int, client: int = 7, clock: int = 0) -> list[bytes]:
    """Return arrays, each in the one before."""
    inner = [item(TYPE, b"\0", parent=(client, clock + n)) for n in range(levels - 1)]
    return [item(TYPE, b"\0", parent=LIST), *inner]


TOO_DEEP = [
    of(any_of(nested(101))),
    of(any_of(nested(50_000))),
    of(any_of(nested(50_000, b"\x76\x01\x01k"))),
    of(any_of(b"\x7e", nested(200))),
    of(json_in(101)),
    of(json_in(50_000)),
    of(item(6, sized(b"bold") + sized(b'{"a":' * 200 + b"1" + b"}" * 200))),
    of(item(9, sized(b"guid") + b"\x76\x01\x04meta" + nested(500))),
    of(*types(102)),
    of(*types(15_000)),
]


@pytest.mark.parametrize("data", TOO_DEEP, ids=range(len(TOO_DEEP)))
def test_what_is_nested_too_deep_is_refused_before_the_library_sees_it(data: bytes) -> None:
    document = Document()
    document.change(("hello",))
    with pytest.raises(Unusable, match="deeper"):
        document.merge(data)
    assert document.units == "hello"


def test_a_hundred_levels_are_taken() -> None:
    document = Document()
    for data in (of(any_of(nested(100))), of(json_in(100), client=8), of(*types(100, 9), client=9)):
        assert document.merge(data) is not None
    again = Document()
    again.load([document.state()])
    assert (again.sound, again.vector()) == (True, document.vector())


def test_types_are_counted_through_over_many_updates() -> None:
    """Tens of thousands of them, each in the one before, made the library delete recursively."""
    document = Document()
    made = types(15_000)
    for clock, struct in enumerate(made[:101]):
        document.merge(of(struct, clock=clock))
    with pytest.raises(Unusable, match="types are nested"):
        document.merge(of(made[101], clock=101))
    assert document.merge(of(*made[102:], clock=102)) is None
    assert document.merge(update(deletes={7: [(0, 1)]})) is not None
    beside = item(TYPE, b"\0", left=(7, 3))
    assert document.merge(of(beside, client=8)) is not None
    deep = Document()
    deep.load([document.state()])
    assert deep.vector() == document.vector()


def test_what_stands_beside_something_deep_is_as_deep() -> None:
    document = Document()
    document.merge(of(*types(101)))
    document.merge(of(item(TYPE, b"\0", left=(7, 100)), client=8))
    with pytest.raises(Unusable, match="types are nested"):
        document.merge(of(item(TYPE, b"\0", parent=(8, 0)), client=9))
    loaded = Document()
    loaded.load([document.state()])
    with pytest.raises(Unusable, match="types are nested"):
        loaded.merge(of(item(TYPE, b"\0", parent=(8, 0)), client=9))


@pytest.mark.parametrize(("first", "then"), [("content", "beside"), ("beside", "content")])
def test_nothing_goes_on_in_another_place(first: str, then: str) -> None:
    """The library put it after its beginning, and told of a change in the other place."""
    document = Document()
    document.merge(of(text("a"), client=8))
    document.merge(of(item(STRING, sized(b"abc"), parent=first)))
    known = document.units
    with pytest.raises(Unusable, match="in another place"):
        document.merge(of(item(STRING, sized(b"abcd"), parent=then)))
    nothing_new = of(item(STRING, sized(b"abc"), parent=then))
    assert document.merge(nothing_new) is None
    assert document.merge(of(item(STRING, sized(b"abcd"), parent=first))) is not None
    assert document.units == (known.replace("abc", "abcd") if first == "content" else known)


LARGE = 2**32 - 1
NO_UPDATES = {
    "a client twice": update(section(5, 0, text("a")), section(5, 1, text("b"))),
    "deletes of a client twice": update() [:-1] + b"\2\5\1\0\1\5\1\0\1",
    "something after its end": of(text("a")) + b"\0",
    "a cut end": of(text("a"))[:-2],
    "a clock near 2^32": of(blank(GC, LARGE)),
    "a first clock near 2^32": of(text("a"), clock=LARGE - 1),
    "clocks that add up": of(blank(GC, 2**30), blank(GC, 2**30), blank(GC, 2**30)),
    "deleted content near 2^32": of(item(DELETED, number(LARGE))),
    "a deleted clock near 2^32": update(deletes={5: [(LARGE, 1)]}),
    "a deleted length near 2^32": update(deletes={5: [(0, LARGE)]}),
    "a number past 2^53": of(text("a"), client=2**53),
    "a number past 2^64": update(b"\1" + b"\xff" * 9 + b"\x7f" + b"\0" + text("a")),
    "a number longer than it need be": update(b"\1\x85\0\0" + text("a")),
    "structs that are not there": b"\1\xff\xff\xff\xff\x0f\5\0",
    "clients that are not there": b"\xff\xff\xff\xff\x0f",
    "ranges that are not there": b"\0\1\5\xff\xff\xff\xff\x0f",
    "values that are not there": of(item(ANY, number(2**40))),
    "an object that is not there": of(any_of(b"\x76" + number(2**40))),
    "text that is not UTF-8": of(item(4, sized(b"\xed\xa0\xbd"))),
    "a root that is not UTF-8": of(b"\4\1\1\xff\1a"),
    "text of no length": of(text("")),
    "GC of no length": of(blank(GC, 0)),
    "deleted content of no length": of(item(DELETED, b"\0")),
    "a range of no length": update(deletes={5: [(0, 0)]}),
    "GC with neighbours": of(b"\x80\1\0\1"),
    "Skip with neighbours": of(b"\x4a\1\0\1"),
    "a move": of(item(11, b"\0\1\0\1\0")),
    "a content that Yjs has not": of(item(31, b"\0")),
    "a type that Yjs has not": of(item(TYPE, b"\7")),
    "a hook": of(item(TYPE, b"\5\1h")),
    "a value that lib0 has not": of(any_of(b"\x60")),
    "JSON that is none": of(item(5, sized(b"{"), parent=LIST)),
    "JSON of Python's alone": of(item(5, sized(b"NaN"), parent=LIST)),
    "a sub-document without options": of(item(9, sized(b"guid") + b"\x7e", parent=LIST)),
    "a sub-document that calls": of(
        item(9, sized(b"guid") + b"\x76\1\x08gcFilter\x7d\1", parent=LIST)
    ),
    "a struct beside a later one": of(text("a", left=(7, 0))),
    "a struct before a later one": of(text("a", right=(7, 5))),
    "a struct in a later one": of(item(TYPE, b"\0", parent=(7, 0))),
    "a parent that is neither": of(b"\4\2\1a\1a"),
}  # fmt: skip


@pytest.mark.parametrize("what", NO_UPDATES)
def test_what_stock_yjs_never_sends_is_refused_and_changes_nothing(what: str) -> None:
    document = Document()
    document.change(("hello",))
    before = document.state()
    with pytest.raises(Unusable):
        document.merge(NO_UPDATES[what])
    assert (document.units, document.state()) == ("hello", before)


def test_more_than_the_bounds_is_refused() -> None:
    many = [text("a") for _ in range(bounds.MAX_STRUCTS + 1)]
    clients = [section(client, 0, text("a")) for client in range(bounds.MAX_CLIENTS + 1)]
    ranges = [(2 * clock, 1) for clock in range(bounds.MAX_RANGES + 1)]
    values = any_of(*[b"\x7e"] * (bounds.MAX_VALUES + 1))
    others = {client: [(0, 1)] for client in range(bounds.MAX_RANGES)}
    for data in (
        of(*many),
        update(*clients),
        update(deletes={5: ranges}),
        update(deletes=others),
        of(values),
        of(item(5, sized(b"[" + b"1," * bounds.MAX_VALUES + b"1]"))),
    ):
        with pytest.raises(Unusable, match="more than"):
            parsing.read(data)


@pytest.mark.parametrize("vector", [b"", b"\1", b"\xff" * 9, b"\2\5\1\5\2", b"\0\0", b"\1\5\1\0"])
def test_what_is_no_state_vector_is_refused(vector: bytes) -> None:
    document = Document()
    with pytest.raises(Unusable):
        document.missing(vector)


def test_a_vector_that_claims_more_than_there_is_gets_nothing() -> None:
    document = Document()
    document.merge(of(text("hello")))
    assert document.missing(b"\2" + number(7) + number(2**40) + b"\5\5") == b"\0\0"


# -- whose an id is -------------------------------------------------------------------------------


def vector_of(document: Document) -> dict[int, int]:
    return parsing.read_vector(document.vector(), bounds.MAX_CLIENTS)


@pytest.mark.parametrize("margin", [0, 1, 5, 20, 2**31])
@pytest.mark.parametrize("all_it_has", [False, True])
def test_nobody_uses_up_the_ids_of_the_server_or_of_other_editors(
    margin: int, all_it_has: bool
) -> None:
    document = Document()
    document.change(("hello",))
    document.merge(of(text("world"), client=5), ALICE)
    for client, clock in vector_of(document).items():
        for kind in (GC, SKIP):
            poison = of(blank(kind, max(1, 2**32 - 1 - clock - margin)), client=client, clock=clock)
            with pytest.raises(Unusable):
                document.merge(poison, BOB, all_it_has=all_it_has)
            short = of(blank(kind, 1000), client=client, clock=clock)
            with pytest.raises(Foreign):
                document.merge(short, BOB, all_it_has=all_it_has)
    document.change((5, "!"))
    document.merge(of(text("!", left=(5, 4)), client=5, clock=5), ALICE)
    again = Document()
    again.load([document.state()])
    assert again.units == document.units
    assert sorted(again.units) == sorted("helloworld!!")


def test_an_editors_own_blank_is_taken() -> None:
    """Stock Yjs sends it for what is made and deleted in one transaction."""
    document = Document()
    assert document.merge(of(blank(GC, 3)), BOB) is not None
    assert document.merge(of(text("a"), clock=3), BOB) is not None
    assert document.units == "a"


def test_text_under_anothers_id_is_refused_where_it_is_sent_as_new() -> None:
    document = Document()
    document.merge(of(text("a"), client=5), ALICE)
    with pytest.raises(Foreign):
        document.merge(of(text("x", left=(5, 0)), client=5, clock=1), BOB)


def test_what_an_editor_has_from_another_is_left_to_its_own_editor() -> None:
    """Two tabs of a browser tell each other, beside the server; the first to come back has both."""
    document = Document()
    document.merge(of(text("a"), client=5), ALICE)
    alices = section(5, 1, text("b", left=(5, 0)))
    bobs = section(9, 0, text("c", left=(5, 0)), text("d", left=(5, 1)))
    merged = document.merge(update(alices, bobs), BOB, all_it_has=True)
    assert merged is not None
    assert document.lacks
    assert document.units == "ca"[::-1]
    assert document.merge(update(alices), ALICE) is not None
    assert sorted(document.units) == ["a", "b", "c", "d"]


def test_what_is_known_is_sent_again_by_anybody() -> None:
    document = Document()
    document.change(("hello",))
    document.merge(of(text("a"), client=5), ALICE)
    assert document.merge(document.state(), BOB, all_it_has=True) is None
    assert document.merge(document.state(), BOB) is None


def test_the_servers_ids_are_none_that_stock_yjs_takes() -> None:
    document = Document()
    document.change(("hello",))
    assert min(vector_of(document)) >= bounds.SERVERS_OWN > 2**32
    other: Doc = Doc()
    other.apply_update(document.state())
    assert str(other.get("content", type=Text)) == "hello"
    other.get("map", type=Map)["key"] = "value"
    assert document.merge(other.get_update(document.vector()), BOB) is not None


# -- what waits -----------------------------------------------------------------------------------

WAITS = {
    "a gap": (of(text("GAP", left=(7, 2)), clock=3), of(text("abc"))),
    "Skip": (of(blank(SKIP, 3), text("SKIP", left=(7, 2))), of(text("abc"))),
    "an origin": (of(text("x", left=(8, 0)), client=7), of(text("o"), client=8)),
    "a right origin": (of(text("x", right=(8, 0)), client=7), of(text("o"), client=8)),
    "a parent": (
        of(item(TYPE, b"\0", parent=(8, 0)), client=7),
        of(item(TYPE, b"\0", parent=LIST), client=8),
    ),
    "what is deleted": (update(deletes={8: [(0, 1)]}), of(text("o"), client=8)),
}


@pytest.mark.parametrize("what", WAITS)
def test_what_is_not_whole_is_neither_shown_nor_told_nor_kept_before_it_is(what: str) -> None:
    document = Document()
    told = [document.change(("hello",))]
    late, early = WAITS[what]
    assert document.merge(late) is None
    assert (document.units, document.lacks) == ("hello", True)
    assert document.state() == told[0]
    merged = document.merge(early)
    assert merged is not None
    assert len(vector_of(document)) == 2 + (what not in ("a gap", "Skip", "what is deleted"))
    again, state = Document(), Document()
    again.load([*told, merged.update])
    state.load([document.state()])
    assert again.units == state.units == document.units
    assert again.vector() == state.vector() == document.vector()


def test_of_two_that_refer_to_each_other_neither_is_taken() -> None:
    document = Document()
    circle = update(section(7, 0, text("a", left=(8, 0))), section(8, 0, text("b", left=(7, 0))))
    assert document.merge(circle) is None
    assert document.state() == b"\0\0"
