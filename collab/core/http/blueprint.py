"""Blueprints whose routes read JSON strictly, with one parser for all requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ParamSpec

import flask_smorest
import marshmallow as ma
from flask import Request, request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from ..caller import notes
from ..errors import ApiError, Malformed
from ..json import MAX_VALUES, TooManyValues, loads_sent
from ..schemas import own_examples
from ..slots import Slot
from ..text.nul import refuse_nul
from ..text.numbers import refuse_large_numbers
from . import query
from .caller import caller, present
from .pages import PageQuery
from .representations.coding import unpacked
from .representations.sent_back import without_unchanged

P = ParamSpec("P")

#: For `blueprint.doc(security=…)`: callers need no token.
NO_SECURITY: list[dict[str, list[str]]] = [{}]


class UnsupportedMediaType(ApiError):
    """The body must be JSON: send `Content-Type: application/json`."""

    status = 415


#: Maximum bytes of JSON, even where a body may be larger: a text of 2 MiB, each character escaped.
MAX_JSON_BYTES = 4 * 2**20


class TooManyMembers(ApiError):
    """The body has too many values."""

    status = 413


class Parser(FlaskParser):
    """Refuses what is not JSON: its type with 415, its syntax with 400, its values with 422.

    Query parameters are as strict: unknown ones and second values are 422. No string may contain
    NUL (`core/text/nul.py`).
    """

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def get_default_request(self) -> Request:
        """Return the request itself: to read a body, many of its attributes are needed."""
        return present()[0]

    def use_args(self, argmap: Any, *args: Any, **options: Any) -> Any:
        """Pass the schema by a function; otherwise webargs asks whether it is a mapping.

        Python caches for 22 kinds of mappings that a schema is none: 1 MB for all of them.
        """
        return super().use_args(lambda _: argmap, *args, **options)

    def load_querystring(self, req: Request, schema: Any) -> Any:
        """Read the query parameters; raises ValidationError for a second value."""
        found = super().load_querystring(req, schema)
        if wrong := query.given_twice(found.multiple_keys) | query.with_nul():
            raise ma.ValidationError(wrong)
        return found

    def load_json(self, req: Request, schema: Any) -> Any:
        """Read a JSON body.

        Raises UnsupportedMediaType, Malformed, RequestEntityTooLarge, TooManyMembers, and
        Unprocessable for a string that nobody may send.
        """
        # Lowered for this request only: routes that take files have a larger limit of their own.
        most = min(req.max_content_length or MAX_JSON_BYTES, MAX_JSON_BYTES)
        req.max_content_length, length = most, req.content_length
        if (notes().get("kept_bytes") or length or 0) > most:
            raise RequestEntityTooLarge()
        body = req.get_data()
        # Werkzeug silently truncates a body of unknown length at the limit.
        if length is None and len(body) == most:
            raise RequestEntityTooLarge()
        if not body and schema.body_optional:
            return {}
        if not body:
            raise Malformed("The body is empty: send a JSON object.")
        if not req.is_json:
            raise UnsupportedMediaType()
        body = unpacked(req, body, most)
        value = self._read(body)
        refuse_nul(body, value)
        refuse_large_numbers(body)
        return without_unchanged(value, schema)

    @staticmethod
    def _read(body: bytes) -> Any:
        try:
            return loads_sent(body)
        except TooManyValues:
            raise TooManyMembers(
                f"The body has more than {MAX_VALUES:,} values and member names."
            ) from None
        except ValueError as error:
            raise Malformed(f"The body is not JSON: {error}.") from None


def _show_examples(schema: ma.Schema) -> None:
    """Have parameters described with the examples of their schema."""
    told = own_examples(type(schema))
    for name, field in schema.fields.items():
        if (key := field.data_key or name) in told:
            field.metadata = {**field.metadata, "example": told[key]}


#: Query parameters as they were read, by schema and text; for the requests of the last run.
KNOWN_ARGUMENTS: Slot[dict[tuple[int, bytes], dict[str, Any]]] = Slot("arguments", lambda _: {})
#: Texts that are remembered at once, and the bytes of the longest.
MAX_KNOWN_ARGUMENTS = 1024
MAX_KNOWN_BYTES = 300


def _read_once(schema: ma.Schema, reading: Any) -> Any:
    """Give a view what was read from the same parameters before, instead of reading them again.

    The result is remembered where it follows from the text alone: for lists, and where there are
    none.
    """
    # A hook may look at more than the text, such as who calls.
    own = {kind for kind, hooks in schema._hooks.items() if hooks} - {"pre_load"}
    if own or any(callable(one.load_default) for one in schema._declared_fields.values()):
        return reading

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def noting(*args: Any, **kwargs: Any) -> Any:
            _remember(schema, args[-1])
            return view(*args, **kwargs)

        read = reading(noting)

        @wraps(read)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            known = KNOWN_ARGUMENTS.here().get((id(schema), request.query_string))
            if known is None:
                return read(*args, **kwargs)
            # A copy: views remove members from what they are given.
            return view(*args, dict(known), **kwargs)

        return wrapper

    return decorate


def _remember(schema: ma.Schema, values: dict[str, Any]) -> None:
    text, known = request.query_string, KNOWN_ARGUMENTS.here()
    plain = all(isinstance(one, (str, int, type(None))) for one in values.values())
    if plain and len(text) <= MAX_KNOWN_BYTES and (isinstance(schema, PageQuery) or not text):
        if len(known) >= MAX_KNOWN_ARGUMENTS:
            # All at once: cheaper than tracking which was used last, and they are soon read again.
            known.clear()
        # By its id, which nothing else gets: a schema is made with its route, and lives as long as
        # that.
        known[id(schema), text] = dict(values)


def _takes(view: Any, location: str) -> bool:
    described = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ())
    return any(one["in"] == location for one in described)


def _without_query(view: Callable[P, Any]) -> Callable[P, Any]:
    """Refuse query parameters, once it is known that the caller may call at all."""
    security = getattr(view, "_apidoc", {}).get("manual_doc", {}).get("security")

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        if request.args:
            # The caller is checked first: a stranger learns 401, and not which parameters a route
            # knows.
            if security is None:
                caller()
            query.refuse_all_but(())
        return view(*args, **kwargs)

    return wrapper


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A blueprint of routes that are documented by their decorators."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, **options: Any) -> None:
        self._undescribed: list[Callable[[], None]] = []
        super().__init__(*args, **options)

    def _store_endpoint_docs(self, *args: Any, **options: Any) -> None:
        """Leave this for the document: it copies all that decorators say about a route."""
        self._undescribed.append(partial(super()._store_endpoint_docs, *args, **options))

    def register_views_in_doc(self, *args: Any, **options: Any) -> None:
        """Describe the routes in a document."""
        while self._undescribed:
            self._undescribed.pop(0)()
        super().register_views_in_doc(*args, **options)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Serve a view; one that takes no query parameters refuses them."""
        if not _takes(view_func, "query") and not hasattr(view_func, "any_query"):
            view_func = _without_query(view_func)
        super().add_url_rule(rule, endpoint, view_func, *args, **kwargs)

    def arguments(self, schema: Any, **options: Any) -> Any:
        """Read arguments by a schema, which is made here once, not for each request."""
        made = schema() if isinstance(schema, type) else schema
        location = options.get("location", "json")
        if location == "json":
            options["required"] = not made.body_optional
        reading = super().arguments(made, **options)
        return _read_once(made, reading) if location == "query" else reading

    def _prepare_arguments_doc(self, doc: Any, doc_info: Any, **context: Any) -> Any:
        """Document refusals of arguments like all errors, as problem+json."""
        if "arguments" in doc_info:
            doc_info["arguments"]["responses"] = {400: "Problem", 422: "Problem"}
            for one in doc_info["arguments"]["parameters"]:
                if one["in"] != "json":
                    _show_examples(one["schema"])
        return super()._prepare_arguments_doc(doc, doc_info, **context)
