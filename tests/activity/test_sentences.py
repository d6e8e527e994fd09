import dataclasses
import types
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.activity.sentences import HIDDEN_TEXT, OF_ONESELF, SENTENCES, names_of, sentence
from collab.events.catalogue import catalogue

from ..support.each import each
from ..support.people import ok

SAMPLES = {int: 7, str: "word", float: 0.5, bool: True, list: ["status"], dict: {"status": "doing"}}
NAMES = {1: "Alice Owner", 2: "Bob Teammate", 7: "Vera"}

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def sample(kind):
    """Return data as an event of a type has it."""
    hints = typing.get_type_hints(catalogue()[kind])
    return {field.name: of(hints[field.name]) for field in dataclasses.fields(catalogue()[kind])}


def of(hint):
    """Return a value of a type; of `int | None` it is a number."""
    if isinstance(hint, types.UnionType):
        hint = typing.get_args(hint)[0]
    return SAMPLES[typing.get_origin(hint) or hint]


def test_every_type_of_the_catalogue_has_a_sentence():
    assert SENTENCES.keys() == catalogue().keys()


@each(sorted(SENTENCES))
def test_a_sentence_lacks_nothing_that_its_event_has(kind):
    text = sentence(kind, 1, sample(kind), NAMES)

    assert HIDDEN_TEXT not in text
    assert "{" not in text


@each(sorted(SENTENCES))
def test_a_sentence_without_its_data_can_be_read(kind):
    assert sentence(kind, None, {}, {})


@given(kind=st.sampled_from(sorted(SENTENCES)), data=st.dictionaries(st.text(), json))
def test_no_data_that_an_older_version_let_in_breaks_a_sentence(kind, data):
    assert sentence(kind, 1, data, NAMES)


@given(kind=st.sampled_from(sorted(SENTENCES)), value=json)
def test_no_value_of_an_expected_member_breaks_a_sentence(kind, value):
    assert sentence(kind, 1, dict.fromkeys(sample(kind), value), NAMES)


@pytest.mark.parametrize(
    ("kind", "actor", "data", "text"),
    [
        (
            "member.added",
            1,
            {"user_id": 2, "role": "collaborator"},
            "Alice Owner made Bob Teammate a collaborator",
        ),
        (
            "member.added",
            1,
            {"user_id": 2, "role": "owner"},
            "Alice Owner made Bob Teammate an owner",
        ),
        ("member.added", 2, {"user_id": 2, "role": "viewer"}, "Bob Teammate joined as a viewer"),
        ("member.removed", 2, {"user_id": 2}, "Bob Teammate left"),
        (
            "task.updated",
            2,
            {"title": "Fix login", "changes": {"status": "done"}},
            "Bob Teammate finished the task “Fix login”",
        ),
        (
            "task.updated",
            2,
            {"title": "Fix login", "changes": {"due_at": None, "tags": []}},
            "Bob Teammate changed the task “Fix login”: due at, tags",
        ),
        ("file.changed", 2, {"user_id": 1}, "Bob Teammate published file.changed"),
        ("project.deleted", None, {}, "The service deleted the project"),
        ("project.deleted", 99, {}, "A deleted account deleted the project"),
        (
            "task.deleted",
            1,
            {"title": "{actor}\n<b>"},
            "Alice Owner deleted the task “{actor} <b>”",
        ),
    ],
)
def test_reads_as_a_person_would_say_it(kind, actor, data, text):
    assert sentence(kind, actor, data, NAMES) == text


def test_what_is_said_of_oneself_has_the_words_of_a_sentence_of_the_table():
    assert OF_ONESELF.keys() <= SENTENCES.keys()


def test_the_names_of_a_page_are_read_at_once(app, alice, bob):
    rows = [
        types.SimpleNamespace(type="member.added", actor=alice.id, data={"user_id": bob.id}),
        types.SimpleNamespace(
            type="task.created", actor=None, data={"user_id": [1], "owner_id": 2**70}
        ),
    ]
    with app.app_context():
        assert names_of(rows) == {alice.id: "Alice", bob.id: "Bob"}


def test_a_renamed_person_has_their_new_name(alice, project):
    ok(alice.patch("/auth/me", {"name": "Alicia"}))

    items = ok(alice.get(f"/projects/{project}/activity"))["items"]

    assert items[-1]["text"] == "Alicia made the project “Apollo”"


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            "task.updated",
            {"title": "A", "changes": {"position": 3}},
            "moved the task “A” on the board",
        ),
        ("task.updated", {"title": "A", "changes": {"status": "done"}}, "finished the task “A”"),
        (
            "task.updated",
            {"title": "A", "changes": {"status": "doing"}},
            "moved the task “A” to doing",
        ),
        ("flag.changed", {"name": "files", "overridden": False}, "gave the feature “files” back"),
        ("flag.changed", {"name": "files", "enabled": False}, "switched the feature “files” off"),
    ],
)
def test_what_a_change_did_is_told_by_what_changed(kind, data, text):
    assert text in sentence(kind, 1, data, NAMES)
