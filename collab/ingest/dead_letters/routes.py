"""`/ingest/dead-letters`: what was rejected, and how it is sent again."""

from __future__ import annotations

from typing import Any

from ...auth.guard import admin_required, login_required
from ...core.http.blueprint import Blueprint
from ...core.http.caller import caller
from ...core.http.downloads import tabular
from ...core.http.etags import require_match, versioned
from ...core.http.heavy import heavy
from ...core.http.pages import linked
from ...core.links import BASE_PATH
from ...core.lists.paging import Page
from ...projects import access
from ...projects.access import Right
from ...projects.models import Project
from . import everywhere, forms, service
from .letter import Letter
from .schemas import (
    ChoiceIn,
    LetterOut,
    LetterPage,
    LetterPatch,
    LetterQuery,
    LettersDoneOut,
    OpenLettersPage,
    OpenLettersQuery,
    ReplayIn,
)

blueprint = Blueprint(
    "dead letters",
    __name__,
    url_prefix=f"{BASE_PATH}/ingest/dead-letters",
    description="Events that the pipeline rejected, with what was sent, untouched.",
)


@blueprint.get("")
@login_required
@blueprint.arguments(LetterQuery, location="query")
@blueprint.response(200, LetterPage)
@tabular("dead-letters", forms.letters)
@linked
def list_dead_letters(query: dict[str, Any]) -> Page:
    """List dead letters, newest first.

    A page whose filters match little may be short, or empty with a `next_cursor`.
    """
    project = access.load(Project, query.pop("project_id"), caller())
    return service.list_letters(project.id, **query)


@blueprint.get("/projects")
@admin_required
@blueprint.arguments(OpenLettersQuery, location="query")
@blueprint.response(200, OpenLettersPage)
@linked
def list_projects_with_dead_letters(query: dict[str, Any]) -> Page:
    """List the projects that have open dead letters, and how many; for admins.

    An admin replays and discards them as a project's members do.
    """
    return everywhere.list_projects(**query)


@blueprint.get("/<id:letter_id>")
@login_required
@blueprint.response(200, LetterOut)
@versioned
def get_dead_letter(letter_id: int) -> Letter:
    """Show a dead letter, with what was sent, as text or in base64."""
    return service.load(letter_id, caller())


@blueprint.patch("/<id:letter_id>")
@login_required
@blueprint.arguments(LetterPatch)
@blueprint.response(200, LetterOut)
@blueprint.alt_response(409, schema="Problem")
@versioned
def correct_dead_letter(data: dict[str, Any], letter_id: int) -> Letter:
    """Correct a letter: a replay sends this instead, and the original is kept."""
    letter = service.load(letter_id, caller(), can=Right.WRITE)
    require_match(letter)
    return service.correct(letter, data["correction"], caller())


@blueprint.post("/replay")
@login_required
@blueprint.arguments(ReplayIn)
@blueprint.response(200, LettersDoneOut)
@heavy
def replay_dead_letters(data: dict[str, Any]) -> service.Done:
    """Send letters again or, with `dry_run`, say what would happen to each.

    Each is sent once: asking twice changes nothing. Only open ones are sent; with a filter at most
    1,000 at a time.
    """
    if data["dry_run"]:
        project = access.load(Project, data["project_id"], caller())
        access.check(access.role_to(project, caller()), Right.WRITE)
        return service.rehearse(project.id, data.get("ids"), data.get("filter", {}))
    project = access.load(Project, data["project_id"], caller(), can=Right.WRITE)
    return service.replay(project.id, data.get("ids"), data.get("filter", {}), caller())


@blueprint.post("/discard")
@login_required
@blueprint.arguments(ChoiceIn)
@blueprint.response(200, LettersDoneOut)
def discard_dead_letters(data: dict[str, Any]) -> service.Done:
    """Discard letters: they are never sent again, and stay as rejected until they are too old."""
    project = access.load(Project, data["project_id"], caller(), can=Right.WRITE)
    return service.discard(project.id, data.get("ids"), data.get("filter", {}), caller())
