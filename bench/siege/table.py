"""The table of a siege: a row for each attack, before and after beside one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from bench._stats import markdown
from bench.siege.target import ATTACKS, Verdict
from bench.siege.world import Seen

HEAD = (
    "attack",
    "held",
    "p50 ms",
    "p99 ms",
    "refused",
    "cut off",
    "lost + doubled",
    "edits lost",
    "MiB grown",
    "restarts",
    "MiB of disk",
)


#: The row of the last round.
TOGETHER = "all at once"


@dataclass
class Row:
    """What became of a group of attacks; `seen` is None where the server did not come back."""

    name: str
    verdicts: dict[str, Verdict]
    seen: Seen | None

    @property
    def held(self) -> bool:
        """Tell whether the promise stands and nobody took harm."""
        held = all(one.held for one in self.verdicts.values())
        return held and self.seen is not None and self.seen.unharmed

    def cells(self) -> list[str]:
        """Return what the table shows of it."""
        if (seen := self.seen) is None:
            return ["no", *["-"] * 9]
        return [
            "yes" if self.held else "no",
            f"{seen.p50_ms:.0f}",
            f"{seen.p99_ms:,.0f}",
            f"{seen.refused} of {seen.asked}",
            str(seen.cuts),
            f"{seen.lost} + {seen.doubled}",
            f"{seen.edits_lost} of {seen.edits}",
            f"{seen.grown_mib:.0f}",
            str(seen.restarts),
            f"{seen.disk_mib:.0f}",
        ]

    def line(self) -> str:
        """Return it as a line for whoever waits."""
        named = zip(HEAD[1:], self.cells(), strict=True)
        said = ", ".join(f"{name} {cell}" for name, cell in named)
        fell = (f"{name}: {one.said}" for name, one in self.verdicts.items() if not one.held)
        return f"{self.name}: {said}; fell: {' | '.join(fell) or 'none'}"

    def data(self) -> dict[str, Any]:
        """Return it for a file."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Row:
        """Return what `data` was made of."""
        seen = Seen(**data["seen"]) if data["seen"] else None
        verdicts = {name: Verdict(**one) for name, one in data["verdicts"].items()}
        return cls(data["name"], verdicts, seen)


def table(rows: list[Row], before: list[Row]) -> str:
    """Return both tables: what friends saw of a group, and what became of each attack."""
    earlier = {row.name: row for row in before}
    lines: list[tuple[str, ...]] = []
    notes: list[tuple[str, ...]] = []
    for row in rows:
        was = earlier.get(row.name)
        cells = row.cells()
        if was:
            pairs = zip(was.cells(), cells, strict=True)
            cells = [one if one == two else f"{one} → **{two}**" for one, two in pairs]
        lines.append((row.name, *cells))
        if row.name != TOGETHER:
            notes += _notes(row, was, compared=bool(before))
    second = ("attack", "what is sent", *(["before"] if before else []), "what came of it")
    return markdown(HEAD, lines) + "\n\n" + markdown(second, notes).replace("--:", "---")


def _notes(row: Row, was: Row | None, *, compared: bool) -> Iterator[tuple[str, ...]]:
    for name, verdict in row.verdicts.items():
        earlier = was.verdicts.get(name) if was else None
        said = [*([_said(earlier)] if compared else []), _said(verdict)]
        yield (name, ATTACKS[name].sends, *said)


def _said(verdict: Verdict | None) -> str:
    if verdict is None:
        return "-"
    text = verdict.said.replace("|", "/").replace("\n", " ")
    return f"{'' if verdict.held else '**fell**: '}{text}"
