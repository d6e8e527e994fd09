"""`/tasks/{id}/comments`."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from . import comments
from .models import Comment, Task
from .schemas import CommentIn, CommentOut, CommentPage, CommentPatch, CommentQuery

blueprint = Blueprint(
    "comments",
    __name__,
    url_prefix=f"{BASE_PATH}/tasks",
    description="What people say about tasks.",
)


@blueprint.get("/<id:task_id>/comments")
@login_required
@blueprint.arguments(CommentQuery, location="query")
@blueprint.response(200, CommentPage)
@linked
def list_comments(query: dict[str, Any], task_id: int) -> Page:
    """List a task's comments."""
    return comments.list_comments(access.load(Task, task_id, caller()), **query)


@blueprint.post("/<id:task_id>/comments")
@login_required
@idempotent
@blueprint.arguments(CommentIn)
@blueprint.response(201, CommentOut)
@located("/tasks/{task_id}/comments/{id}")
@versioned
def create_comment(data: dict[str, Any], task_id: int) -> Comment:
    """Comment on a task."""
    task = access.load(Task, task_id, caller(), can=Right.WRITE)
    return comments.create(task, data["body"], caller())


@blueprint.get("/<id:task_id>/comments/<id:comment_id>")
@login_required
@blueprint.response(200, CommentOut)
@versioned
def get_comment(task_id: int, comment_id: int) -> Comment:
    """Show a comment."""
    return comments.load(access.load(Task, task_id, caller()), comment_id)


@blueprint.patch("/<id:task_id>/comments/<id:comment_id>")
@login_required
@blueprint.arguments(CommentPatch)
@blueprint.response(200, CommentOut)
@versioned
def update_comment(changes: dict[str, Any], task_id: int, comment_id: int) -> Comment:
    """Change your comment."""
    task, comment = comments.load_to_edit(task_id, comment_id, caller())
    require_match(comment)
    return comments.update(task, comment, changes.get("body"), caller())


@blueprint.delete("/<id:task_id>/comments/<id:comment_id>")
@login_required
@blueprint.response(204)
def delete_comment(task_id: int, comment_id: int) -> None:
    """Delete your comment; an owner of the project may delete anybody's."""
    task, comment = comments.load_to_delete(task_id, comment_id, caller())
    require_match(comment)
    comments.delete(task, comment, caller())
