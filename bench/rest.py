"""Requests, ours against Express, FastAPI and Django REST framework: lists, one thing, creating.

All do the same work on SQLite with WAL and the same `synchronous`: the token is verified, its
session and person are looked up, the role is checked, a list shows the same fields, a change and
its events are one transaction. Eight keep-alive connections ask as fast as they are answered, where
nothing else is said. The systems run side by side on one core, and are measured in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench import _server
from bench._entrants import DRF, EXPRESS, FASTAPI, MAKERS, NORMAL, OURS, Entrant, enter
from bench._machine import calm, describe
from bench._rates import Figure, measure
from bench._stats import markdown
from bench.whole.book import Book, ratios, shown, spread
from bench.whole.plan import Plan

PROJECTS, TASKS = 2000, 200
PROJECT_PATH, TASK_PATH = "/api/v1/projects", "/api/v1/tasks"
LIST_PATH = f"{PROJECT_PATH}?limit=20"
PROJECT_FIELDS = {"id", "name", "description", "role", "created_at", "updated_at"}
TASK_FIELDS = {
    "id", "project_id", "owner_id", "title", "description", "status", "priority", "assignee_id",
    "due_at", "due_zone", "tags", "position", "created_at", "updated_at",
}  # fmt: skip
PROJECT = {"name": "A project like many", "description": "On what many projects are about."}
TASK = {"title": "A task like many", "description": "About what many are.", "tags": ["bench"]}

LIST_OF_PROJECTS = "list of 20 projects of 2,000"
LIST_OF_TASKS = "list of 20 tasks"
ONE_PROJECT = "one project by id"
KNOWN_PROJECT = "the same with If-None-Match: 304"
CREATE_ALONE = "create a project, 1 writer"
CREATE_BY_MANY = "create a project, 16 writers"
CREATE_TASK = "create a task"


@dataclass(frozen=True)
class Work:
    """What is asked again and again; `{project}` in a path is the first project's id."""

    path: str
    connections: int = 8
    tagged: bool = False
    creates: str = ""


WORKS = {
    LIST_OF_PROJECTS: Work(LIST_PATH),
    LIST_OF_TASKS: Work(f"{TASK_PATH}?project_id={{project}}&limit=20"),
    ONE_PROJECT: Work(f"{PROJECT_PATH}/{{project}}"),
    KNOWN_PROJECT: Work(f"{PROJECT_PATH}/{{project}}", tagged=True),
    CREATE_TASK: Work(TASK_PATH, creates="task"),
    CREATE_ALONE: Work(PROJECT_PATH, 1, creates="project"),
    CREATE_BY_MANY: Work(PROJECT_PATH, 16, creates="project"),
}
#: What is measured with `synchronous=NORMAL`, too, and of whom.
LAX_WORKS, LAX_SYSTEMS = (CREATE_ALONE, CREATE_BY_MANY), (OURS, EXPRESS)
LAX = ", NORMAL"


def fill(entrant: Entrant, projects: int, tasks: int) -> None:
    """Make projects, and tasks in the first; raises RuntimeError for lists that are not alike."""
    api = entrant.api
    entrant.project = api.want(201, "POST", PROJECT_PATH, PROJECT)["id"]
    entrant.send_often(PROJECT_PATH, json.dumps(PROJECT).encode(), projects - 1)
    entrant.send_often(TASK_PATH, body_of("task", entrant), tasks)
    if projects and tasks:
        api.close()  # the server may have, meanwhile
        check(api.want(200, "GET", LIST_PATH), PROJECT_FIELDS, PROJECT)
        tasks_path = WORKS[LIST_OF_TASKS].path.format(project=entrant.project)
        check(api.want(200, "GET", tasks_path), TASK_FIELDS, TASK)


def check(page: dict[str, Any], fields: set[str], made: dict[str, Any]) -> None:
    """Raise RuntimeError unless a page shows 20 of what was made, and says that there are more."""
    items = page.get("items") or page["results"]
    more = page.get("next_cursor") or page.get("next")
    alike = all(set(one) == fields and one | made == one for one in items)
    if len(items) != 20 or not more or not alike:
        raise RuntimeError(f"another list than expected: {str(page)[:500]}")


def body_of(kind: str, entrant: Entrant) -> bytes:
    """Return what creates a project, or a task in the first one."""
    thing = PROJECT if kind == "project" else TASK | {"project_id": entrant.project}
    return json.dumps(thing).encode()


def visit(entrant: Entrant, work: Work, seconds: float) -> Figure:
    """Measure one work of one system while the others idle."""
    path = work.path.format(project=entrant.project)
    tag = _tag(entrant, path) if work.tagged else ""
    body = body_of(work.creates, entrant) if work.creates else None

    def ask() -> Figure:
        load = entrant.load(path, work.connections, tag=tag, body=body)
        return measure(entrant.server, load, seconds)

    return calm(ask, lambda found: found.others)


def _tag(entrant: Entrant, path: str) -> str:
    entrant.api.close()
    entrant.api.want(200, "GET", path)
    tag = entrant.api.headers["ETag"]
    status, _ = entrant.api.call("GET", path, If_None_Match=tag)
    if status != 304:
        raise RuntimeError(f"{entrant.name} answers {status} to its own tag")
    return tag


def record(book: Book, plan: Plan) -> None:
    """Measure each work of each system, in turn, and note it."""
    with ExitStack() as stack:
        entrants = [enter(name, plan, stack) for name in MAKERS]
        for entrant in entrants:
            fill(entrant, plan.size(PROJECTS, 40), plan.size(TASKS, 40))
        lax = [enter(name, plan, stack, NORMAL) for name in LAX_SYSTEMS]
        for entrant in lax:
            fill(entrant, 1, 0)
        for _ in plan.rounds():
            for name, work in WORKS.items():
                for entrant in entrants:
                    _note(book, name, entrant, visit(entrant, work, plan.seconds))
            for name in LAX_WORKS:
                for entrant in lax:
                    found = visit(entrant, WORKS[name], plan.seconds)
                    _note(book, name + LAX, entrant, found)


def _note(book: Book, work: str, entrant: Entrant, found: Figure) -> None:
    print(f"{work:34} {entrant.name:22} {found}", file=sys.stderr, flush=True)
    note = partial(book.note, work, entrant.name, others=found.others)
    note(found.rate, "requests/s")
    note(found.cpu, "µs", "CPU of the server")
    note(found.p50, "ms", "p50")
    note(found.p99, "ms", "p99")


def table(book: Book) -> str:
    """Return what the book has of requests, with the ratio of ours to each peer."""
    head = ("work", *MAKERS, *(f"to {name}" for name in (EXPRESS, FASTAPI, DRF)))
    rows = []
    for work in dict.fromkeys(one.work for one in book.samples.values()):
        found = {name: book.samples.get((work, name, "rate")) for name in MAKERS}
        row = [
            work,
            *(f"{spread(one.values).middle:,.0f}" if one else "" for one in found.values()),
        ]
        mine = found[OURS]
        for name in (EXPRESS, FASTAPI, DRF):
            other = found[name]
            there = mine and other
            row.append(shown(spread(ratios(mine.values, other.values)).middle) if there else "")
        rows.append(row)
    return markdown(head, rows)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="bench.rest", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter for ours")
    parser.add_argument("--peer-python", default=str(_server.PEER_PYTHON), help="for the peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    options = parser.parse_args()
    _server.begin()
    book = Book()
    record(book, Plan(options.python, options.peer_python, options.seconds, options.rounds, 3600.0))
    print(describe(), table(book), sep="\n\n")


if __name__ == "__main__":
    main()
