"""The bytes of a stream become text, wherever they are split; what is over the bound is dropped."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from collab.execution.output import MAX_KEPT_BYTES, Output


def outputs(pieces: list[bytes]) -> tuple[Output, str]:
    """Feed a stream; return it and what it told."""
    told: list[str] = []
    output = Output("stdout", lambda stream, text: told.append(text))
    for piece in (*pieces, b""):
        output.take(piece)
    return output, "".join(told)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_any_split_gives_the_same_text(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut <= len(data)), len(data)]
    pieces = [data[low:high] for low, high in itertools.pairwise(edges) if low < high]
    output, told = outputs(pieces)
    assert output.text == told == data.decode(errors="replace")
    assert not output.truncated


@given(st.text(max_size=50), st.integers(1, 2000))
def test_what_is_kept_is_the_beginning_and_never_too_much(text: str, times: int) -> None:
    whole = (text * times).encode()
    pieces = [whole[low : low + 7000] for low in range(0, len(whole), 7000)]
    output, told = outputs(pieces)
    kept = output.text.encode()
    assert output.text == told
    assert whole.startswith(kept)
    assert output.truncated == (len(whole) > MAX_KEPT_BYTES)
    assert min(len(whole), MAX_KEPT_BYTES - 3) <= len(kept) <= MAX_KEPT_BYTES


def test_the_end_may_come_twice() -> None:
    output, _ = outputs([b"\xe2\x82"])
    output.take(b"")
    assert output.text == "\ufffd"
