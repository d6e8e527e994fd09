"""Frozen dataclasses of ours are like the standard library's."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace

import pytest

from collab.frozen import frozen


@frozen
class Place:
    """A place of ours."""

    name: str
    secret: str = field(default="s", repr=False)
    tags: list[str] = field(default_factory=list)


@frozen(kw_only=True)
class Town(Place):
    """It adds a field, which has no default and is named."""

    people: int


@dataclass(frozen=True)
class StandardPlace:
    """The same as `Place`, made by the standard library."""

    name: str
    secret: str = field(default="s", repr=False)
    tags: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class StandardTown(StandardPlace):
    """The same as `Town`."""

    people: int


def test_what_it_is_given_and_its_defaults_are_its_facts():
    expected = asdict(StandardTown("Rome", tags=["old"], people=3))
    assert asdict(Town("Rome", tags=["old"], people=3)) == expected


def test_each_has_a_default_of_its_own():
    assert Place("Rome").tags is not Place("Rome").tags


@pytest.mark.parametrize("given", [((), {}), (("a", "b", [], 4), {}), (("a",), {"other": 1})])
def test_wrong_arguments_are_refused_in_the_same_words(given):
    args, named = given
    with pytest.raises(TypeError) as theirs:
        StandardPlace(*args, **named)
    with pytest.raises(TypeError) as ours:
        Place(*args, **named)
    assert str(ours.value) == str(theirs.value).replace("StandardPlace", "Place")


def test_a_named_field_is_not_taken_by_its_place():
    with pytest.raises(TypeError):
        Town("Rome", "s", [], 3)


def test_equal_facts_make_equal_things():
    assert Place("Rome") == Place("Rome")
    assert Place("Rome") != Place("Roma")


def test_things_of_two_classes_are_not_equal():
    assert Place("Rome") != StandardPlace("Rome")


def test_equal_things_have_one_hash():
    assert len({Place("Rome", tags=()), Place("Rome", tags=()), Place("Roma", tags=())}) == 2


def test_it_is_shown_without_what_is_kept_from_being_shown():
    assert repr(Town("Rome", people=3)) == "Town(name='Rome', tags=[], people=3)"


def test_nothing_can_be_set_or_deleted():
    place = Place("Rome")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
        place.name = "Roma"
    with pytest.raises(FrozenInstanceError):
        del place.name


def test_a_changed_copy_can_be_made():
    assert replace(Place("Rome"), name="Roma") == Place("Roma")


def test_what_is_made_first_by_a_class_below_does_not_change_its_base():
    @frozen
    class Base:
        """It has one field."""

        name: str

    @frozen
    class Below(Base):
        """It has two."""

        size: int

    assert (Below("a", 1).size, Base("b").name) == (1, "b")
