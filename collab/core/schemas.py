"""The base class of all schemas, and the fields that several packages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from itertools import islice
from operator import attrgetter
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from .fields.lazy import LazySchema
from .json import dumps
from .text import times, visible
from .text.addresses import MAX_ADDRESS_LENGTH, canonical
from .text.likeness import most_like
from .text.patterns import later
from .text.visible import NEVER_SHOWN_RANGES

_ANY = rf"[^{NEVER_SHOWN_RANGES}]*"
#: One line: no characters that are never shown, and not only spaces. `visible.trouble` checks what
#: only some places in a line may have, such as joiners of emoji.
LINE_PATTERN = rf"^[^\S{NEVER_SHOWN_RANGES}]*[^\s{NEVER_SHOWN_RANGES}]{_ANY}$"
#: Text of several lines: no control characters except tab and line breaks.
TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"
_NO_PART = r'@\s\u0000-\u001f\u007f-\u009f"(),:;<>\[\\\]'
_PART = rf"[^{_NO_PART}]"
#: Up to the first dot that can be the right one, so that there is only one way to match.
EMAIL_PATTERN = rf"^{_PART}+@{_PART}[^.{_NO_PART}]*\.{_PART}+$"

MAX_ID = 2**63 - 1
MAX_FREE_JSON_BYTES = 64 * 1024
#: Unknown members of an object that an answer lists.
MAX_UNKNOWN_NAMED = 20
#: What marshmallow says about them.
UNKNOWN_DETAIL = str(ma.Schema.error_messages.get("unknown", "Unknown field."))


def unknown(name: object, known: Collection[str]) -> str:
    """Say that a name is unknown, and which known one is like it."""
    like = most_like(str(name), known)
    return f"Unknown field: did you mean `{like}`?" if like else UNKNOWN_DETAIL


#: Says what is wrong with a string, or None.
Trouble = Callable[[str], str | None]


class Schema(LazySchema):
    """A schema that also accepts other names of a field (`aliases`), and refuses unknown ones."""

    aliases: ClassVar[dict[str, str]] = {}
    #: Examples of its members for the document, besides those of its fields and bases.
    example: ClassVar[dict[str, Any]] = {}
    #: Whether a request without a body counts as one with an empty object.
    body_optional: ClassVar[bool] = False

    @ma.pre_load
    def _rename(self, data: Any, **kwargs: Any) -> Any:
        if isinstance(data, Mapping):
            self._refuse_many_unknown(data)
        if not self.aliases or not isinstance(data, Mapping):
            return data
        return {
            self.aliases.get(key, key) if self.aliases.get(key) not in data else key: value
            for key, value in data.items()
        }

    def _refuse_many_unknown(self, data: Mapping[str, Any]) -> None:
        """Name only the first unknown members where there are very many."""
        if len(data) <= len(self.load_fields) + len(self.aliases) + MAX_UNKNOWN_NAMED:
            return
        known = self._names()
        others = (name for name in data if name not in known and name not in self.aliases)
        named = {name: [unknown(name, known)] for name in islice(others, MAX_UNKNOWN_NAMED)}
        raise ma.ValidationError(named | {"_schema": ["There are more unknown members."]})

    def __deepcopy__(self, memo: dict[int, Any]) -> Schema:
        """Return itself, as nothing changes a schema: decorators of routes copy their arguments."""
        return self

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return what an answer shows; a row of columns already has its values as they go out."""
        getters = getters_of(self) if isinstance(obj, tuple) else ()
        return {name: get(obj) for name, get in getters} or super().dump(obj, many=many)

    def takes(self, name: str, sent: Collection[str]) -> bool:
        """Return whether it has a member of this name, or of which this is another name."""
        other = self.aliases.get(name)
        return name in self._names() or (other is not None and other not in sent)

    def _names(self) -> list[str]:
        return [one.data_key or name for name, one in self.load_fields.items()]

    def handle_error(
        self, error: ma.ValidationError, data: Any, *, many: bool, **kwargs: Any
    ) -> None:
        """Say of an unknown field which one may be meant."""
        for messages in error.messages_dict.values() if many else [error.messages_dict]:
            for name in messages if isinstance(messages, dict) else ():
                if messages[name] == [UNKNOWN_DETAIL]:
                    messages[name] = [unknown(name, self._names())]


def own_examples(schema: type[ma.Schema]) -> dict[str, Any]:
    """Return the examples of a schema's members, with those of its bases."""
    told: dict[str, Any] = {}
    for kind in reversed(schema.__mro__):
        told |= vars(kind).get("example", {})
    return told


class Pattern(validate.Validator):
    """Match a whole string; ECMAScript can read the pattern, too, for the documents.

    A string longer than `high` is left to the length check. `trouble` says more exactly what is
    wrong with a string, or finds what a pattern can't.
    """

    def __init__(
        self, pattern: str, message: str, high: int, trouble: Trouble = lambda _: None
    ) -> None:
        self.regex = later(lambda: re.compile(pattern.removeprefix("^").removesuffix("$")))
        self.message, self.high, self.trouble = message, high, trouble

    def __call__(self, value: str) -> str:
        """Return the value; raises ValidationError."""
        if len(value) > self.high:
            return value
        if wrong := self.trouble(value):
            raise ma.ValidationError(wrong)
        if not self.regex.fullmatch(value):
            raise ma.ValidationError(self.message)
        return value


def patterned(
    pattern: str,
    message: str,
    low: int,
    high: int,
    trouble: Trouble = lambda _: None,
    **options: Any,
) -> fields.String:
    """Make a string field with a maximum length and a pattern."""
    metadata = {"pattern": pattern} | options.pop("metadata", {})
    checks = [validate.Length(low, high), Pattern(pattern, message, high, trouble)]
    return fields.String(validate=checks, metadata=metadata, **options)


def line(high: int, **options: Any) -> fields.String:
    """Make a field of one visible line of up to `high` characters (`core/text/visible.py`)."""
    message = "Must be one line of visible text."
    return patterned(LINE_PATTERN, message, 1, high, visible.trouble, **options)


def text(high: int, **options: Any) -> fields.String:
    """Make a field of text of up to `high` characters."""
    return patterned(TEXT_PATTERN, "Must not have control characters.", 0, high, **options)


class Address(fields.String):
    """An e-mail address, in its canonical spelling."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        written = super()._deserialize(value, *args, **kwargs) or ""
        try:
            # One that is too long is left to the length check.
            return written if len(written) > MAX_ADDRESS_LENGTH else canonical(written)
        except ValueError as error:
            raise ma.ValidationError(str(error)) from None


def email(**options: Any) -> fields.String:
    """Make a field for an e-mail address; spaces around it are forgiven."""
    metadata = {"example": "user@example.com", "pattern": EMAIL_PATTERN}
    metadata |= options.pop("metadata", {})
    return Address(validate=validate.Length(3, MAX_ADDRESS_LENGTH), metadata=metadata, **options)


class WholeNumber(fields.Integer):
    """A JSON number without a fraction: 5 and 5.0 are one (JSON Schema), "5" and true are not."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class TrueOrFalse(fields.Boolean):
    """A JSON boolean: 1 and "true" are none."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not bool:
            raise self.make_error("invalid", input=value)
        return value


def identifier(**options: Any) -> fields.Integer:
    """Make a field for a resource's id."""
    return WholeNumber(validate=validate.Range(1, MAX_ID), **options)


class JsonObject(fields.Dict):
    """A JSON object in an answer, unchanged: what is stored as text goes out as text."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return value


class JsonList(fields.List[Any]):
    """A list in an answer: as it is, or as JSON that was already written (`json.written`)."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return value


class FreeJson(fields.Dict):
    """A JSON object with any content, up to 64 KiB."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        checked = super()._deserialize(value, *args, **kwargs)  # type: ignore[no-untyped-call]
        if len(dumps(checked)) > MAX_FREE_JSON_BYTES:
            raise ma.ValidationError("Must be at most 64 KiB of JSON.")
        return checked


class Time(fields.DateTime):
    """A point in time: RFC 3339, in UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return times.write(value) if value else None


class ShortList(fields.List[Any]):
    """A list whose length is checked first, so that one that is too long costs nothing."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class Strings(fields.List[str]):
    """Strings that go into the answer as they are."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)


#: Fields whose value goes into the answer as it is; orjson writes times as RFC 3339.
PLAIN_FIELDS = (fields.String, fields.Integer, fields.Boolean, JsonObject, Strings, Time)


class Ready(JsonList):
    """Items that are already in the form that the answer shows."""


class Items(fields.List[Any]):
    """The items of a page, read by attribute where their schema would do no more."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        shown: Any = self.inner
        if getters := getters_of(shown.schema):
            return [{name: get(item) for name, get in getters} for item in value]
        return super()._serialize(value, *args, **kwargs)


def getters_of(schema: ma.Schema) -> list[tuple[str, Any]]:
    """Return how each member is read, if a schema does no more than that; otherwise nothing."""
    if "_getters" not in vars(schema):
        shown = schema.dump_fields.items()
        plain = all(type(field) in PLAIN_FIELDS for _, field in shown)
        found = [(name, attrgetter(field.attribute or name)) for name, field in shown if plain]
        vars(schema)["_getters"] = found
    return vars(schema)["_getters"]  # type: ignore[no-any-return]
