"""When Pods that ended are replaced: at once, but slower and slower if they end early each time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from daskop.api.children import Pod
from daskop.api.conditions import rfc3339
from daskop.api.meta import Manifest
from daskop.api.resources import PODS
from daskop.plan.actions import Delete

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

    @property
    def deletes(self) -> tuple[Delete, ...]:
        """An ended Pod keeps its name, and counts against quotas, until it is deleted."""
        return tuple(Delete(PODS, pod.meta.key, pod.meta.uid) for pod in self.due)


def replacement(
    pods: Sequence[Pod], status: Manifest, now: datetime, *, late_too: bool = False
) -> Replacement:
    """
    Sort those of *pods* that ended by when they are to be replaced.

    The owner's *status* is where the last replacements are recorded; *late_too* records also those
    of Pods that lived long.
    """
    # The record is in the cluster, as everything that must be remembered: a restart of the operator
    # is no reason to start a thousand crashing Pods again. It is stored before anything is deleted,
    # or a pass that is cut off in between would forget it.
    failures, last, newest = _recent(status, now)
    due: list[Pod] = []
    counted: list[Pod] = []
    for pod in pods:
        if pod.ended and not pod.meta.deleting:
            (counted if _counts(pod, newest, late_too=late_too) else due).append(pod)
    record = _record(failures, last, newest)
    if not counted:
        return Replacement(due=tuple(due), record=record)
    wait = last + _delay(failures) - now if last else timedelta(0)
    if wait > timedelta(0):
        return Replacement(tuple(due), tuple(counted), wait, rfc3339(now + wait), record)
    record = _record(failures + 1, now, max(pod.meta.created for pod in pods))
    return Replacement(tuple(due), tuple(counted), record=record)


def was_replaced(old: Manifest, new: Manifest) -> bool:
    """Whether replacements were recorded since the status *old*, as *new* has it."""
    return (new.get("lastFailureTime") or "") > (old.get("lastFailureTime") or "")


def _counts(pod: Pod, newest: str, *, late_too: bool) -> bool:
    """Whether the end of *pod* is one more failure."""
    # By the cluster's clocks alone: the operator's own may be minutes ahead.
    began, ended = _moment(pod.meta.created), _moment(pod.finished)
    if began is None or (not late_too and ended and ended - began >= EARLY):
        return False
    # One that was there at the last replacements belongs to them: a node that goes takes many
    # Pods along, which is one failure, however many passes it takes to make up for it.
    return pod.meta.created > newest


def _recent(status: Manifest, now: datetime) -> tuple[int, datetime | None, str]:
    """How often and when Pods were last replaced, and the newest one then; unless that is long ago."""
    last = _moment(status.get("lastFailureTime"))
    if last is None or not -EARLY <= now - last < EARLY:
        return 0, None, ""
    # Clocks go back, too, and another replica's may be ahead.
    last = min(last, now.replace(microsecond=0))
    return max(1, int(status.get("failures") or 1)), last, status.get("newestPodTime") or ""


def _record(failures: int, last: datetime | None, newest: str) -> dict[str, Any]:
    """The fields of the status that remember it."""
    record: dict[str, Any] = {"failures": failures}
    if last is not None:
        record["lastFailureTime"] = rfc3339(last)
    if last is not None and newest:
        record["newestPodTime"] = newest
    return record


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
