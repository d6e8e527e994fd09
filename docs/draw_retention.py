"""Write the table of docs/settings.md that says how long rows are kept, from what packages declare.

python docs/draw_retention.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from collab import create_app
from collab.core.personal.declared import KEPT, Days, Kept, Span

PAGE = Path(__file__).parent / "settings.md"
HEADING = "## How long everything is kept\n"
INTRO = """
`docs/draw_retention.py` draws this table from what packages declare about their tables. Files are
deleted with the rows that name them; logs are 2 MiB and three older files; you delete backups
yourself. Events about refusals, accounts and sessions stay for `AUDIT_RETENTION_DAYS`. A setting of
0 keeps things for ever.
"""


def said(one: Kept) -> str:
    """Return when the rows of a table are deleted."""
    if isinstance(one.goes, Days):
        return f"`{one.goes.setting}`"
    return one.goes.time if isinstance(one.goes, Span) else f"no time: {one.goes.why}"


def drawn() -> str:
    """Return the section."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"INSTANCE_PATH": folder})
        rows = [f"| `{one.table}` | {said(one)} |" for one in KEPT.of(app).values()]
    return "\n".join([HEADING, INTRO.strip(), "", "| rows of | go after |", "| --- | --- |", *rows])


def redrawn(page: str) -> str:
    """Return the page with the section at its end as it is now."""
    return page.partition(HEADING)[0].rstrip("\n") + "\n\n" + drawn() + "\n"


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text()))
