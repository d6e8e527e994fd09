"""Charts: bars in the frame and in proportion, round scales, and XML whatever the labels."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.reports.charts import (
    Bar,
    Words,
    bar_chart,
    clean,
    column_chart,
    compact,
    shortened,
    ticks,
)

from .making import SVG, drawn, shapes

WORDS = Words("key", "A title", "A description")
#: Lengths are written with two decimals, and two of them are compared.
ROUNDING = 0.011

#: Any text, also what is not allowed in XML.
TEXTS = st.text(st.characters(), max_size=120)
COUNTS = st.integers(0, 2**63 - 1)
BARS = st.lists(st.builds(Bar, TEXTS, COUNTS, TEXTS), max_size=60)
WIDTHS = st.sampled_from([340, 720])


def in_frame(svg: str) -> None:
    """Assert that every bar, line and start of a text is within the view box."""
    chart = drawn(svg)
    _, _, width, height = map(float, chart.attrib["viewBox"].split())
    for bar in shapes(chart, "rect", "bar"):
        assert -ROUNDING <= bar["x"] <= bar["x"] + bar["width"] <= width + ROUNDING
        assert -ROUNDING <= bar["y"] <= bar["y"] + bar["height"] <= height + ROUNDING
    for text in chart.iter(SVG + "text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= height


@given(BARS, WIDTHS)
def test_columns_stay_in_the_frame(bars: list[Bar], width: int) -> None:
    in_frame(column_chart(WORDS, bars, width))


@given(BARS, WIDTHS)
def test_bars_stay_in_the_frame(bars: list[Bar], width: int) -> None:
    in_frame(bar_chart(WORDS, bars, width))


@given(BARS, WIDTHS)
def test_heights_of_columns_are_in_proportion(bars: list[Bar], width: int) -> None:
    chart = drawn(column_chart(WORDS, bars, width))
    values = [bar.value for bar in bars if bar.value]
    heights = [column["height"] for column in shapes(chart, "rect", "bar")]
    top = ticks(max(values, default=0))[-1]
    assert heights == pytest.approx([180 * value / top for value in values], abs=ROUNDING)


@given(BARS, WIDTHS)
def test_lengths_of_bars_are_in_proportion(bars: list[Bar], width: int) -> None:
    chart = drawn(bar_chart(WORDS, bars, width))
    longest = max((bar.value for bar in bars), default=0)
    lengths = [bar["width"] for bar in shapes(chart, "rect", "bar")]
    wanted = [width * bar.value / longest for bar in bars] if longest else []
    assert lengths == pytest.approx(wanted, abs=ROUNDING)


@given(st.integers(1, 365), WIDTHS)
def test_columns_do_not_overlap(count: int, width: int) -> None:
    chart = drawn(column_chart(WORDS, [Bar("1 Jan", 5)] * count, width))
    columns = shapes(chart, "rect", "bar")
    assert len(columns) == count
    for one, following in pairwise(columns):
        assert one["x"] + one["width"] <= following["x"] + ROUNDING


@given(st.integers(1, 365), WIDTHS)
def test_labels_below_columns_do_not_overlap(count: int, width: int) -> None:
    chart = drawn(column_chart(WORDS, [Bar("28 Nov", 5)] * count, width))
    labels = [one for one in chart.iter(SVG + "text") if one.text == "28 Nov"]
    middles = sorted(float(one.attrib["x"]) for one in labels)
    assert all(following - one >= 6 * 7 for one, following in pairwise(middles))


def test_the_last_column_always_has_its_label() -> None:
    bars = [Bar(f"day {number}", 1) for number in range(365)]
    assert ">day 364</text>" in column_chart(WORDS, bars, 340)


# -- scales ---------------------------------------------------------------------------------------


@given(st.integers(0, 10**24))
def test_a_scale_holds_the_highest_value_in_two_to_five_round_steps(highest: int) -> None:
    scale = ticks(highest)
    step = scale[1]
    assert 2 <= len(scale) <= 5
    assert scale == [step * number for number in range(len(scale))]
    assert scale[-2] < max(highest, 1) <= scale[-1]
    assert str(step).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("highest", "wanted"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (99, [0, 50, 100]),
        (115, [0, 50, 100, 150]),
    ],
)
def test_scales_are_what_a_person_would_choose(highest: int, wanted: list[int]) -> None:
    assert ticks(highest) == wanted


@given(st.integers(0, 2**63 - 1))
def test_no_two_ticks_of_a_scale_are_written_alike(highest: int) -> None:
    written = [compact(tick) for tick in ticks(highest)]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_500, "12.5k"),
        (1_000_000, "1M"),
        (1_500_000, "1.5M"),
        (2 * 10**9, "2B"),
        (3 * 10**12, "3T"),
        (10**16, "10,000T"),
    ],
)
def test_ticks_are_written_short(value: int, wanted: str) -> None:
    assert compact(value) == wanted


# -- nothing, and words ---------------------------------------------------------------------------


@pytest.mark.parametrize("bars", [[], [Bar("1 Jan", 0)], [Bar("1 Jan", 0), Bar("2 Jan", 0)]])
def test_columns_of_nothing_say_so(bars: list[Bar]) -> None:
    chart = drawn(column_chart(WORDS, bars, 720))
    texts = [one.text for one in chart.iter(SVG + "text")]
    assert texts[0] == "No events"
    assert not shapes(chart, "rect", "bar")


@pytest.mark.parametrize("draw", [bar_chart, column_chart])
def test_a_chart_is_named_by_its_title_and_described(draw: object) -> None:
    chart = drawn(draw(WORDS, [Bar("a", 1)], 340))  # type: ignore[operator]
    named = {one.get("id"): one.text for one in chart if one.tag in (SVG + "title", SVG + "desc")}
    assert chart.get("role") == "img"
    assert named[chart.get("aria-labelledby")] == "A title"
    assert named[chart.get("aria-describedby")] == "A description"


@given(TEXTS)
def test_a_label_is_shown_as_it_was_typed_but_for_what_xml_forbids(label: str) -> None:
    chart = drawn(bar_chart(WORDS, [Bar("x", 1, label)], 340))
    (rect,) = chart.iter(SVG + "rect")
    shown = "".join(rect.itertext())
    assert shown == clean(label).replace("\r\n", "\n").replace("\r", "\n")


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=120), st.integers(7, 400))
def test_a_shortened_text_is_the_beginning_of_the_whole(text: str, room: int) -> None:
    short = shortened(text, room)
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_wide_letters_take_the_room_of_two() -> None:
    assert shortened("王" * 30, 35 * 7) == "王" * 17 + "…"
    assert shortened("w" * 30, 35 * 7) == "w" * 30
