"""Pods that ended, what is recorded of earlier ones, and passes until they are replaced."""

from datetime import UTC, datetime, timedelta
from typing import Any

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.plan.replacement import replacement
from tests.unit.builders import a_pod

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ended(name: str = "p", *, age: timedelta = SECOND, now: datetime = NOW) -> Pod:
    """A Pod that was made *age* ago, and ends now."""
    created, finished = rfc3339(now - age), rfc3339(max(now, now - age))
    return a_pod(name, phase="Failed", created=created, finished=finished)


def recorded(failures: int, *, ago: float = 0, newest: float | None = None) -> dict[str, Any]:
    """
    A status that has this many failures, the last one *ago* seconds before now.

    The *newest* Pod then was made so many seconds before now: at that moment, unless it is given.
    """
    last, made = (NOW - timedelta(seconds=s) for s in (ago, ago if newest is None else newest))
    return {
        "failures": failures,
        "lastFailureTime": rfc3339(last),
        "newestPodTime": rfc3339(made),
    }


def made_up_for(
    pods: list[Pod], status: dict[str, Any], now: datetime
) -> tuple[dict[str, Any], datetime]:
    """What is recorded, and when, by the pass that replaces the last of *pods*."""
    for _ in range(100):
        sorted_ = replacement(pods, status, now)
        pods, status = list(sorted_.held), sorted_.record
        if not pods:
            break
        now += sorted_.wait or timedelta(0)
    assert [] == pods
    return status, now
