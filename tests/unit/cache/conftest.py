"""A copy of a server's Pods, for the tests of what it learns and of what it suspects."""

import pytest

from tests.unit.cache.copied import Copy


@pytest.fixture
def copy() -> Copy:
    """A copy that has been filled; the server's first version is 100."""
    made = Copy()
    made.relist()
    return made
