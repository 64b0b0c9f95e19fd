"""Settings of all unit tests."""

from hypothesis import settings

# A machine under load is slow, not wrong: pytest's own timeout bounds each test.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
