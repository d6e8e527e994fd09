"""`/tasks` and `/projects/{id}/tasks`: what is to be done."""

from __future__ import annotations

from typing import Any

from ..auth.guard import login_required
from ..core.http.blueprint import Blueprint
from ..core.http.caller import caller
from ..core.http.etags import located, require_match, versioned
from ..core.http.idempotency import idempotent
from ..core.http.pages import linked
from ..core.http.representations.list_tags import remembered
from ..core.links import BASE_PATH
from ..core.lists.paging import Page
from ..projects import access
from ..projects.access import Right
from . import reading, service
from .models import Task
from .schemas import (
    BulkIn,
    FlatTaskIn,
    FlatTaskQuery,
    MoveIn,
    TaskIn,
    TaskOut,
    TaskPage,
    TaskPatch,
    TaskQuery,
    TasksOut,
)

blueprint = Blueprint("tasks", __name__, url_prefix=BASE_PATH, description="What is to be done.")


@blueprint.get("/projects/<id:project_id>/tasks")
@login_required
@blueprint.arguments(TaskQuery, location="query")
@blueprint.response(200, TaskPage)
@remembered("overdue")
@linked
def list_project_tasks(query: dict[str, Any], project_id: int) -> Page:
    """List a project's tasks."""
    return reading.list_tasks(caller(), project_id=project_id, **query)


@blueprint.post("/projects/<id:project_id>/tasks")
@login_required
@idempotent
@blueprint.arguments(TaskIn)
@blueprint.response(201, TaskOut)
@located("/tasks/{id}")
@versioned
def create_project_task(data: dict[str, Any], project_id: int) -> Task:
    """Create a task in a project."""
    return service.create(project_id, data, caller())


@blueprint.get("/tasks")
@login_required
@blueprint.arguments(FlatTaskQuery, location="query")
@blueprint.response(200, TaskPage)
@remembered("overdue")
@linked
def list_tasks(query: dict[str, Any]) -> Page:
    """List your tasks, those of a project, or what is assigned to somebody."""
    return reading.list_tasks(caller(), **query)


@blueprint.post("/tasks")
@login_required
@idempotent
@blueprint.arguments(FlatTaskIn)
@blueprint.response(201, TaskOut)
@located("/tasks/{id}")
@versioned
def create_task(data: dict[str, Any]) -> Task:
    """Create a task of your own, or in the project that the body names."""
    return service.create(data.pop("project_id"), data, caller())


@blueprint.post("/tasks/bulk")
@login_required
@blueprint.arguments(BulkIn)
@blueprint.response(200, TasksOut)
def change_tasks(data: dict[str, Any]) -> dict[str, Any]:
    """Give several tasks a status: all of them, or none."""
    return {"items": service.set_status(data["ids"], data["status"], caller())}


@blueprint.get("/tasks/<id:task_id>")
@login_required
@blueprint.response(200, TaskOut)
@versioned
def get_task(task_id: int) -> Task:
    """Show a task."""
    return access.load(Task, task_id, caller())


@blueprint.put("/tasks/<id:task_id>")
@login_required
@blueprint.arguments(TaskIn)
@blueprint.response(200, TaskOut)
@versioned
def replace_task(data: dict[str, Any], task_id: int) -> Task:
    """Replace a task; what is left out gets its default. It stays in its project."""
    task = access.load(Task, task_id, caller(), can=Right.WRITE)
    require_match(task)
    return service.update(task, data, caller())


@blueprint.patch("/tasks/<id:task_id>")
@login_required
@blueprint.arguments(TaskPatch)
@blueprint.response(200, TaskOut)
@versioned
def update_task(changes: dict[str, Any], task_id: int) -> Task:
    """Change parts of a task. A new status puts it at the end of that column."""
    task = access.load(Task, task_id, caller(), can=Right.WRITE)
    require_match(task)
    return service.update(task, changes, caller())


@blueprint.delete("/tasks/<id:task_id>")
@login_required
@blueprint.response(204)
def delete_task(task_id: int) -> None:
    """Delete a task with its comments."""
    task = access.load(Task, task_id, caller(), can=Right.WRITE)
    require_match(task)
    service.delete(task, caller())


@blueprint.post("/tasks/<id:task_id>/move")
@login_required
@blueprint.arguments(MoveIn)
@blueprint.response(200, TaskOut)
@versioned
def move_task(place: dict[str, Any], task_id: int) -> Task:
    """Move a task on its board: before or after another one, or to a column's end."""
    task = access.load(Task, task_id, caller(), can=Right.WRITE)
    require_match(task)
    return service.move(task, caller(), **place)
