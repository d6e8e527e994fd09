"""What a start leaves for later: fields of schemas, and patterns."""

import copy
import re

import pytest
from marshmallow import ValidationError, fields

from collab.core.schemas import Schema, line
from collab.core.text.patterns import later


class NoteIn(Schema):
    """A schema with a field that has a pattern."""

    title = line(20, required=True)
    size = fields.Integer(load_default=1)


def test_a_schema_has_no_fields_before_it_is_used():
    schema = NoteIn()
    assert "fields" not in vars(schema)
    assert schema.load({"title": "Fuel"}) == {"title": "Fuel", "size": 1}
    assert list(vars(schema)["fields"]) == ["title", "size"]


def test_its_options_hold_when_it_is_used():
    assert NoteIn(only=["size"]).load({}) == {"size": 1}


def test_it_refuses_what_it_would_refuse_otherwise():
    with pytest.raises(ValidationError) as refused:
        NoteIn().load({"title": "\n"})
    assert list(refused.value.messages) == ["title"]


def test_what_a_schema_does_not_have_is_an_error_before_its_use_and_after():
    schema = NoteIn()
    for _ in range(2):
        with pytest.raises(AttributeError, match="nothing"):
            _ = schema.nothing


@pytest.fixture
def compiled():
    """Return the patterns that were compiled."""
    return []


@pytest.fixture
def pattern(compiled):
    """Return a pattern that is compiled when it is used."""

    def compile_it():
        compiled.append(re.compile("[ab]+"))
        return compiled[-1]

    return later(compile_it)


def test_a_pattern_is_compiled_when_it_is_first_used(pattern, compiled):
    assert compiled == []
    assert pattern.sub("-", "xabx") == "x-x"
    assert len(compiled) == 1


def test_it_is_compiled_once(pattern, compiled):
    found = pattern.match("ab"), pattern.search("xb"), pattern.match("b"), pattern.pattern
    assert found[3] == "[ab]+"
    assert len(compiled) == 1


def test_a_copy_matches_the_same(pattern):
    assert copy.deepcopy(pattern).fullmatch("aba")
