"""Two databases, made once: one in which there is little, and one in which there is much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import close
from ..support.people import Person
from .filling import Size
from .worlds import World

#: More than a page of each, so that both answer alike.
LITTLE = Size(rows=150, memberships=150, events=1500)
MUCH = Size(rows=2000, memberships=4000, events=30_000)


@pytest.fixture(scope="session")
def worlds(
    template: tuple[Path, dict[str, Person]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, World]]:
    """Return the small world and the large one."""
    small, large = (
        World(tmp_path_factory.mktemp(name), template, size)
        for name, size in (("little", LITTLE), ("much", MUCH))
    )
    yield small, large
    for world in (small, large):
        world.http.close()
        close(world.app)
