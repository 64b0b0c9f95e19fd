"""Settings of all unit tests."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A machine under load is slow, not wrong: pytest's own timeout bounds each test.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _log_configuration() -> Iterator[None]:
    """Each test begins with structlog's own configuration, whatever a command set up before."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
