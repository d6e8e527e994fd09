"""How a workbook shows its numbers: which of them are dates, times or durations.

Nothing else is read of its styles. openpyxl also reads fonts, fills and borders, and rejects a
workbook for one that it does not understand, such as the empty fills that some programs write.
"""

from __future__ import annotations

from typing import IO, Any

from defusedxml.ElementTree import iterparse
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.xml.constants import SHEET_MAIN_NS

#: Formats that Excel has only by number in East Asia and in Thailand (ECMA-376 §18.8.30). Those
#: that are a time in one language and a date in another are dates: a time shows by its value.
_DATE_NUMBERS = (*range(27, 32), *range(34, 37), *range(50, 59), *range(71, 75), 77, 81)
REGIONAL_FORMATS = (
    dict.fromkeys(_DATE_NUMBERS, "yyyy-mm-dd")
    | dict.fromkeys((32, 33, 75, 76, 78, 80), "h:mm:ss")
    | {79: "[h]:mm:ss"}
)


class Styles:
    """The number formats of a workbook's styles."""

    def __init__(self, formats: list[str]) -> None:
        self._formats = formats
        found = list(enumerate(formats))
        self.dates = {style for style, one in found if is_date_format(one)}
        self.durations = {style for style, one in found if is_timedelta_format(one)}

    def format_of(self, style: int) -> str:
        """Return how a style shows numbers, in lower case."""
        return self._formats[style].lower()


def read_styles(source: IO[bytes]) -> Styles:
    """Read the styles of cells, without fonts, fills and borders."""
    number, kinds, kind = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("numFmt", "cellXfs", "xf"))
    own: dict[int, str] = {}
    numbers: list[int] = []
    root: Any = None
    inside = False
    for event, node in iterparse(source, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            root = node if root is None else root
            inside = inside or node.tag == kinds
        elif node.tag == number:
            own[int(node.get("numFmtId"))] = node.get("formatCode") or ""
        elif node.tag == kind and inside:
            numbers.append(int(node.get("numFmtId") or 0))
        elif node.tag == kinds:
            inside = False
            root.clear()
    return Styles([_format(one, own) for one in numbers])


def _format(number: int, own: dict[int, str]) -> str:
    if number in own:
        return own[number]
    return str(BUILTIN_FORMATS.get(number) or REGIONAL_FORMATS.get(number) or "General")
