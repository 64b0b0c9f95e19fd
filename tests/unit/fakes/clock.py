"""A clock that only moves when a test says so."""

from datetime import UTC, datetime, timedelta


class SteppedClock:
    """Both clocks of the operator, stepped together."""

    def __init__(self) -> None:
        self._elapsed = 0.0

    def step(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds

    def now(self) -> datetime:
        """The wall clock."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return self._elapsed
