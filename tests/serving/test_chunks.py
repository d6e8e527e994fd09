"""Bodies in chunks are read strictly, however they are cut on their way."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.serving.messages.chunks import EXTENSION_BYTES, MAX_CHUNKS, SIZE_LINE_BYTES, Chunks
from collab.serving.messages.refusals import Refused

#: What is not a chunked body (RFC 9112 §7.1), and what it gets.
MALFORMED = {
    "no number": b"zz\r\n",
    "a prefix": b"0x2\r\nab\r\n0\r\n\r\n",
    "a sign": b"+2\r\nab\r\n0\r\n\r\n",
    "a minus": b"-2\r\nab\r\n0\r\n\r\n",
    "an underscore": b"1_0\r\nab\r\n0\r\n\r\n",
    "a blank before": b" 2\r\nab\r\n0\r\n\r\n",
    "a blank after it": b"2 \r\nab\r\n0\r\n\r\n",
    "nothing": b"\r\nab\r\n0\r\n\r\n",
    "a huge number": b"f" * 17 + b"\r\n",
    "other digits": "٢\r\nab\r\n0\r\n\r\n".encode(),
    "a bare LF after the size": b"2\nab\r\n0\r\n\r\n",
    "a bare CR after the size": b"2\rab\r\n0\r\n\r\n",
    "a bare LF after the chunk": b"2\r\nab\n0\r\n\r\n",
    "too much in the chunk": b"2\r\nabc\r\n0\r\n\r\n",
    "too little in the chunk": b"3\r\nab\r\n0\r\n\r\n",
    "a bare LF at the end": b"2\r\nab\r\n0\n\n",
    "a trailer without a name": b"0\r\n: x\r\n\r\n",
    "a trailer without a colon": b"0\r\nnonsense\r\n\r\n",
    "a trailer with a NUL": b"0\r\nA: \x00\r\n\r\n",
    "a blank before the colon": b"0\r\nA : b\r\n\r\n",
    "a folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "a length in the trailer": b"0\r\nContent-Length: 5\r\n\r\n",
    "a bare LF in the trailer": b"0\r\nA: b\n\r\n",
    "an extension without a name": b"2;=x\r\nab\r\n0\r\n\r\n",
    "a CR in an extension": b"2;a=\rb\r\nab\r\n0\r\n\r\n",
    "an endless line": b"2;" + b"a" * SIZE_LINE_BYTES,
}


def read(*pieces: bytes) -> tuple[bytes, bytes, bool]:
    """Return what was in the chunks, what lies after them, and whether they were whole."""
    found = bytearray()
    chunks, rest = Chunks(found.extend), b""
    for piece in pieces:
        rest += piece if chunks.whole else chunks.feed(piece)
    return bytes(found), rest, chunks.whole


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(
    st.lists(st.binary(min_size=1, max_size=40)),
    st.sampled_from([b"", b";a", b' ; a = "x\\"y"', b";a=b;c"]),
    st.sampled_from([b"", b"A: b\r\n", b"A: b\r\nC:\r\n"]),
    st.binary(max_size=10),
    st.lists(st.integers(0, 10_000)),
)
def test_what_is_in_them_is_the_same_however_they_are_cut(
    bodies: list[bytes], extension: bytes, trailer: bytes, behind: bytes, places: list[int]
) -> None:
    sent = b"".join(b"%X%s\r\n%s\r\n" % (len(one), extension, one) for one in bodies)
    sent += b"0" + extension + b"\r\n" + trailer + b"\r\n"
    assert read(*cut(sent + behind, places)) == (b"".join(bodies), behind, True)
    assert not read(sent[:-1])[2]


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "byte by byte"])
def test_what_is_malformed_is_400(sent: bytes, at_once: bool) -> None:
    with pytest.raises(Refused) as refused:
        read(*([sent] if at_once else [bytes((byte,)) for byte in sent]))
    assert refused.value.status == 400


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_nothing_but_a_refusal_comes_of_nonsense(sent: bytes, places: list[int]) -> None:
    """Whether it is refused doesn't hang on how it is cut, either."""

    def outcome(*pieces: bytes) -> object:
        try:
            return read(*pieces)
        except Refused as refused:
            return refused.status

    assert outcome(*cut(sent, places)) == outcome(sent)


def test_too_many_chunks_are_refused() -> None:
    with pytest.raises(Refused):
        read(b"1\r\na\r\n" * (MAX_CHUNKS + 1))


def test_too_long_extensions_are_refused() -> None:
    line = b"1;" + b"a" * (SIZE_LINE_BYTES - 10) + b"\r\na\r\n"
    with pytest.raises(Refused):
        read(line * (EXTENSION_BYTES // SIZE_LINE_BYTES + 2))
