"""Sending made-up traffic to a running server, as any client would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from ...auth.models import ADMIN, User
from ...core.caller import Caller
from ...core.errors import NotFound
from ...core.json import dumps
from ...core.models import utcnow
from ...extensions import db
from ...projects.models import OWNER, Member, Project
from .. import sources
from ..models import Source
from .traffic import Traffic, day_curve

#: The source from which the traffic comes.
DEMO_SOURCE_NAME = "Demo shop"
#: Seconds between two requests.
TICK_S = 0.5
#: Events of one request.
MAX_BATCH = 500
TIMEOUT_S = 20
MAX_WAIT_S = 60


@dataclass
class Sent:
    """What was sent, and what the server answered."""

    events: int = 0
    accepted: int = 0
    rejected: int = 0


def write_key(project_id: int | None) -> str:
    """Return a fresh write key for the demo's source in a project, by default the first one.

    Raises NotFound.
    """
    query = select(Project).order_by(Project.id).limit(1)
    if project_id is not None:
        query = query.where(Project.id == project_id)
    project = db.session.scalar(query)
    if project is None:
        raise NotFound("There is no such project: make one, or run the server with --demo.")
    owner = _owner_of(project)
    named = (Source.project_id == project.id, Source.name == DEMO_SOURCE_NAME)
    source = db.session.scalar(select(Source).where(*named))
    if source is None:
        return sources.create(project, {"name": DEMO_SOURCE_NAME}, owner)[1]
    return sources.rotate(source, timedelta(0), owner)[1]


def _owner_of(project: Project) -> Caller:
    query = select(User).join(Member, Member.user_id == User.id)
    query = query.where(Member.project_id == project.id, Member.role == OWNER).limit(1)
    user = db.session.scalars(query).one()
    return Caller(user.id, 0, user.name, user.email, user.role == ADMIN, utcnow())


def run(url: str, key: str, rate: float, for_s: float, told: Callable[[Sent], None]) -> Sent:
    """Send about this many events a second, varying by the hour; `for_s` 0: until interrupted.

    `told` is called every ten seconds. Raises OSError if nobody answers.
    """
    traffic, sent = Traffic(), Sent()
    began = next_told = time.monotonic()
    owed = 0.0
    while not for_s or time.monotonic() - began < for_s:
        owed += rate * TICK_S * day_curve(utcnow())
        count = min(int(owed), MAX_BATCH)
        owed = min(owed - count, MAX_BATCH)
        if count:
            post(url, key, traffic.take(count, utcnow()), sent)
        if time.monotonic() >= next_told:
            told(sent)
            next_told += 10
        time.sleep(TICK_S)
    return sent


def post(url: str, key: str, events: list[dict[str, object]], sent: Sent) -> None:
    """Send a batch, and retry for as long as the server asks to wait; raises OSError."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/ingest", dumps(events), headers)  # noqa: S310
    while True:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                receipt = json.load(answer)
            break
        except urllib.error.HTTPError as refusal:
            if refusal.code not in (429, 503):
                raise
            time.sleep(min(int(refusal.headers.get("Retry-After", "1")), MAX_WAIT_S))
    sent.events += len(events)
    sent.accepted += receipt["accepted"]
    sent.rejected += receipt["rejected"]
