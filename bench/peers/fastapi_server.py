"""The FastAPI server that `bench.rest` compares with: sessions, projects with roles, tasks.

It does what an ordinary FastAPI service does, and what ours does for the same requests: the token
is verified, its session and user are looked up in one query, a role is read with the project, a
change and its events are one transaction, pydantic writes the answer. Registering skips the
password hash, for it is not timed.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import JSON, ForeignKey, Index, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

SECRET = os.environ["SECRET_KEY"]
SYNCHRONOUS = os.environ.get("SYNCHRONOUS", "FULL")
TOKEN_MINUTES = 60
engine = create_engine(os.environ["DATABASE_URL"], pool_size=16, max_overflow=64)
make_session = sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine, "connect")
def set_pragmas(connection: Any, record: object) -> None:
    """Open SQLite as the other side does."""
    for pragma in ("journal_mode=WAL", f"synchronous={SYNCHRONOUS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def utcnow() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class Model(DeclarativeBase):
    """The base of all tables."""


class User(Model):
    """A person."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    disabled_at: Mapped[datetime | None]


class LogIn(Model):
    """A session that tokens name."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]


class Project(Model):
    """A project."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class Member(Model):
    """A person's role in a project."""

    __tablename__ = "members"
    __table_args__ = (Index("members_of", "user_id", "project_id"),)

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))


class Task(Model):
    """Something to be done in a project."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("tasks_newest", "project_id", "id"),
        Index("tasks_status", "project_id", "status", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(String(10), default="todo")
    priority: Mapped[str] = mapped_column(String(10), default="normal")
    assignee_id: Mapped[int | None]
    due_at: Mapped[datetime | None]
    due_zone: Mapped[str] = mapped_column(String(40), default="UTC")
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    position: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class EventRow(Model):
    """An event of the log."""

    __tablename__ = "events"
    __table_args__ = (Index("events_of", "topic", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(40))
    type: Mapped[str] = mapped_column(String(40))
    actor: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


Model.metadata.create_all(engine)


class Registration(BaseModel):
    """What registering takes."""

    email: str
    password: str
    name: str


class NewProject(BaseModel):
    """What making a project takes."""

    name: str
    description: str = ""


class NewTask(BaseModel):
    """What making a task takes."""

    title: str
    project_id: int
    description: str = ""
    tags: list[str] = []


class ProjectOut(BaseModel):
    """A project as the caller sees it."""

    id: int
    name: str
    description: str
    role: str
    created_at: datetime
    updated_at: datetime


class TaskOut(BaseModel):
    """A task."""

    model_config = {"from_attributes": True}

    id: int
    project_id: int
    owner_id: int
    title: str
    description: str
    status: str
    priority: str
    assignee_id: int | None
    due_at: datetime | None
    due_zone: str
    tags: list[str]
    position: str
    created_at: datetime
    updated_at: datetime


class ProjectPage(BaseModel):
    """A page of projects."""

    items: list[ProjectOut]
    next_cursor: str | None


class TaskPage(BaseModel):
    """A page of tasks."""

    items: list[TaskOut]
    next_cursor: str | None


app = FastAPI()
bearer = HTTPBearer()


def get_session() -> Iterator[Session]:
    """Give a session for one request."""
    with make_session() as session:
        yield session


Database = Annotated[Session, Depends(get_session)]
Token = Annotated[HTTPAuthorizationCredentials, Depends(bearer)]


def current_user(token: Token, session: Database) -> User:
    """Return whose token it is, as the database knows them and their session now."""
    try:
        claims = jwt.decode(token.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "bad token") from None
    query = (
        select(User)
        .join(LogIn, LogIn.user_id == User.id)
        .where(LogIn.id == claims["sid"], LogIn.ended_at.is_(None), User.disabled_at.is_(None))
    )
    user = session.scalar(query)
    if user is None:
        raise HTTPException(401, "no such session")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def role_in(project_id: int, user: User, session: Session) -> str:
    """Return the caller's role; 404 for a project that is none of theirs."""
    query = select(Member.role).where(Member.project_id == project_id, Member.user_id == user.id)
    role = session.scalar(query)
    if role is None:
        raise HTTPException(404, "no such project")
    return role


def record(session: Session, project_id: int, kind: str, actor: int, data: dict[str, Any]) -> None:
    """Add an event to the log."""
    topic = f"project:{project_id}"
    session.add(EventRow(topic=topic, type=kind, actor=actor, data=data))


def encode_cursor(last: int) -> str:
    """Write an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(["id", last]).encode()).decode()


def decode_cursor(cursor: str | None, start: int) -> int:
    """Return the id at which a page begins; 400 for what is not a cursor."""
    if cursor is None:
        return start
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))[1])
    except (ValueError, LookupError, TypeError):
        raise HTTPException(400, "bad cursor") from None


Limit = Annotated[int, Query(ge=1, le=100)]


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service runs."""
    return {"status": "ok"}


@app.post("/api/v1/auth/register", status_code=201)
def register(person: Registration, session: Database) -> dict[str, str]:
    """Make a user with a session and return a token."""
    user = User(email=person.email, name=person.name)
    session.add(user)
    session.flush()
    log_in = LogIn(user_id=user.id)
    session.add(log_in)
    session.commit()
    expires = utcnow() + timedelta(minutes=TOKEN_MINUTES)
    claims = {"sub": str(user.id), "sid": log_in.id, "exp": expires}
    return {"access_token": jwt.encode(claims, SECRET, algorithm="HS256")}


@app.post("/api/v1/projects", status_code=201)
def create_project(data: NewProject, user: CurrentUser, session: Database) -> ProjectOut:
    """Make a project that the caller owns, with its two events."""
    project = Project(name=data.name, description=data.description)
    session.add(project)
    session.flush()
    session.add(Member(project_id=project.id, user_id=user.id, role="owner"))
    made = {"project_id": project.id, "name": project.name}
    record(session, project.id, "project.created", user.id, made)
    added = {"project_id": project.id, "user_id": user.id, "role": "owner"}
    record(session, project.id, "member.added", user.id, added)
    session.commit()
    return as_seen(project, "owner")


@app.get("/api/v1/projects")
def list_projects(
    user: CurrentUser, session: Database, limit: Limit = 20, cursor: str | None = None
) -> ProjectPage:
    """List the caller's projects, by keyset, with their role, in one query."""
    query = (
        select(Project, Member.role)
        .join(Member, Member.project_id == Project.id)
        .where(Member.user_id == user.id, Member.project_id > decode_cursor(cursor, 0))
        .order_by(Member.project_id)
        .limit(limit + 1)
    )
    rows = session.execute(query).all()
    items = [as_seen(project, role) for project, role in rows[:limit]]
    following = encode_cursor(items[-1].id) if len(rows) > limit else None
    return ProjectPage(items=items, next_cursor=following)


@app.get("/api/v1/projects/{project_id}", response_model=ProjectOut)
def get_project(
    project_id: int,
    user: CurrentUser,
    session: Database,
    response: Response,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    """Return a project with the caller's role, or 304."""
    query = (
        select(Project, Member.role)
        .join(Member, Member.project_id == Project.id)
        .where(Member.user_id == user.id, Project.id == project_id)
    )
    row = session.execute(query).first()
    if row is None:
        raise HTTPException(404, "no such project")
    tag = f'"{row[0].version}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return as_seen(*row)


def as_seen(project: Project, role: str) -> ProjectOut:
    """Return the project with the caller's role."""
    return ProjectOut(
        id=project.id,
        name=project.name,
        description=project.description,
        role=role,
        created_at=project.created_at,
        updated_at=project.updated_at,
    )


@app.get("/api/v1/tasks")
def list_tasks(
    project_id: int,
    user: CurrentUser,
    session: Database,
    limit: Limit = 20,
    cursor: str | None = None,
) -> TaskPage:
    """List a project's tasks, newest first, by keyset."""
    role_in(project_id, user, session)
    before = decode_cursor(cursor, 2**62)
    query = (
        select(Task)
        .where(Task.project_id == project_id, Task.id < before)
        .order_by(Task.id.desc())
        .limit(limit + 1)
    )
    rows = session.scalars(query).all()
    items = [TaskOut.model_validate(row) for row in rows[:limit]]
    following = encode_cursor(items[-1].id) if len(rows) > limit else None
    return TaskPage(items=items, next_cursor=following)


@app.post("/api/v1/tasks", status_code=201)
def create_task(data: NewTask, user: CurrentUser, session: Database) -> TaskOut:
    """Make a task at the end of its column, with its event."""
    if role_in(data.project_id, user, session) == "viewer":
        raise HTTPException(403, "viewers only read")
    last = session.scalar(
        select(Task.position)
        .where(Task.project_id == data.project_id, Task.status == "todo")
        .order_by(Task.position.desc())
        .limit(1)
    )
    task = Task(owner_id=user.id, position=f"{int(last or 0) + 1:012d}", **data.model_dump())
    session.add(task)
    session.flush()
    told = {"task_id": task.id, "title": task.title, "status": task.status}
    record(session, task.project_id, "task.created", user.id, told)
    session.commit()
    return TaskOut.model_validate(task)
