"""Why a Pod is not up, in the words of Kubernetes."""

from typing import NamedTuple

from daskop.api.meta import Manifest

CRASH_LOOP = "CrashLoop"
"""Our word for all states of a container that ended and is started again."""

_ON_THE_WAY = frozenset({"", "ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
"""Reasons to wait that say nothing by themselves."""


class Problem(NamedTuple):
    """
    What keeps a Pod from becoming ready.

    Attributes:
        reason: One CamelCase word: the scheduler's, the kubelet's, or ``CrashLoop``.
        message: Their words.
        exit_code: How the container ended, if it did.
    """

    reason: str
    message: str
    exit_code: int | None = None


def problem_of(status: Manifest) -> Problem | None:
    """The first problem that the *status* of a Pod tells; None if it is only on its way."""
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return Problem(condition.get("reason") or "Unschedulable", condition.get("message", ""))
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(kind) or ():
            problem = _container_problem(container)
            if problem is not None:
                return problem
    return None


def _container_problem(container: Manifest) -> Problem | None:
    if container.get("ready"):
        return None
    state, last = container.get("state") or {}, container.get("lastState") or {}
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason") or ""
    if reason not in _ON_THE_WAY:
        return Problem(reason, waiting.get("message") or reason)
    ended = state.get("terminated") or last.get("terminated") or {}
    # Between two crashes the container runs for a moment: that it crashed is what there is to say.
    crashed = reason == "CrashLoopBackOff" or ended.get("exitCode", 0) != 0
    if not crashed:
        return None
    code = ended.get("exitCode")
    words = ended.get("message") or ended.get("reason") or reason
    return Problem(CRASH_LOOP, f"{container['name']} ended with exit code {code}: {words}", code)
