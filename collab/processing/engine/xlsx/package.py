"""Opening a workbook that somebody sent, without believing what it says.

A workbook is a zip with XML in it: both can be small and become large. Sizes are those that the zip
states, and reading keeps to them; XML with a document type is refused, since a workbook's has none
(ECMA-376 part 2), and what it declares can grow without bound.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml.constants import ARC_STYLE, SHARED_STRINGS, SHEET_MAIN_NS

from ..errors import TableError
from .strings import unescaped
from .styles import Styles, read_styles

MIB = 2**20
#: Parts in a workbook, and their bytes together, unpacked.
MAX_PARTS = 2_000
MAX_UNPACKED_BYTES = 256 * MIB
#: Bytes of the texts that its cells share, and of each other part that is held as a whole.
MAX_SHARED_BYTES = 64 * MIB
MAX_PART_BYTES = 16 * MIB
#: The only compression methods that a workbook may use.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

#: How files begin that are something else.
OLD_WORKBOOK_SIGNATURE = b"\xd0\xcf\x11\xe0"
ZIP_SIGNATURE = b"PK\x03\x04"

#: What the libraries raise for workbooks that are broken, or crafted to break them.
BROKEN_WORKBOOK_ERRORS = (
    DefusedXmlException,
    InvalidFileException,
    ParseError,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)


def bad_workbook(reason: str) -> TableError:
    """Make the error for a file that is not a workbook, or can't be read as one."""
    return TableError(
        "bad_xlsx",
        f"The file can't be read as a workbook (.xlsx): {reason}. Open it in a spreadsheet "
        "program, and save it as .xlsx or as CSV.",
    )


def too_large(what: str) -> TableError:
    """Make the error for a workbook that becomes too large."""
    return TableError("xlsx_too_large", f"The workbook has {what}: save the sheet as CSV.")


class Parts(zipfile.ZipFile):
    """The zip: its parts are found whatever the case of their names, and with backslashes.

    Names of parts are compared this way (ECMA-376 part 2, §6.2.2.3), and some programs rely on it.
    """

    def __init__(self, file: BinaryIO | Path) -> None:
        super().__init__(file)
        self.parts = {plain_name(one): one for one in self.infolist()}

    def getinfo(self, name: str) -> zipfile.ZipInfo:
        """Find a part; raises KeyError."""
        try:
            return self.parts[name.lower()]
        except KeyError:
            raise KeyError(f"it has no part {name[:60]!r}") from None


def plain_name(part: zipfile.ZipInfo) -> str:
    """Return the name of a part in the form used for comparing."""
    return part.filename.replace("\\", "/").lower()


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors with a workbook into a TableError."""
    try:
        yield
    except BROKEN_WORKBOOK_ERRORS as error:
        said = error.args[0] if isinstance(error, KeyError) else error  # whose message is quoted
        words = " ".join(str(said).split())[:200] or type(error).__name__
        raise bad_workbook(words.rstrip(".")) from None


def check_package(path: Path) -> None:
    """Check what a workbook would unpack to, before unpacking any of it."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == OLD_WORKBOOK_SIGNATURE:
        raise bad_workbook("it is an old one (.xls), or has a password")
    if head != ZIP_SIGNATURE:
        raise bad_workbook("it does not begin as one")
    with Parts(path) as archive:
        parts, names = archive.infolist(), archive.parts
    if "[content_types].xml" not in names:
        raise bad_workbook("it is a zip of something else")
    if len(parts) > MAX_PARTS or len(names) < len(parts):
        raise too_large(f"more than {MAX_PARTS:,} parts, or two of one name")
    if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise too_large(f"more than {MAX_UNPACKED_BYTES // MIB} MiB unpacked")
    for name, part in names.items():
        if part.compress_type not in METHODS or part.flag_bits & 1:
            raise bad_workbook("it is packed in a way that workbooks are not")
        sheet = name.startswith("xl/worksheets/") and name.endswith(".xml")
        media = not name.endswith((".xml", ".rels"))
        most = MAX_SHARED_BYTES if "sharedstrings" in name else MAX_PART_BYTES
        if not (sheet or media) and part.file_size > most:
            raise too_large(f"a part {part.filename[:60]!r} of more than {most // MIB} MiB")


@dataclass(frozen=True)
class SheetPart:
    """A sheet of a workbook: its title, its part in the zip, and whether it is shown."""

    title: str
    part: str
    shown: bool


class Book(ExcelReader):
    """What openpyxl reads of a workbook before any cell, with shared texts unescaped."""

    def __init__(self, file: BinaryIO) -> None:
        # Not by its path, which would have to end in .xlsx.
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.file = file
        self.archive = parts = Parts(file)
        self._there = parts.parts
        self.sheets: list[SheetPart] = []
        self.styles = Styles([])

    def read(self) -> None:
        """Read what cells depend on, but no theme, chart or document property."""
        self.read_manifest()
        self.read_strings()
        self.read_workbook()
        if ARC_STYLE.lower() in self._there:
            with self.archive.open(ARC_STYLE) as source:
                self.styles = read_styles(source)
        self.sheets = [
            SheetPart(sheet.name, rel.target, sheet.state == "visible")
            for sheet, rel in self.parser.find_sheets()
            if rel.target.lower() in self._there and rel.Type.endswith("/worksheet")
        ]
        if not self.sheets:
            raise ValueError("it has no sheet with cells")

    def read_strings(self) -> None:
        """Read the texts that cells share."""
        content = cast(Any, self.package).find(SHARED_STRINGS)
        if content is not None:
            with self.archive.open(content.PartName[1:]) as source:
                self.shared_strings = list(shared_texts(source))


def shared_texts(source: IO[bytes]) -> Iterator[str]:
    """Yield the texts of a table of shared strings, without their phonetic spelling."""
    item, text, phonetic = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("si", "t", "rPh"))
    root: Any = None
    for event, node in iterparse(source, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            root = node if root is None else root
        elif node.tag == phonetic:
            node.clear()
        elif node.tag == item:
            yield unescaped("".join(one.text or "" for one in node.iter(text)))
            root.clear()
