"""Draw the pipeline as the code has it, into docs/pipeline.md: `python docs/draw_pipeline.py`.

The stages, their order, what ends at each and the sentence about each are read from
`collab/ingest/pipeline/stages.py`. The diagram is Mermaid's, which GitHub shows; a test compares
the page with what this draws.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path(__file__).with_name("pipeline.md")
BEGIN = "<!-- drawn by docs/draw_pipeline.py -->"
END = "<!-- end of what is drawn -->"

#: What stands before the first stage: doors, and what they do.
DOORS = ("plain events, NDJSON", "CloudEvents", "Segment's libraries", "a person's token")
ENDS = {
    "dead letter": 'letters[("dead_letters")]',
    "duplicate": 'known(["counted as duplicate"])',
    "stored": 'store[("events, minutes")]',
}


def diagram() -> str:
    """Return the way of an event, as Mermaid."""
    from collab.ingest.pipeline.stages import STAGES

    lines = ["```mermaid", "flowchart LR", "  subgraph doors [Doors: one row a request, synced]"]
    lines += [f'    door{number}["{name}"]' for number, name in enumerate(DOORS)]
    lines += ["  end", '  inbox[("inbox")]', "  doors --> inbox", "  subgraph worker [Worker]"]
    lines += [f"    {stage.name}[{stage.name}]" for stage in STAGES]
    for before, after in pairwise(STAGES):
        way = " -- plugins --> " if before.name == "validate" else " --> "
        lines.append(f"    {before.name}{way}{after.name}")
    lines += ["  end", f"  inbox --> {STAGES[0].name}"]
    named: dict[str, str] = {}
    for stage in STAGES:
        if stage.ends_as:
            node = ENDS[stage.ends_as]
            name = node.split("[")[0].split("(")[0]
            lines.append(f"  {stage.name} --> {name if stage.ends_as in named else node}")
            named[stage.ends_as] = name
    lines += ['  inbox --> archive[("archive, by the hour")]', "  letters -. replay .-> inbox"]
    return "\n".join([*lines, "```"])


def table() -> str:
    """Return what each stage does, by the first line of its docstring."""
    from collab.ingest.pipeline.stages import STAGES

    rows = ["| stage | what it does | looks at | may end as |", "| --- | --- | --- | --- |"]
    for stage in STAGES:
        does = (stage.run.__doc__ or "").strip().split("\n")[0].rstrip(".").replace("|", "\\|")
        many = "one event" if stage.single else "all of a load"
        rows.append(f"| `{stage.name}` | {does} | {many} | {stage.ends_as or '-'} |")
    return "\n".join(rows)


def draw() -> str:
    """Return the page with the drawing as it is now."""
    before, rest = PAGE.read_text().split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{diagram()}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(draw())
