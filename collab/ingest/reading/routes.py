"""`/ingest/events`, `stats`, `sessions`, `funnel`, `retention` and `health`."""

from __future__ import annotations

from typing import Any

from ...auth.guard import login_required
from ...core.errors import Forbidden
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.downloads import tabular
from ...core.http.heavy import heavy
from ...core.http.pages import linked
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ...projects import access
from ...projects.models import Project
from . import forms, service
from .analysis_schemas import (
    FunnelOut,
    FunnelQuery,
    RetentionOut,
    RetentionQuery,
    SessionQuery,
    UserSessionsOut,
)
from .cohorts import Retention
from .funnels import Funnel
from .health_schemas import HealthQuery, IngestHealthOut, LatencyOut, LatencyQuery
from .latency import Latency
from .schemas import StatsOut, StatsQuery, StoredEventPage, StoredEventQuery
from .sessions import Sessions
from .stats import Stats

blueprint = Blueprint(
    "ingested",
    __name__,
    url_prefix=f"{BASE_PATH}/ingest",
    description="Events that the pipeline has stored: lists, numbers, sessions, funnels, cohorts. "
    "Tables are CSV if you send `Accept: text/csv`.",
)


def project_of(query: dict[str, Any]) -> int:
    """Return the requested project; raises NotFound."""
    return access.load(Project, query.pop("project_id"), caller()).id


@blueprint.get("/events")
@login_required
@blueprint.arguments(StoredEventQuery, location="query")
@blueprint.response(200, StoredEventPage)
@tabular("events", forms.events)
@linked
def list_stored_events(query: dict[str, Any]) -> Page:
    """List stored events, newest first.

    A page whose filters match little may be short, or empty with a `next_cursor`: for one page, at
    most 20,000 events are read. `type` and `user_id` have an index.
    """
    return service.list_events(project_of(query), **query)


@blueprint.get("/stats")
@login_required
@blueprint.arguments(StatsQuery, location="query")
@blueprint.response(200, StatsOut)
@tabular("stats", forms.stats)
def count_events(query: dict[str, Any]) -> Stats:
    """Count events by minute, hour or day, and by type or source."""
    return service.count(project_of(query), **query)


@blueprint.get("/sessions")
@login_required
@blueprint.arguments(SessionQuery, location="query")
@blueprint.response(200, UserSessionsOut)
@tabular("sessions", forms.sessions)
@heavy
def find_sessions(query: dict[str, Any]) -> Sessions:
    """Show what users did in one session: under one session id, or without a long break."""
    return service.find_sessions(project_of(query), **query)


@blueprint.get("/funnel")
@login_required
@blueprint.arguments(FunnelQuery, location="query")
@blueprint.response(200, FunnelOut)
@tabular("funnel", forms.funnel)
@heavy
def find_funnel(query: dict[str, Any]) -> Funnel:
    """Show how many users completed an ordered list of types, and where they stopped."""
    window_s = query.pop("window")
    return service.find_funnel(project_of(query), window_s=window_s, **query)


@blueprint.get("/retention")
@login_required
@blueprint.arguments(RetentionQuery, location="query")
@blueprint.response(200, RetentionOut)
@tabular("retention", forms.retention)
@heavy
def find_retention(query: dict[str, Any]) -> Retention:
    """Show how many of a day's or week's new users came again later."""
    return service.find_retention(project_of(query), **query)


@blueprint.get("/latency")
@login_required
@blueprint.arguments(LatencyQuery, location="query")
@blueprint.response(200, LatencyOut)
@tabular("latency", forms.latency)
def measure_latency(query: dict[str, Any]) -> Latency:
    """Show how much was stored when, and how long after receipt; seven days are kept."""
    return service.measure(project_of(query), **query)


@blueprint.get("/health")
@login_required
@blueprint.arguments(HealthQuery, location="query")
@blueprint.response(200, IngestHealthOut)
@blueprint.alt_response(403, schema="Problem")
def ingest_health(query: dict[str, Any]) -> service.Shown:
    """Show that nothing is lost, what is waiting, and how long it takes, by source.

    At every moment received = stored + duplicate + rejected + queued.
    """
    who = caller()
    if query["project_id"] is None and not who.is_admin:
        raise Forbidden("Only an admin may see all projects' health: name a project_id.")
    project = None if query["project_id"] is None else project_of(query)
    return service.examine(project)
