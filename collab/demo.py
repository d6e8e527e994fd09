"""People, a project and some history to play with: `python app.py --demo`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from .auth import passwords
from .auth.demo_people import DEMO, Demo, DemoPerson
from .auth.models import User
from .auth.service import new_account
from .core import slots
from .core.caller import Caller
from .core.models import utcnow
from .core.parts import PARTS
from .core.security import kept_secret
from .core.slots import setting
from .extensions import db
from .files import service as files
from .jobs import registry
from .jobs import service as jobs
from .jobs.service import Order
from .notifications.notifier import NOTIFIER
from .posts import collection_posts, collections
from .posts import service as posts
from .posts.models import DRAFT, PUBLISHED
from .projects import invitations
from .projects import service as projects
from .projects.models import COLLABORATOR, VIEWER
from .realtime import publishing
from .tasks import comments
from .tasks import service as tasks
from .tasks.schemas import TaskIn
from .workspaces import service as workspaces

#: The first one becomes admin, if the installation is new.
DEMO_PEOPLE = {
    "ada": "Ada Admin",
    "alice": "Alice Owner",
    "bob": "Bob Teammate",
    "vera": "Vera Viewer",
}

#: Greets whoever its input names: what a run is given below its output, and nobody at first.
HELLO_TEXT = """import sys

name = sys.stdin.readline().strip() or "World"
print(f"Hello {name}")
"""
#: What lies in the demo's workspace.
FILES = {
    "README.md": "# Demo\n\nOpen this file twice, and write in both.\n",
    "src/hello.py": HELLO_TEXT,
    "src/index.js": "console.log('Hello World')\n",
}


def begin(app: Flask) -> None:
    """Add what is missing before the server forks, print who is there, and let the page show it."""
    with app.app_context():
        print(fill())
    # Threads that it started do not outlive the fork: the worker begins with parts of its own.
    PARTS.of(app).stop()
    slots.renew(app)
    people = tuple(DemoPerson(shown, _email(name)) for name, shown in DEMO_PEOPLE.items())
    DEMO.put(app, Demo(people, _password(app.config["INSTANCE_PATH"])))


def _password(folder: Path) -> str:
    return kept_secret(folder / "demo_password")[:16]


def fill() -> str:
    """Add what is missing and return what to print: the people and their password."""
    password = _password(setting("INSTANCE_PATH"))
    people = {name: _person(name, shown, password) for name, shown in DEMO_PEOPLE.items()}
    if not db.session.scalar(select(User.id).where(User.email == _email("alice")).limit(1)):
        raise LookupError("the demo's people were not added")
    known = projects.list_projects(
        people["alice"], q="demo", scope="mine", sort="id", limit=1, cursor=None
    )
    if not known.items:
        # The notifier begins after what it finds at its first start: here, to notify of the rest.
        NOTIFIER.here().reader.begin()
        _project(people)
        _posts(people)
    lines = [f"  {_email(name):<20} {shown}" for name, shown in DEMO_PEOPLE.items()]
    return "\n".join(["Demo accounts, all with the password " + password, *lines])


def _email(name: str) -> str:
    return f"{name}@example.com"


def _person(name: str, shown: str, password: str) -> Caller:
    user = db.session.scalar(select(User).where(User.email == _email(name)))
    if user is None:
        user = new_account(_email(name), passwords.hash_password(password), shown)
        user.email_verified_at = utcnow()  # nobody reads mails to these addresses
        db.session.commit()
    return Caller(user.id, 0, user.name, user.email, user.role == "admin", utcnow())


def _project(people: dict[str, Caller]) -> None:
    alice, bob = people["alice"], people["bob"]
    project = projects.create("Demo project", "A place to try things.", alice)
    invitations.invite(project, bob.email, COLLABORATOR, alice)
    invitations.invite(project, people["vera"].email, VIEWER, alice)
    desk = workspaces.create(project, "Development Workspace", {"theme": "dark"}, bob)
    for path, text in FILES.items():
        files.create_text(desk.id, path, text, bob)
    change = {"fileName": "index.js", "changes": "console.log('Hello World')"}
    report = Order(registry.require("report"), {"days": 30}, project_id=project.id)
    jobs.submit(report, alice)
    _tasks(project.id, alice, bob)
    publishing.record(publishing.draft("file_changed", change), f"project:{project.id}", bob)


def _posts(people: dict[str, Caller]) -> None:
    alice, bob = people["alice"], people["bob"]
    welcome = posts.create("Welcome", "Everybody can read what is published.", PUBLISHED, alice)
    answer = posts.create("Thanks", "Good to be here, @alice!", PUBLISHED, bob)
    posts.create("Not yet", "Nobody else sees a draft.", DRAFT, alice)
    read = collections.create("Worth reading", "Posts in an order of my own.", alice)
    for post in (welcome, answer):
        collection_posts.put(read, post.id, alice)


def _tasks(project_id: int, alice: Caller, bob: Caller) -> None:
    tomorrow = (utcnow() + timedelta(days=1)).date().isoformat()
    written: list[tuple[Caller, dict[str, Any]]] = [
        (alice, {"title": "Order the rocket", "assignee": bob.user_id, "due_at": tomorrow}),
        (alice, {"title": "Pack the food", "priority": "low", "tags": ["moon"]}),
        (bob, {"title": "Learn to fly", "status": "doing", "assignee": bob.user_id}),
    ]
    made = [tasks.create(project_id, TaskIn().load(body), who) for who, body in written]
    comments.create(made[0], "Which one, @alice?", bob)
    tasks.create(None, TaskIn().load({"title": "Water the plants", "tags": ["home"]}), alice)
