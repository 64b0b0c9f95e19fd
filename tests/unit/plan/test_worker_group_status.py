"""What is said of a DaskWorkerGroup, and what becomes of workers that ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.labels import PodLabels
from daskop.api.meta import Manifest
from daskop.api.problem import Problem
from daskop.api.resources import PODS
from daskop.api.worker_group import DaskWorkerGroup, WorkerSpec
from daskop.plan.actions import Create, Delete, Event, Patch, Plan
from daskop.plan.names import Naming
from daskop.plan.observed import ObservedWorkerGroup
from daskop.plan.worker_group import plan_worker_group, template_digest
from tests.unit.builders import GROUP_UID, POD_SPEC, a_cluster, a_pod, a_worker_group
from tests.unit.plan.ends import recorded

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TWO_SECONDS_AGO, A_MINUTE_AGO = "2026-01-02T03:04:03Z", "2026-01-02T03:03:05Z"
HOURS_AGO = "2026-01-01T00:00:00Z"
ADDRESS = "tcp://c:8786"


def planned(group: DaskWorkerGroup, pods: Sequence[Pod] = (), *, late: int = 0) -> Plan:
    taken = {pod.meta.key.name for pod in pods}
    observed = ObservedWorkerGroup(group, a_cluster(), ADDRESS, pods, taken)
    return plan_worker_group(observed, NOW + timedelta(seconds=late))


def status_of(plan: Plan) -> dict[str, Any]:
    assert plan.status is not None
    return plan.status


def told(plan: Plan) -> dict[str, tuple[str, str, str]]:
    conditions = status_of(plan)["conditions"]
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in conditions}


def deleted(plan: Plan) -> list[str]:
    return [action.key.name for action in plan.actions if isinstance(action, Delete)]


def creates(plan: Plan) -> list[Create]:
    return [action for action in plan.actions if isinstance(action, Create)]


def a_crashed(name: str, **fields: Any) -> Pod:
    return a_pod(name, **{"phase": "Failed", "created": TWO_SECONDS_AGO, **fields})


def with_worker(group: DaskWorkerGroup, **worker: Any) -> DaskWorkerGroup:
    spec = WorkerSpec.model_validate({"replicas": 2, "spec": POD_SPEC, **worker})
    return replace(group, spec=group.spec.model_copy(update={"worker": spec}))


BOOM = Problem("CrashLoop", "b", 1)

HELD = {**recorded(1, ago=4), "desiredReplicas": 2}
"""Four seconds ago a Pod was replaced that had ended early: one made since waits for six more."""


def test_replicas_are_counted_by_what_they_are_made_of() -> None:
    """
    Live workers made from the template as it is now are the updated ones.
    """
    group = a_worker_group(replicas=4)
    now = template_digest(group, ADDRESS)
    pods = [
        a_pod("new", template=now),
        a_pod("starting", template=now, phase="Pending"),
        a_pod("old", template="another"),
        a_pod("unknown"),
        a_pod("going", template=now, deleting=True),
    ]

    status = status_of(planned(group, pods))
    names = ("desiredReplicas", "replicas", "readyReplicas", "updatedReplicas")
    assert [4, 4, 3, 2] == [status[name] for name in names]


def test_a_new_worker_counts_as_updated() -> None:
    """
    The digest that is counted by is the one on the Pods that are made.
    """
    group = a_worker_group(replicas=1)

    (made,) = creates(planned(group))
    template = made.manifest["metadata"]["annotations"]["kubernetes.dask.org/template"]

    assert 1 == status_of(planned(group, [a_pod("a", template=template)]))["updatedReplicas"]


@pytest.mark.parametrize(
    ("changed", "address", "same"),
    [
        (with_worker(a_worker_group(), replicas=7), ADDRESS, True),
        (replace(a_worker_group(), labels={"team": "a"}), ADDRESS, True),
        (with_worker(a_worker_group(), metadata={"labels": {"a": "b"}}), ADDRESS, False),
        (with_worker(a_worker_group(), spec={**POD_SPEC, "nodeName": "n"}), ADDRESS, False),
        (a_worker_group(), "tcp://another:8786", False),
    ],
)
def test_what_makes_a_worker_another_one(
    changed: DaskWorkerGroup, address: str, same: bool
) -> None:
    """
    Its template and the scheduler's address do, the number of workers and inherited labels do not.
    """
    before = template_digest(a_worker_group(), ADDRESS)

    assert same == (before == template_digest(changed, address))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, ()),
        ({"desiredReplicas": 2}, ()),
        ({"desiredReplicas": 0}, (Event("ScaledUp", "Scaled the workers up from 0 to 2"),)),
        ({"desiredReplicas": 5}, (Event("ScaledDown", "Scaled the workers down from 5 to 2"),)),
    ],
)
def test_scaling_is_told_once(before: Manifest, expected: tuple[Event, ...]) -> None:
    """
    Another number than before is told by the pass that sees it first; a first number is none.
    """
    first = planned(a_worker_group(replicas=2, status=before))
    second = planned(a_worker_group(replicas=2, status=first.status))

    assert (expected, ()) == (first.events, second.events)


def test_a_worker_that_ended_early_is_recorded_and_then_replaced() -> None:
    """
    The first time nobody waits, but the failure is stored and told before anything is deleted.
    """
    pods = [a_pod("a"), a_crashed("b")]
    first = planned(a_worker_group(), pods)
    second = planned(a_worker_group(status=first.status), pods)

    assert ((), None, 1) == (first.actions, first.requeue_after, status_of(first)["failures"])
    message = "Workers ended within 10 minutes of their start, and are replaced"
    assert (Event("WorkersReplaced", message, warning=True),) == first.events
    assert (["b"], 1, ()) == (deleted(second), len(creates(second)), second.events)
    assert status_of(first) == status_of(second)


def test_a_worker_that_is_recorded_is_not_said_to_wait() -> None:
    """
    It is replaced by the very next pass, so that only the number of workers is told.
    """
    plan = planned(a_worker_group(), [a_pod("a"), a_crashed("b")])

    message = "1 of 2 workers are ready"
    assert ("False", "WorkersNotReady", message) == told(plan)["Ready"]


def test_a_worker_that_lived_long_is_replaced_without_a_word() -> None:
    """
    An end after hours is no failure to be counted.
    """
    done = a_pod("a", phase="Succeeded", created=HOURS_AGO, finished=A_MINUTE_AGO)

    plan = planned(a_worker_group(replicas=1), [done])

    assert (["a"], 1, ()) == (deleted(plan), len(creates(plan)), plan.events)
    assert 0 == status_of(plan)["failures"]


def test_a_replacement_long_after_another_is_told() -> None:
    """
    The count begins anew after 10 minutes, and what is counted is told all the same.
    """
    status = {"failures": 1, "lastFailureTime": HOURS_AGO, "desiredReplicas": 2}

    plan = planned(a_worker_group(status=status), [a_pod("a"), a_crashed("b")])

    assert ((), 1) == (plan.actions, status_of(plan)["failures"])
    assert ["WorkersReplaced"] == [event.reason for event in plan.events]


def test_a_worker_of_the_same_failure_does_not_wait() -> None:
    """
    One that was made before the last failure is replaced at once, and neither counted nor told.
    """
    pods = [a_crashed("old", created=A_MINUTE_AGO), a_crashed("new")]

    plan = planned(a_worker_group(status=HELD), pods)

    assert (["old"], 1, ()) == (deleted(plan), len(creates(plan)), plan.events)
    assert (timedelta(seconds=6), 1) == (plan.requeue_after, status_of(plan)["failures"])


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"reason": "Evicted", "problem": BOOM}, "Evicted"), ({"problem": BOOM}, "b"), ({}, "Failed")],
)
def test_held_workers_keep_their_place_and_are_told(fields: dict[str, Any], why: str) -> None:
    """
    Until their time comes nothing is made in their stead, and the first by name is told.
    """
    pods = [a_pod("a"), a_crashed("z"), a_crashed("b", **fields)]
    group = a_worker_group(replicas=3, status={**HELD, "desiredReplicas": 3})

    plan = planned(group, pods)

    assert ((), timedelta(seconds=6), ()) == (plan.actions, plan.requeue_after, plan.events)
    ended = f"Pod b has ended: {why}; it is replaced at 2026-01-02T03:04:11Z"
    message = f"1 of 3 workers are ready; {ended}"
    assert ("False", "WorkersFail", message) == told(plan)["Ready"]
    assert ("True", "WorkersFail", message) == told(plan)["Reconciling"]


def test_held_workers_are_replaced_when_their_time_comes() -> None:
    """
    Six seconds later they are one failure more; then they go, and others come under other names.
    """
    pods = [a_crashed(Naming.worker("g", GROUP_UID, 0)), a_crashed("b")]

    counted = planned(a_worker_group(status=HELD), pods, late=6)
    plan = planned(a_worker_group(status=counted.status), pods, late=6)

    assert ((), ["WorkersReplaced"]) == (counted.actions, [e.reason for e in counted.events])
    assert {pod.meta.key.name for pod in pods} == set(deleted(plan))
    names = [Naming.worker("g", GROUP_UID, number) for number in (1, 2)]
    assert (names, 2) == ([c.key.name for c in creates(plan)], status_of(plan)["failures"])
    assert () == plan.events


def test_only_what_is_missing_besides_held_ones_is_made() -> None:
    """
    Two live workers and a held one leave room for one of four.
    """
    pods = [a_pod("a"), a_pod("b"), a_crashed("c")]

    plan = planned(a_worker_group(replicas=4, status=HELD), pods)

    assert ([], 1) == (deleted(plan), len(creates(plan)))


@pytest.mark.parametrize(("replicas", "gone"), [(3, []), (2, ["ended"]), (1, ["ended", "pending"])])
def test_ended_workers_go_first(replicas: int, gone: list[str]) -> None:
    """
    Scaling down takes what is held back before what may still work, and that before what works.
    """
    pods = [a_pod("busy"), a_pod("pending", phase="Pending"), a_crashed("ended")]

    assert gone == deleted(planned(a_worker_group(replicas=replicas, status=HELD), pods))


@pytest.mark.parametrize(
    ("pods", "reason", "message"),
    [
        ([a_pod("a")], "WorkersNotReady", "1 of 2 workers are ready"),
        ([a_pod("a"), a_pod("b"), a_pod("c")], "WorkersNotReady", "3 of 2 workers are ready"),
        (
            [
                a_pod("a"),
                a_pod("c", phase="Pending", problem=Problem("Unschedulable", "no node")),
                a_pod("b", phase="Pending", problem=Problem("ErrImagePull", "no image")),
                a_pod("0", phase="Pending"),
            ],
            "ErrImagePull",
            "1 of 2 workers are ready; Pod b: no image",
        ),
        (
            [a_pod("a"), a_pod("b", deleting=True, ready=False, problem=Problem("Gone", "x"))],
            "WorkersNotReady",
            "1 of 2 workers are ready",
        ),
    ],
)
def test_obstacles(pods: list[Pod], reason: str, message: str) -> None:
    """
    A group that is not as wanted says how far it is, and the first cause by the Pods' names.
    """
    plan = planned(a_worker_group(), pods)

    assert ("False", reason, message) == told(plan)["Ready"]
    assert ("True", reason, message) == told(plan)["Reconciling"]


def test_labels_of_live_workers_are_mended() -> None:
    """
    What selectors rest on is put back where it was changed, not on Pods that end or go.
    """
    changed = PodLabels("c", "scheduler", "")
    live = a_pod("a", labels=changed)
    pods = [live, a_pod("b"), a_pod("c", labels=changed, deleting=True)]

    (action,) = planned(a_worker_group(), pods).actions

    labels = {"cluster-name": "c", "component": "worker", "workergroup-name": "g"}
    body = {"metadata": {"labels": {f"dask.org/{name}": labels[name] for name in labels}}}
    assert Patch(PODS, live.meta, body) == action
