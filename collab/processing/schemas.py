"""What a `data_processing` job takes."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..core.schemas import (
    Schema,
    ShortList,
    TrueOrFalse,
    WholeNumber,
    identifier,
    patterned,
)
from ..jobs.short_dict import ShortDict
from .engine.aggregates import FUNCTIONS
from .engine.cells.typed import TYPES
from .engine.errors import listed, quoted
from .engine.filters import OPERATIONS
from .engine.groups import COUNT_ROWS, output_name
from .engine.output import FORMATS as OUTPUTS
from .engine.query import DEFAULT_ROW_LIMIT
from .engine.source import ENCODINGS
from .engine.table import MAX_NAME_LENGTH

MAX_ROWS = 10_000
MAX_ROW_LIMIT = 1_000
MAX_CONDITIONS = 50
MAX_CHOICES = 1_000
MAX_GROUP_COLUMNS = 10
MAX_AGGREGATES = 50
MAX_SORT_COLUMNS = 10

FORMATS = ("csv", "json", "jsonl", "xlsx")
#: Members that say how an upload is read.
READING_MEMBERS = ("format", "delimiter", "encoding", "header_line", "sheet")
MAX_TYPES = 1_000
MAX_HEADER_LINE = 1_048_576
MAX_SHEET_NAME = 100
TEXT_OPERATIONS = {"contains", "starts_with"}
NULL_OPERATIONS = {"is_null", "not_null"}
ORDER_OPERATIONS = {"lt", "le", "gt", "ge"}

#: Example rows, which the other examples use.
EXAMPLE_ROWS = [
    {"city": "Lyon", "price": 12.5, "sold": True},
    {"city": "Turin", "price": 8, "sold": False},
    {"city": "Lyon", "price": 3, "sold": True},
]


def column_name(**options: Any) -> fields.String:
    """Make a field for the name of a column."""
    metadata = {"example": "city"} | options.pop("metadata", {})
    return fields.String(validate=validate.Length(1, MAX_NAME_LENGTH), metadata=metadata, **options)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))


class ConditionIn(Schema):
    """A condition that rows must meet."""

    column = column_name(required=True)
    op = fields.String(
        required=True,
        validate=validate.OneOf(list(OPERATIONS)),
        metadata={
            "description": "`ne` matches null, too. `lt`, `le`, `gt` and `ge` compare numbers "
            "with numbers and text with text; other kinds don't match."
        },
    )
    value = fields.Raw(
        allow_none=True,
        metadata={
            "description": "What to compare with; a list for `in`; none for `is_null` and "
            "`not_null`. Text is not a number: a cell 5 of a CSV file equals 5, and to look for "
            '"5" in a column of numbers is an error.',
            "example": "Lyon",
        },
    )

    @ma.validates_schema
    def _fits(self, data: dict[str, Any], **kwargs: Any) -> None:
        message = value_error(data["op"], "value" in data, data.get("value"))
        if message:
            raise ma.ValidationError(message, "value")


def value_error(op: str, given: bool, value: Any) -> str | None:
    """Return what is wrong with the value of a condition."""
    if op in NULL_OPERATIONS:
        return f"{op} takes no value." if given else None
    if not given:
        return f"{op} needs a value."
    if op == "in":
        fine = isinstance(value, list) and len(value) <= MAX_CHOICES and all(map(_is_scalar, value))
        return None if fine else f"Must be a list of up to {MAX_CHOICES:,} plain values."
    if op in TEXT_OPERATIONS:
        return None if isinstance(value, str) else "Must be text."
    if op in ORDER_OPERATIONS and value is None:
        return "Must not be null: null is neither before nor after anything."
    return None if _is_scalar(value) else "Must be text, a number, true, false or null."


class AggregateIn(Schema):
    """What to compute over each group."""

    fn = fields.String(
        required=True,
        validate=validate.OneOf(list(FUNCTIONS)),
        metadata={
            "description": "Null is left out. `sum`, `avg`, `median` and `stddev` (of a sample) "
            "use only numbers; without any, they are null.",
            "example": "sum",
        },
    )
    column = column_name(
        metadata={
            "description": "Required, except for `count`, which counts rows without it.",
            "example": "price",
        }
    )
    # `as` is a Python keyword, so the attribute needs another name.
    output = fields.String(
        data_key="as",
        attribute="as",
        validate=validate.Length(1, MAX_NAME_LENGTH),
        metadata={
            "description": "The name of the result's column; by default such as `sum_price`.",
            "example": "revenue",
        },
    )

    @ma.validates_schema
    def _has_a_column(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["fn"] != "count" and "column" not in data:
            raise ma.ValidationError(f"{data['fn']} needs a column.", "column")


class ProcessingIn(Schema):
    """A table, and what to do with it: filter, then group, then sort, then limit."""

    rows = ShortList(
        fields.Dict(keys=fields.String()),
        validate=validate.Length(max=MAX_ROWS),
        metadata={
            "description": "The table itself: objects, whose keys are the columns.",
            "example": EXAMPLE_ROWS,
        },
    )
    upload_id = identifier(
        metadata={"description": "Instead of `rows`: an uploaded CSV, JSON or Excel file."}
    )
    format = fields.String(
        validate=validate.OneOf(FORMATS),
        metadata={
            "description": "The upload's format; by default found from its name or its beginning. "
            "`json` is an array of objects, `jsonl` an object on each line, `xlsx` a workbook."
        },
    )
    delimiter = patterned(
        r'^[^"\r\n\u0000]$',
        "Must be one character, and not a quotation mark or line break.",
        1,
        1,
        metadata={
            "description": "For a CSV file; by default what a first line such as `sep=;` names, "
            "otherwise the one of , ; tab and | with which the rows fit the first."
        },
    )
    encoding = fields.String(
        validate=validate.OneOf(ENCODINGS),
        metadata={
            "description": "For a CSV or JSON file; by default UTF-16 if the file looks like it, "
            "otherwise UTF-8. Excel's plain CSV is `windows-1252` in Western Europe."
        },
    )
    header_line = WholeNumber(
        validate=validate.Range(1, MAX_HEADER_LINE),
        metadata={
            "description": "The line of a CSV file, or the row of a sheet, that names the columns; "
            "what is above it is skipped. By default the first that is not blank."
        },
    )
    sheet = fields.String(
        validate=validate.Length(1, MAX_SHEET_NAME),
        metadata={
            "description": "The sheet of a workbook; by default the first that is not hidden.",
            "example": "Sales",
        },
    )
    decimal = fields.String(
        validate=validate.OneOf([".", ","]),
        metadata={
            "description": "What separates the decimals of numbers in text: with a comma `1.234,5` "
            "is 1234.5, with a point `1,234.5` is; without it neither is a number."
        },
    )
    types = ShortDict(
        MAX_TYPES,
        keys=column_name(),
        values=fields.String(validate=validate.OneOf(TYPES)),
        metadata={
            "description": "What columns are read as, by their names. Of the others in a CSV file "
            "a column is numbers if each cell, written again from its number, is the cell as it "
            "stands; if not, all of it is text: `007`, `1.10`, `1e3`, ids that would be rounded. "
            "The result says in `types` what each column was read as.",
            "example": {"zip": "text", "price": "number"},
        },
    )
    profile = TrueOrFalse(
        metadata={
            "description": "Whether to describe the columns of the rows that pass the "
            "filter; by default only if there is nothing else to do."
        },
    )
    filter = ShortList(
        fields.Nested(ConditionIn),
        validate=validate.Length(max=MAX_CONDITIONS),
        metadata={"example": [{"column": "sold", "op": "eq", "value": True}]},
    )
    group_by = ShortList(
        column_name(),
        validate=validate.Length(max=MAX_GROUP_COLUMNS),
        metadata={"example": ["city"]},
    )
    aggregate = ShortList(
        fields.Nested(AggregateIn),
        validate=validate.Length(max=MAX_AGGREGATES),
        metadata={"example": [{"fn": "sum", "column": "price", "as": "revenue"}]},
    )
    sort = ShortList(
        fields.String(validate=validate.Length(1, MAX_NAME_LENGTH + 1)),
        validate=validate.Length(max=MAX_SORT_COLUMNS),
        metadata={
            "description": "Columns, descending with - before the name. Null comes first, "
            "then false, true, numbers, text.",
            "example": ["-revenue"],
        },
    )
    limit = WholeNumber(
        load_default=DEFAULT_ROW_LIMIT,
        validate=validate.Range(1, MAX_ROW_LIMIT),
        metadata={"description": "Rows of the result; a file (`output`) has all of them."},
    )
    output = fields.String(
        validate=validate.OneOf(list(OUTPUTS)),
        metadata={
            "description": "Write all rows to a file as well, which `GET jobs/{id}/output` has. "
            "Text that a spreadsheet would calculate is guarded: by an apostrophe in `csv`, by its "
            "type in `xlsx`. At most 5 MiB."
        },
    )

    @ma.validates_schema
    def _one_source(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("rows" in data) == ("upload_id" in data):
            raise ma.ValidationError("Give either rows or upload_id.")
        for name in READING_MEMBERS:
            if name in data and "rows" in data:
                raise ma.ValidationError("Can only be used with `upload_id`.", name)

    @ma.validates_schema
    def _result_has_columns(self, data: dict[str, Any], **kwargs: Any) -> None:
        grouped, computed = data.get("group_by", []), data.get("aggregate", [])
        if grouped or computed:
            outputs = list(map(output_name, computed or [COUNT_ROWS]))
            _require_different("aggregate", outputs, [])
            _require_different("group_by", grouped, outputs)
            _require_sorted_by([*grouped, *outputs], data.get("sort", []))


def _require_different(field: str, names: list[str], others: list[str]) -> None:
    """Refuse two columns with one name in the result."""
    for index, name in enumerate(names):
        if name in others or name in names[:index]:
            raise _refused(field, index, f"The result has another column {quoted(name)}.")


def _require_sorted_by(names: list[str], sort: list[str]) -> None:
    """Refuse to sort groups by columns that they don't have."""
    for index, name in enumerate(sort):
        if name.removeprefix("-") not in names:
            raise _refused("sort", index, f"Must be a column of the result: {listed(names)}.")


def _refused(field: str, index: int, message: str) -> ma.ValidationError:
    return ma.ValidationError({field: {index: [message]}})
