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

SECOND = timedelta(seconds=1)
"""What the API's times are rounded to."""

FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(minutes=5)
"""A kubelet's own numbers for containers that crash."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """
    What to do about Pods that ended.

    Attributes:
        due: To be deleted and replaced now.
        held: Left as they are for now; they keep their place.
        wait: How long that will take; None if it only has to be recorded first.
        at: When that is (RFC 3339), which stays the same while time goes by.
        record: What the status has to remember.
    """

    due: tuple[Pod, ...] = ()
    held: tuple[Pod, ...] = ()
    wait: timedelta | None = None
    at: str = ""
    record: dict[str, Any] = field(default_factory=dict)


def replacement(
    ended: Sequence[Pod], status: Manifest, now: datetime, *, late_too: bool = False
) -> Replacement:
    """
    Sort *ended* Pods by when they are to be replaced.

    The owner's *status* is where the last replacements are recorded; *late_too* records also those
    of Pods that lived long.
    """
    # The record is in the cluster, as everything that must be remembered: a restart of the operator
    # is no reason to start a thousand crashing Pods again. It is stored before anything is deleted,
    # or a pass that is cut off in between would forget it.
    failures, last = _recent(status, now)
    due: list[Pod] = []
    counted: list[Pod] = []
    for pod in ended:
        (counted if _counts(pod, last, now, late_too=late_too) else due).append(pod)
    record = _record(failures, last)
    if not counted:
        return Replacement(due=tuple(due), record=record)
    wait = min(last, now) + _delay(failures) - now if last else timedelta(0)  # clocks go back, too
    if wait > timedelta(0):
        return Replacement(tuple(due), tuple(counted), wait, rfc3339(now + wait), record)
    # Later than those Pods by any clock: the next pass knows them by that.
    newest = max(filter(None, (_moment(pod.meta.created) for pod in counted)), default=now)
    record = _record(failures + 1, max(now, newest + SECOND))
    return Replacement(tuple(due), tuple(counted), record=record)


def was_replaced(old: Manifest, new: Manifest) -> bool:
    """Whether replacements were recorded since the status *old*, as *new* has it."""
    return new.get("lastFailureTime") not in {None, old.get("lastFailureTime")}


def _counts(pod: Pod, last: datetime | None, now: datetime, *, late_too: bool) -> bool:
    """Whether the end of *pod* is one more failure."""
    created = _moment(pod.meta.created)
    # The server's clock is another one: one that is ten minutes ahead says nothing.
    if created is None or created - now >= EARLY or (now - created >= EARLY and not late_too):
        return False
    # One that is older than the last replacements belongs to them: a node that goes takes many
    # Pods along, which is one failure, however many passes it takes to make up for it.
    return last is None or created >= last


def _recent(status: Manifest, now: datetime) -> tuple[int, datetime | None]:
    """How often and when Pods were last replaced early, unless that is long ago."""
    last = _moment(status.get("lastFailureTime"))
    if last is None or now - last >= EARLY or last - now > EARLY + SECOND:
        return 0, None
    return max(1, int(status.get("failures") or 1)), last


def _record(failures: int, last: datetime | None) -> dict[str, Any]:
    """The fields of the status that remember it."""
    return {"failures": failures, **({"lastFailureTime": rfc3339(last)} if last else {})}


def _delay(failures: int) -> timedelta:
    """How long the next round waits after so many."""
    doublings = min(failures - 1, 10)  # more make no difference, and overflow in the end
    return min(FIRST_DELAY * float(2**doublings), LONGEST_DELAY)


def _moment(text: str | None) -> datetime | None:
    """The time that *text* says; None if there is none, or none that Python can read."""
    try:
        return datetime.fromisoformat((text or "").upper()).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
