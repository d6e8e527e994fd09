"""The FastAPI server that `bench.http_list` compares with: users, projects, memberships.

It does what an ordinary FastAPI service does for an authorised list: the token is verified,
the user looked up, the caller's projects are read with their role in one query, and pydantic
writes the answer. Registering skips the password hash, for only the list is timed.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import ForeignKey, String, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

SECRET = os.environ["SECRET_KEY"]
engine = create_engine(os.environ["DATABASE_URL"], pool_size=16, max_overflow=64)
make_session = sessionmaker(engine)


@event.listens_for(engine, "connect")
def set_pragmas(connection: Any, record: object) -> None:
    """Open SQLite as the other side does."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
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


class Project(Model):
    """A project."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(default=utcnow)


class Member(Model):
    """A person's role in a project."""

    __tablename__ = "members"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(20))


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


class ProjectOut(BaseModel):
    """A project as the caller sees it."""

    id: int
    name: str
    description: str
    role: str
    created_at: datetime
    updated_at: datetime


class ProjectPage(BaseModel):
    """A page of projects."""

    items: list[ProjectOut]
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
    """Return whose token it is, as the database knows them now."""
    try:
        claims = jwt.decode(token.credentials, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise HTTPException(401, "bad token") from None
    user = session.get(User, int(claims["sub"]))
    if user is None or user.disabled_at is not None:
        raise HTTPException(401, "no such user")
    return user


CurrentUser = Annotated[User, Depends(current_user)]


def encode_cursor(last: int) -> str:
    """Write an opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(["id", last]).encode()).decode()


def decode_cursor(cursor: str | None) -> int:
    """Return the id after which a page begins; 400 for what is not a cursor."""
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))[1])
    except (ValueError, LookupError, TypeError):
        raise HTTPException(400, "bad cursor") from None


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the service runs."""
    return {"status": "ok"}


@app.post("/api/v1/auth/register", status_code=201)
def register(person: Registration, session: Database) -> dict[str, str]:
    """Make a user and return a token."""
    user = User(email=person.email, name=person.name)
    session.add(user)
    session.commit()
    expires = utcnow() + timedelta(minutes=15)
    claims = {"sub": str(user.id), "exp": expires}
    return {"access_token": jwt.encode(claims, SECRET, algorithm="HS256")}


@app.post("/api/v1/projects", status_code=201)
def create_project(data: NewProject, user: CurrentUser, session: Database) -> dict[str, int]:
    """Make a project that the caller owns."""
    project = Project(name=data.name, description=data.description)
    session.add(project)
    session.flush()
    session.add(Member(project_id=project.id, user_id=user.id, role="owner"))
    session.commit()
    return {"id": project.id}


@app.get("/api/v1/projects")
def list_projects(
    user: CurrentUser,
    session: Database,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> ProjectPage:
    """List the caller's projects, by keyset, with their role, in one query."""
    query = (
        select(Project, Member.role)
        .join(Member, Member.project_id == Project.id)
        .where(Member.user_id == user.id, Project.id > decode_cursor(cursor))
        .order_by(Project.id)
        .limit(limit + 1)
    )
    rows = session.execute(query).all()
    items = [as_seen(project, role) for project, role in rows[:limit]]
    following = encode_cursor(items[-1].id) if len(rows) > limit else None
    return ProjectPage(items=items, next_cursor=following)


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
