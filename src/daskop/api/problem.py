"""Why a Pod is not up, in the words of Kubernetes."""

from typing import NamedTuple

from daskop.api.meta import Manifest

CRASH_LOOP = "CrashLoop"
"""Our word for all states of a container that ended and is started again."""

_ON_THE_WAY = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Reasons to wait that are no problem."""

_AFTER_A_CRASH = frozenset({"", "CrashLoopBackOff", "RunContainerError"})
"""Reasons to wait, and none while it runs, between which a container that crashes goes round."""


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
            return Problem(
                condition.get("reason") or "Unschedulable", condition.get("message") or ""
            )
    for kind, runs_once in (("initContainerStatuses", True), ("containerStatuses", False)):
        for container in status.get(kind) or ():
            problem = _container_problem(container, runs_once=runs_once)
            if problem is not None:
                return problem
    return None


def _container_problem(container: Manifest, *, runs_once: bool) -> Problem | None:
    if container.get("ready"):
        return None
    state, last = container.get("state") or {}, container.get("lastState") or {}
    waiting, before = state.get("waiting") or {}, last.get("terminated") or {}
    reason = waiting.get("reason") or ""
    ended = state.get("terminated") or before
    code = ended.get("exitCode")
    # Between two crashes the container runs for a moment: that it crashed is what there is to say.
    # One that is to run for ever must not even end well; but what never starts again may.
    again = bool(before) and not runs_once
    if reason in _AFTER_A_CRASH and ended and (code != 0 or again or reason):
        words = ended.get("message") or ended.get("reason") or reason
        return Problem(
            CRASH_LOOP, f"{container['name']} ended with exit code {code}: {words}", code
        )
    if reason == "CrashLoopBackOff":
        return Problem(CRASH_LOOP, f"{container['name']}: {waiting.get('message') or reason}")
    if reason in _ON_THE_WAY:
        return None
    return Problem(reason, f"{container['name']}: {waiting.get('message') or reason}")
