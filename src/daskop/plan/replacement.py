"""When Pods that ended are replaced: at once, but slower and slower if they end early each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.api.meta import Manifest

EARLY = timedelta(minutes=10)
"""A Pod that lived longer is replaced at once; a kubelet forgets a container's crashes then, too."""

FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(minutes=5)
"""A kubelet's own numbers for containers that crash."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """
    What to do about Pods that ended.

    Attributes:
        due: To be deleted and replaced now.
        held: Left as they are for a while; they keep their place.
        wait: When to look at those again.
        record: What the status has to remember.
    """

    due: tuple[Pod, ...] = ()
    held: tuple[Pod, ...] = ()
    wait: timedelta | None = None
    record: dict[str, Any] = field(default_factory=dict)


def replacement(ended: Sequence[Pod], status: Manifest, now: datetime) -> Replacement:
    """
    Sort *ended* Pods by when they are to be replaced.

    The owner's *status* is where the last replacements are recorded.
    """
    # The record is in the cluster, as everything that must be remembered: a restart of the operator
    # is no reason to start a thousand crashing Pods again.
    failures, last = _recent(status, now)
    record = _record(failures, last)
    early = tuple(pod for pod in ended if _is_early(pod, now))
    if not early:
        return Replacement(due=tuple(ended), record=record)
    wait = last + _delay(failures) - now if last else timedelta(0)
    if wait > timedelta(0):
        due = tuple(pod for pod in ended if pod not in early)
        return Replacement(due, early, wait, record)
    return Replacement(due=tuple(ended), record=_record(failures + 1, now))


def _recent(status: Manifest, now: datetime) -> tuple[int, datetime | None]:
    """How often and when Pods were last replaced early, unless that is long ago."""
    last = _moment(status.get("lastFailureTime"))
    if last is None or now - last >= EARLY:
        return 0, None
    return int(status.get("failures") or 1), min(last, now)  # a clock may have gone back


def _record(failures: int, last: datetime | None) -> dict[str, Any]:
    return {"failures": failures, **({"lastFailureTime": rfc3339(last)} if last else {})}


def _is_early(pod: Pod, now: datetime) -> bool:
    created = _moment(pod.meta.created)
    return created is not None and now - created < EARLY


def _delay(failures: int) -> timedelta:
    doublings = min(failures - 1, 10)  # more make no difference, and overflow in the end
    return min(FIRST_DELAY * float(2**doublings), LONGEST_DELAY)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
