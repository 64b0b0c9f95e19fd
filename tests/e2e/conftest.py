"""Every test here has the marker of its folder, and a bound."""

from pathlib import Path

import pytest

TEST_SECONDS = {"controlplane": 60, "kind": 300}
"""Of a test alone; what fixtures wait for, which may build for minutes, has bounds of its own."""

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of each folder, and bound those that have no bound of their own."""
    for item in items:
        for folder, seconds in TEST_SECONDS.items():
            if item.path.is_relative_to(_HERE / folder):
                item.add_marker(getattr(pytest.mark, folder))
                if item.get_closest_marker("timeout") is None:
                    item.add_marker(pytest.mark.timeout(seconds, func_only=True))
