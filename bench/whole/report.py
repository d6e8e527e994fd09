"""The page of a run: its aims, its figures, its curves, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

from bench import _plot
from bench._stats import markdown, median
from bench.whole.aims import AIMS, Outcome, judge
from bench.whole.book import Book, Sample, Spread, shown, spread
from bench.whole.parts import PARTS

PLOTS = "plots"
LINE = 116
#: Of why something failed, so many letters; the rest is in what the run printed.
MAX_REASON = 400
SMOKE = "**A smoke: it shows that all runs, and its figures say nothing.**"
#: What a row shows of a work; the rest has a table of its own.
COLUMNS = ("rate", "p50", "p99", "CPU of the server")


def write(book: Book, path: Path) -> None:
    """Write the page, and a picture of each curve beside it."""
    pictures = path.parent / PLOTS
    pictures.mkdir(parents=True, exist_ok=True)
    for name, curve in book.curves.items():
        unit = f"{curve.unit}, by {curve.across}"
        picture = _plot.curves(curve.title, curve.series, unit)
        (pictures / f"{name}.svg").write_text(picture)
    path.write_text(page(book))


def page(book: Book) -> str:
    """Return the page."""
    parts = (head, failures, aims, figures, other_figures, curves)
    return "\n\n".join(text for part in parts if (text := part(book))) + "\n"


def head(book: Book) -> str:
    """Return what was run where."""
    about = book.head
    others = [share for one in book.samples.values() for share in one.others if share]
    disturbed = (
        f"{median(others):.0%} in the middle, {max(others):.0%} at the most" if others else "?"
    )
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    quiet = f"load of the machine {about['load'][0]:.1f} before, {about['load'][1]:.1f} after"
    return "\n\n".join(
        [
            "# What `python -m bench` has measured",
            *([SMOKE] if about["quick"] else []),
            wrapped(
                f"On {about['date']}, commit {about['commit']}, in {about['minutes']:.0f} minutes."
                f" {about['machine']}; servers on core 0, load on core 1."
                f" What others took of a core while something was measured: {disturbed}; {quiet}."
            ),
            wrapped(f"Peers: {versions}."),
            wrapped(
                "A figure is the median of the rounds; in brackets is what lies around it: the"
                " middle half of the rounds, or all where there are three or fewer. A ratio is"
                " taken within a round. How each is measured: [README](README.md)."
            ),
        ]
    )


def wrapped(text: str) -> str:
    """Break lines as the documentation's are."""
    return fill(text, LINE, break_long_words=False, break_on_hyphens=False)


def failures(book: Book) -> str:
    """Return what gave nothing, or not all."""
    if not book.failures:
        return ""
    told = {part: " ".join(reason.split())[:MAX_REASON] for part, reason in book.failures.items()}
    rows = [wrapped(f"- **{part}**: {reason}") for part, reason in told.items()]
    return "\n".join(["## What failed", "", *rows])


def aims(book: Book) -> str:
    """Return the table of aims, of the parts that were asked for."""
    asked = book.head["parts"]
    outcomes = [judge(aim, book) for aim in AIMS if aim.part in asked]
    met = sum(one.verdict.startswith("met") for one in outcomes)
    table = markdown(
        ("work", "of", "ours", "to", "theirs", "ratio", "aim", "which is"),
        (_row(one) for one in outcomes),
    )
    return f"## Aims\n\n{met} of {len(outcomes)} are met.\n\n{table}"


def _row(one: Outcome) -> list[str]:
    aim = one.aim
    mine, base = (_figure(sample) for sample in (one.mine, one.base))
    ratio = str(one.found) if one.found and (aim.base or aim.curve) else ""
    name = aim.work if aim.system == "ours" else f"{aim.work} ({aim.system})"
    to = aim.base_work.partition("/")[0] or aim.base
    of = "" if aim.metric == "rate" else aim.metric
    return [name, of, mine, to, base, ratio, aim.wanted, one.verdict]


def _figure(sample: Sample | None) -> str:
    return f"{_spread(sample)} {sample.unit}" if sample else ""


def _spread(sample: Sample) -> Spread:
    return spread(sample.values)


def figures(book: Book) -> str:
    """Return a row for each work of each system."""
    rows = {}
    for sample in book.samples.values():
        if sample.metric in COLUMNS:
            rows.setdefault((sample.work, sample.system), {})[sample.metric] = sample
    if not rows:
        return ""
    head_row = ("work", "system", "rate", "p50 ms", "p99 ms", "CPU µs", "others, most", "rounds")
    table = markdown(head_row, (_figures(*key, found) for key, found in rows.items()))
    return f"## Figures\n\n{table}"


def _figures(work: str, system: str, found: dict[str, Sample]) -> list[str]:
    cells = [str(_spread(found[name])) if name in found else "" for name in COLUMNS]
    if "rate" in found:
        cells[0] += f" {found['rate'].unit}"
    others = max(share for one in found.values() for share in one.others)
    rounds = max(len(one.values) for one in found.values())
    return [work, system, *cells, f"{others:.0%}", str(rounds)]


def other_figures(book: Book) -> str:
    """Return what is neither a rate nor a latency."""
    rows = [
        [one.work, one.system, one.metric, f"{_spread(one)} {one.unit}"]
        for one in book.samples.values()
        if one.metric not in COLUMNS
    ]
    return markdown(("work", "system", "of", "found"), rows) if rows else ""


def curves(book: Book) -> str:
    """Return each curve as a picture, with its numbers."""
    parts = []
    for name, curve in book.curves.items():
        sizes = sorted({x for points in curve.series.values() for x, _ in points})
        head_row = (curve.across, *(f"{size:,.0f}" for size in sizes))
        rows = [
            [f"{series}, {curve.unit}", *(_at(points, size) for size in sizes)]
            for series, points in curve.series.items()
        ]
        picture = f"![{curve.title}]({PLOTS}/{name}.svg)"
        parts.append(f"### {curve.title}\n\n{picture}\n\n{markdown(head_row, rows)}")
    return "\n\n".join(["## Curves", *parts]) if parts else ""


def _at(points: list[tuple[float, float]], size: float) -> str:
    return next((shown(y) for x, y in points if x == size), "")


def asked_for(only: list[str]) -> list[str]:
    """Return the parts that are meant, in their order; all, if none is named."""
    return [name for name in PARTS if not only or name in only]
