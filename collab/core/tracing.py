"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT names a collector.

One trace goes from a request by the rows that it makes (jobs, events) to what runs or is delivered
because of them, in whichever process, and to the server that is called: the carrier is a
`traceparent` (W3C Trace Context §3.2). Spans contain routes, types and numbers, and nothing that
people write. The library is imported only where the setting is set; without it, all of this costs
one check.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any, Literal

from flask import Flask

from ..config import ConfigError
from ..version import VERSION
from .counting.requests import KNOWN_METHODS, UNKNOWN_ROUTE, pattern
from .parts import PARTS
from .slots import Slot

SETTING_NAME = "OTEL_EXPORTER_OTLP_ENDPOINT"
#: What has to be installed then, as modules.
NEEDED_MODULES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
NOT_INSTALLED = (
    f"{SETTING_NAME} is set, but OpenTelemetry is not installed: "
    "`.venv/bin/pip install -r deploy/requirements-tracing.txt`, or leave the setting empty."
)

#: Seconds that an export may take, and that the last one may at the end.
EXPORT_TIMEOUT_S = 2

#: Characters of a `traceparent`: version, trace, parent and flags.
CARRIER_LENGTH = 55

Kind = Literal["internal", "server", "client", "consumer"]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Traces:
    """What exports the spans of an application; made in the process that has them."""

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        about = Resource.create({"service.name": "collab", "service.version": VERSION})
        address = f"{endpoint.rstrip('/')}/v1/traces"
        self._provider = TracerProvider(resource=about, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=address, timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("collab", VERSION)
        self._w3c = TraceContextTextMapPropagator()

    @contextlib.contextmanager
    def span(
        self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Any]
    ) -> Iterator[Any]:
        """Have a span within this block, a child of the parent if there is one.

        A parent of the trace that is open is passed over: the open span is the nearer one.
        """
        from opentelemetry.trace import SpanKind

        apart = parent is not None and trace_id(parent) != trace_id(self.carrier())
        context = self._w3c.extract({"traceparent": parent}) if apart else None
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=SpanKind[kind.upper()],
            attributes=attributes,
            record_exception=False,  # its message may hold what somebody has sent
            set_status_on_exception=False,
        ) as span:
            yield span

    def carrier(self) -> str | None:
        """Return what another process goes on from, if a span is open."""
        found: dict[str, str] = {}
        self._w3c.inject(found)
        return found.get("traceparent")

    def flush(self) -> None:
        """Export what has ended."""
        self._provider.force_flush(EXPORT_TIMEOUT_S * 1000)

    def end(self) -> None:
        """Export what has ended, and end."""
        self.flush()
        self._provider.shutdown()


def _made(app: Flask) -> Traces | None:
    endpoint = app.config.get(SETTING_NAME)
    if not endpoint:
        return None
    made = Traces(endpoint)
    PARTS.of(app).at_end(made.end)
    return made


TRACES: Slot[Traces | None] = Slot("traces", _made)


def is_on() -> bool:
    """Return whether traces are exported: without, nobody need look for a carrier."""
    return TRACES.here() is not None


def trace_id(carried: str | None) -> str | None:
    """Return the trace that a `traceparent` belongs to."""
    return carried.split("-")[1] if carried and carried.count("-") == 3 else None


def span(
    name: str, kind: Kind = "internal", parent: str | None = None, **attributes: Any
) -> AbstractContextManager[Any]:
    """Have a span within a block, where traces are exported; attributes hold nobody's words."""
    traces = TRACES.here()
    if traces is None:
        return contextlib.nullcontext()
    return traces.span(name, kind, parent, attributes)


def carrier() -> str | None:
    """Return the `traceparent` of the open span; None without one."""
    traces = TRACES.here()
    return None if traces is None else traces.carrier()


def headers() -> dict[str, str]:
    """Return the header by which another server goes on with the trace."""
    found = carrier()
    return {} if found is None else {"traceparent": found}


def is_installed() -> bool:
    """Return whether the library is there; nothing of it is imported."""
    try:
        return all(find_spec(name) is not None for name in NEEDED_MODULES)
    except ModuleNotFoundError:  # not even the package that it is in
        return False


def init_app(app: Flask, installed: Callable[[], bool] = is_installed) -> None:
    """Trace requests if the setting is there; raises ConfigError if the library is not."""
    if not app.config[SETTING_NAME]:
        return
    if not installed():
        raise ConfigError(NOT_INSTALLED)
    app.wsgi_app = _Traced(app, app.wsgi_app)  # type: ignore[method-assign]


class _Traced:
    """WSGI middleware: a span from a request's beginning to its answer's head."""

    def __init__(self, app: Flask, inner: Wsgi) -> None:
        self._app, self._inner = app, inner

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        traces = TRACES.of(self._app)
        if traces is None:
            return self._inner(environ, start_response)
        sent = environ["REQUEST_METHOD"]
        method = sent if sent in KNOWN_METHODS else "_OTHER"
        attributes = {"http.request.method": method}
        with traces.span(method, "server", environ.get("HTTP_TRACEPARENT"), attributes) as span:

            def begun(status: str, *rest: Any) -> Any:
                rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
                route = UNKNOWN_ROUTE if rule is None else pattern(rule.rule)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", int(status[:3]))
                return start_response(status, *rest)

            return self._inner(environ, begun)
