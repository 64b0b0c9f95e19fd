"""The machine's clocks behind one protocol, so that tests can step time."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What daskop asks of time."""

    def now(self) -> datetime:
        """The wall clock in UTC; for what people read. It may jump."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; for measuring. It never goes back."""


class SystemClock:
    """The real clocks."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()
