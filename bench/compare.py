"""What has changed between two runs: `python -m bench.compare a.json b.json`.

A change is the later run's median by the earlier one's; its spread is what the middle halves of
the rounds allow. It is marked where they do not overlap, and is more than a few hundredths. Where a
peer was measured in the same round, the ratio to it is compared, too: the machine's moods are not
in it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench._stats import markdown, median
from bench.whole.aims import AIMS
from bench.whole.book import Book, Sample, Spread, load, ratios, shown, spread

#: A change below is none, however narrow the spread.
LEAST = 0.03
#: Of what more is better; of everything else (latency, memory, processor time), less is.
MORE_IS_BETTER = {"rate", "open", "opened"}


@dataclass(frozen=True)
class Change:
    """A figure in two runs."""

    work: str
    system: str
    of: str
    before: list[float]
    after: list[float]
    unit: str
    more_is_better: bool

    @property
    def times(self) -> Spread:
        """The later figure in times of the earlier one."""
        old, new = spread(self.before), spread(self.after)
        return Spread(new.middle / old.middle, new.low / old.high, new.high / old.low)

    @property
    def verdict(self) -> str:
        """`better` or `worse` where it is more than the noise, or nothing."""
        times = self.times
        if times.low <= 1 <= times.high or abs(times.middle - 1) < LEAST:
            return ""
        return "better" if (times.middle > 1) is self.more_is_better else "**worse**"


def changes(before: Book, after: Book) -> Iterator[Change]:
    """Yield what both have measured, and the ratios that are aimed at."""
    for key, old in before.samples.items():
        new = after.samples.get(key)
        if new and all(old.values) and all(new.values):
            better = old.metric in MORE_IS_BETTER
            unit = old.unit
            yield Change(old.work, old.system, old.metric, old.values, new.values, unit, better)
    yield from _ratios(before, after)


def _ratios(before: Book, after: Book) -> Iterator[Change]:
    for aim in AIMS:
        if aim.base and not aim.base_work:
            key, base = (aim.work, aim.system, aim.metric), (aim.work, aim.base, aim.metric)
            old, new = _ratio(before, key, base), _ratio(after, key, base)
            of = f"{aim.metric} to {aim.base}"
            if old and new:
                yield Change(aim.work, aim.system, of, old, new, "x", not aim.most)


def _ratio(book: Book, key: tuple[str, str, str], base: tuple[str, str, str]) -> list[float]:
    mine, theirs = book.samples.get(key), book.samples.get(base)
    return ratios(mine.values, theirs.values) if mine and theirs else []


def mood(before: Book, after: Book) -> float:
    """Return how much faster the peers have become, who are the same: the machine's doing."""
    found = [
        spread(after.samples[key].values).middle / spread(old.values).middle
        for key, old in before.samples.items()
        if _is_a_peers_rate(old) and key in after.samples
    ]
    return median(found) if found else 1.0


def _is_a_peers_rate(sample: Sample) -> bool:
    return sample.metric == "rate" and not sample.system.startswith("ours")


def page(before: Book, after: Book, everything: bool) -> str:
    """Return what is said of two runs."""
    found = list(changes(before, after))
    marked = [one for one in found if one.verdict]
    about = [f"{one.head['commit']} ({one.head['date']})" for one in (before, after)]
    lines = [
        f"{about[0]} to {about[1]}: {len(marked)} of {len(found)} figures have changed by more"
        f" than the noise. The peers' rates are {shown(mood(before, after))} times those before.",
        markdown(
            ("work", "system", "of", "before", "after", "times", "which is"),
            (_row(one) for one in (found if everything else marked)),
        ),
    ]
    lost = [" ".join(key) for key in before.samples if key not in after.samples]
    lines += [f"Not measured any more: {'; '.join(lost)}."] if lost else []
    return "\n\n".join(lines)


def _row(one: Change) -> list[str]:
    before, after = (f"{shown(median(values))} {one.unit}" for values in (one.before, one.after))
    return [one.work, one.system, one.of, before, after, str(one.times), one.verdict]


def main() -> None:
    """Read both and print what has changed."""
    parser = argparse.ArgumentParser(prog="bench.compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--all", action="store_true", help="also what has not changed")
    options = parser.parse_args()
    print(page(load(options.before), load(options.after), options.all))


if __name__ == "__main__":
    main()
