"""The catalogue of events: complete, described, and spelled in one way."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields

import pytest

from collab.events.catalogue import (
    accounts,
    canonical_type,
    catalogue,
    corrections,
    files,
    ingest,
    jobs,
    posts,
    projects,
    reserved,
    schedules,
    security,
    system,
    tasks,
    webhooks,
)
from collab.events.catalogue.files import FileEvent
from collab.events.catalogue.jobs import JobEvent
from collab.events.catalogue.posts import CollectionEvent, PostEvent
from collab.events.catalogue.schedules import ScheduleEvent
from collab.events.catalogue.tasks import TaskEvent
from collab.events.catalogue.webhooks import IncomingHookEvent, WebhookEvent
from collab.events.corrections import DropProject, DropTopic, EndConnections
from collab.events.subscriber import Person
from collab.events.types import (
    OPEN_TYPES,
    PRESENCE_TYPES,
    TYPE_PATTERN,
    AccountEvent,
    AuditEvent,
    Event,
    ProjectEvent,
)
from collab.projects.access import Right

from ..support.each import each

KINDS = sorted(catalogue().items())
NAMES = [*catalogue(), *OPEN_TYPES, *PRESENCE_TYPES]

#: Past participles that do not end in -ed.
IRREGULAR = {"left", "output", "read", "resent"}
#: What members publish may be what they are doing.
DOING = {"activity", "typing"}


def sample(kind: type[Event]) -> Event:
    """Make an event of a kind."""
    values = {"int": 1, "int | None": 1, "float": 0.5, "str": "x", "dict[str, Any]": {"a": 1}}
    values |= {"bool": True, "str | None": "x", "list[int]": [1], "list[str]": ["a"]}
    values["list[dict[str, Any]] | None"] = [{"insert": "a"}]
    return kind(**{field.name: values[str(field.type)] for field in fields(kind)})


@each(KINDS)
def test_an_event_says_what_it_means(name: str, kind: type[Event]) -> None:
    assert kind.__doc__
    assert kind.__doc__.rstrip().endswith(".")
    assert not kind.__doc__.startswith(kind.__name__)


@each(name for name in NAMES if name not in DOING)
def test_a_type_is_dotted_and_in_the_past_tense(name: str) -> None:
    verb = re.split(r"[._]", name)[-1]
    assert "." in name
    assert verb.endswith("ed") or verb in IRREGULAR


@each(NAMES)
def test_a_type_is_written_as_types_are(name: str) -> None:
    assert re.fullmatch(TYPE_PATTERN, name)


@each(KINDS)
def test_an_event_cannot_be_changed(name: str, kind: type[Event]) -> None:
    event = sample(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(event, fields(kind)[0].name, 2)


@each(KINDS)
def test_an_event_is_told_where_it_belongs(name: str, kind: type[Event]) -> None:
    event = sample(kind)
    topics = {
        AccountEvent: "user:1",
        ProjectEvent: "project:1",
        JobEvent: "job:1",
        TaskEvent: "project:1",
        ScheduleEvent: "project:1",
        PostEvent: "posts",
        CollectionEvent: "user:1",
        AuditEvent: "audit",
        FileEvent: "project:1",
        WebhookEvent: "project:1",
        IncomingHookEvent: "project:1",
    }
    own = {"flag.changed": "flags", "file.edited": "file:1"}
    assert event.topic == own.get(name, topics.get(kind.__base__))


def test_what_happens_to_a_personal_task_is_told_to_its_owner() -> None:
    event = tasks.TaskDeleted(task_id=1, owner_id=7, project_id=None, title="Mine")
    assert event.topic == "user:7"


def test_what_happens_to_a_personal_schedule_is_told_to_its_owner() -> None:
    event = schedules.ScheduleDeleted(schedule_id=1, owner_id=7, project_id=None, name="Mine")
    assert event.topic == "user:7"


def test_an_event_that_belongs_nowhere_is_told_to_nobody() -> None:
    with pytest.raises(LookupError):
        assert Event().topic


def test_what_happens_to_a_draft_is_told_to_its_owner() -> None:
    event = posts.PostDeleted(post_id=1, owner_id=7, title="Mine", public=False)
    assert event.topic == "user:7"


#: What the present state of affairs is, so that none is lost by mistake.
TAKES_AWAY = {
    "account.disabled",
    "account.role_changed",
    "account.token_revoked",
    "file.deleted",
    "flag.changed",
    "member.removed",
    "member.role_changed",
    "project.deleted",
    "schema.deleted",
    "schema.registered",
    "session.revoked",
    "source.deleted",
    "source.key_revoked",
    "source.key_rotated",
    "source.updated",
    "workspace.deleted",
}


def test_what_takes_something_away_from_live_readers_says_so() -> None:
    assert corrections.__wrapped__().keys() == TAKES_AWAY, "as they are made anew"


@each(corrections())
def test_a_correction_names_what_its_event_says(name: str) -> None:
    event = sample(catalogue()[name])
    match corrections()[name]:
        case DropProject(member):
            assert event.scope == 1
            assert member is None or event.data()[member] == 1
        case DropTopic(topic):
            assert topic.format_map(event.data()).endswith(":1")
        case EndConnections(member):
            assert event.data()[member] == getattr(Person(1, 1, "Alice"), member)


def test_every_class_of_the_catalogue_is_in_it() -> None:
    classes = {
        one
        for module in (
            accounts,
            files,
            ingest,
            jobs,
            posts,
            projects,
            schedules,
            security,
            system,
            tasks,
            webhooks,
        )
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__ and "type" in vars(one)
    }
    assert classes == set(catalogue.__wrapped__().values()), "as it is made anew"


@each(NAMES)
def test_a_type_in_any_spelling_is_the_same_type(name: str) -> None:
    spellings = {name, name.replace(".", "_"), name.replace("_", ".")}
    assert {canonical_type(one) for one in spellings} == {name}


def test_an_unknown_type_is_spelled_with_dots() -> None:
    assert canonical_type("my_own.type_here") == "my.own.type.here"


@each([*catalogue(), *PRESENCE_TYPES])
def test_what_the_server_records_is_reserved(name: str) -> None:
    assert reserved(name)


@each(OPEN_TYPES)
def test_what_members_publish_is_not_reserved(name: str) -> None:
    assert not reserved(name)


@each(OPEN_TYPES)
def test_what_members_publish_takes_a_right_that_there_is(name: str) -> None:
    assert Right(OPEN_TYPES[name].right) in (Right.APPEAR, Right.WRITE)
