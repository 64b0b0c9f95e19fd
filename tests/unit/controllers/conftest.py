"""A world for each test of the reconcilers."""

from collections.abc import Iterator

import pytest

from tests.unit.controllers.world import World, a_world


@pytest.fixture
def world() -> Iterator[World]:
    with a_world() as made:
        yield made
