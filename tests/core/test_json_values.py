"""JSON is bounded by what it becomes: by its values, and not only by its bytes and its depth."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from collab.core.json import MAX_VALUES, Stored, TooManyValues, count_values, dumps, loads_sent
from collab.core.schemas import WholeNumber

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text('ab,:[{"\\}]\n😀'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('a,:[{"\\'), inner),
    max_leaves=30,
)


def values_in(value: Any) -> int:
    """Count values, and names of members."""
    if isinstance(value, dict):
        return 1 + sum(1 + values_in(member) for member in value.values())
    if isinstance(value, list):
        return 1 + sum(map(values_in, value))
    return 1


@given(value=ANY, indent=st.none() | st.just(1), escaped=st.booleans())
def test_no_value_goes_uncounted_and_no_text_counts_as_one(
    value: Any, indent: int | None, escaped: bool
) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=escaped).encode()
    empty = data.count(b"{}") + data.count(b"[]")  # counted as if something were in them
    assert values_in(value) <= count_values(data, 0) <= values_in(value) + empty


@given(text=st.text('",:[{\\}]a'))
def test_counting_never_fails_and_never_counts_more_than_bytes(text: str) -> None:
    data = text.encode()
    assert count_values(data, 0) <= 1 + len(data)


@pytest.mark.parametrize("item", ["{}", "[]", "0", '""', '{"":0}', "[[]]", " {} ", '"\\\\"'])
def test_a_body_of_many_small_values_is_refused_before_it_is_read(item: str) -> None:
    body = f"[{','.join([item] * (MAX_VALUES + 1))}]"
    with pytest.raises(TooManyValues):
        loads_sent(body.encode())
    with pytest.raises(TooManyValues):
        loads_sent(body)


def test_text_full_of_signs_is_one_value() -> None:
    text = 'x = {"a": [1, 2, {"b": "\\\\"}]}\n' * 20_000
    assert loads_sent(dumps([text])) == [text]


def test_stored_json_goes_out_as_it_is_kept_and_is_read_on_demand() -> None:
    kept = Stored('{"a": [1,  2], "b": null}')
    assert dumps({"data": kept}) == b'{"data":{"a": [1,  2], "b": null}}'
    assert kept == {"a": [1, 2], "b": None}
    assert kept["a"] == [1, 2]


@pytest.mark.parametrize("sent", [5, 5.0])
def test_a_number_without_a_fraction_is_a_whole_one(sent):
    assert WholeNumber().deserialize(sent) == 5


@pytest.mark.parametrize("sent", ["5", True, 5.5, None, []])
def test_nothing_else_is_a_whole_number(sent):
    with pytest.raises(ValidationError):
        WholeNumber().deserialize(sent)
