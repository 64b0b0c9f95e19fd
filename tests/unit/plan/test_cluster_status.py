"""What is said about a DaskCluster: its phase, conditions and counts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from daskop.api.children import Pod, Service
from daskop.api.cluster import DaskCluster
from daskop.api.meta import Manifest
from daskop.api.problem import Problem
from daskop.api.worker_group import DaskWorkerGroup
from daskop.plan.actions import Plan
from daskop.plan.cluster import plan_cluster
from daskop.plan.observed import ObservedCluster
from tests.unit.builders import (
    CLUSTER_UID,
    GENERATION,
    a_cluster,
    a_scheduler,
    a_service,
    a_worker_group,
    owned_by,
    workers_up,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UID = "c-scheduler-uid"

CRASH = Problem("CrashLoop", "main ended with exit code 1: Error", 1)
NOT_READY = {"type": "Ready", "status": "False", "reason": "WorkersFail", "message": "they end"}
PROBE = {"tcpSocket": {"port": 8786, "periodSeconds": 3}}
MISPLACED = {"containers": [{"name": "main", "livenessProbe": PROBE}]}


def a_group(owner: str = CLUSTER_UID, **changes: Any) -> DaskWorkerGroup:
    return a_worker_group(owners=(owned_by(owner),), name="c-default-worker-group", **changes)


def planned(
    cluster: DaskCluster | None = None,
    scheduler: Pod | None = None,
    service: Service | None = None,
    group: DaskWorkerGroup | None = None,
) -> Plan:
    return plan_cluster(ObservedCluster(cluster or a_cluster(), scheduler, service, group), NOW)


def status(*parts: Any) -> dict[str, Any]:
    status = planned(*parts).status
    assert status is not None
    return status


def told(status: Manifest, type_: str) -> tuple[str, str, str]:
    (entry,) = [entry for entry in status["conditions"] if entry["type"] == type_]
    return entry["status"], entry["reason"], entry["message"]


@pytest.mark.parametrize(
    ("scheduler", "phase"),
    [
        pytest.param(None, "Created", id="none"),
        pytest.param(a_scheduler(owner="a-stranger"), "Created", id="a stranger's"),
        pytest.param(a_scheduler(deleting=True), "Created", id="going"),
        pytest.param(a_scheduler(phase="Pending"), "Pending", id="pending"),
        pytest.param(a_scheduler(phase="Failed"), "Pending", id="ended"),
        pytest.param(a_scheduler(), "Running", id="ready"),
    ],
)
def test_the_phase_is_that_of_the_clusters_own_scheduler(scheduler: Pod | None, phase: str) -> None:
    """
    The word for older tools follows the scheduler alone.
    """
    assert phase == status(None, scheduler)["phase"]


STRANGER = "a-stranger"
LEFT_ALONE = "is there already, and not made for this DaskCluster: it is left alone"
CRASHING = a_scheduler(ready=False, problem=CRASH)
FAILING = a_group(status={"conditions": [{"type": "Other", "status": "False"}, NOT_READY]})
STALE = a_group(status={"readyReplicas": 1, "conditions": [{**NOT_READY, "status": "True"}]})
FOREIGN = (a_service(owner=STRANGER), a_group(STRANGER))

OBSTACLES: list[tuple[tuple[Any, ...], str, str]] = [
    (
        (a_scheduler(owner=STRANGER, deleting=True), *FOREIGN),
        "NameConflict",
        f"the Pod c-scheduler {LEFT_ALONE}",
    ),
    (
        (a_scheduler(deleting=True), *FOREIGN),
        "Terminating",
        "waiting for the Pod c-scheduler to be gone",
    ),
    (
        (CRASHING, *FOREIGN),
        "NameConflict",
        f"the Service c-service {LEFT_ALONE}",
    ),
    (
        (CRASHING, a_service(), a_group(deleting=True)),
        "Terminating",
        "waiting for the DaskWorkerGroup c-default-worker-group to be gone",
    ),
    (
        (CRASHING, a_service(), FAILING),
        "CrashLoop",
        "Pod c-scheduler: main ended with exit code 1: Error",
    ),
    (
        (a_scheduler(ready=False), a_service(), FAILING),
        "SchedulerNotReady",
        "waiting for the scheduler's readiness",
    ),
    ((None, None, FAILING), "SchedulerNotReady", "waiting for the scheduler's readiness"),
    ((a_scheduler(), a_service(), FAILING), "WorkersFail", "they end"),
    ((a_scheduler(), a_service(), STALE), "WorkersNotReady", "1 of 2 workers are ready"),
    ((a_scheduler(), None, None), "WorkersNotReady", "0 of 2 workers are ready"),
]


@pytest.mark.parametrize(("parts", "reason", "message"), OBSTACLES)
def test_the_first_obstacle_is_told(parts: Any, reason: str, message: str) -> None:
    """
    Of all that is in the way, what has to be removed first is the reason that it is not ready.
    """
    said = status(a_cluster(status={"schedulerRestarts": 1}), *parts)

    assert ("False", reason, message) == told(said, "Ready")
    assert ("True", reason, message) == told(said, "Reconciling")
    if said["phase"] != "Running":
        assert ("False", reason, message) == told(said, "SchedulerReady")


def test_a_ready_cluster_is_settled() -> None:
    """
    With scheduler and workers ready, all conditions say so.
    """
    said = status(None, a_scheduler(), a_service(), a_group(status=workers_up(2)))

    message = "the scheduler is ready, and so are all workers: 2"
    assert ("True", "Ready", message) == told(said, "Ready")
    assert ("False", "Ready", message) == told(said, "Reconciling")
    scheduler = ("True", "SchedulerReady", "the scheduler accepts connections")
    assert scheduler == told(said, "SchedulerReady")


@pytest.mark.parametrize(
    "counts",
    [{"observedGeneration": GENERATION - 1}, {"replicas": 3}, {"readyReplicas": 1}],
    ids=["of an earlier spec", "one too many", "one not ready"],
)
def test_a_group_that_has_not_settled_is_in_the_way(counts: dict[str, int]) -> None:
    """
    Ready needs exactly the wanted workers, all ready, and the group's word that it is up to date.
    """
    group = a_group(status={**workers_up(2), **counts})

    said = status(None, a_scheduler(), a_service(), group)

    message = f"{counts.get('readyReplicas', 2)} of 2 workers are ready"
    assert ("False", "WorkersNotReady", message) == told(said, "Ready")
    assert ("True", "WorkersNotReady", message) == told(said, "Reconciling")


def test_a_change_that_is_passed_down_is_in_the_way() -> None:
    """
    The pass that changes the group does not say Ready of what the group was before.
    """
    said = status(a_cluster(replicas=5), a_scheduler(), a_service(), a_group(status=workers_up(2)))

    message = "the worker group is to take up a change"
    assert ("False", "WorkersNotReady", message) == told(said, "Ready")


def test_a_change_to_the_group_hides_no_obstacle() -> None:
    """
    What was in the way before is told as long as it is.
    """
    said = status(a_cluster(replicas=5), CRASHING, a_service(), a_group(status=workers_up(2)))

    assert "CrashLoop" == told(said, "Ready")[1]


def test_a_ready_scheduler_is_told_whatever_else_is_in_the_way() -> None:
    """
    Clients can connect although another object of the cluster has no place.
    """
    said = status(None, a_scheduler(), a_service(owner=STRANGER), a_group())

    assert ("False", "True") == (told(said, "Ready")[0], told(said, "SchedulerReady")[0])


def test_counts_are_those_of_the_group() -> None:
    """
    The number that the group was scaled to is what is wanted, once the group is there.
    """
    group = a_group(replicas=7, status={"replicas": 5, "readyReplicas": 3})
    said = status(None, a_scheduler(), a_service(), group)

    assert (5, 3, "3/7") == (said["replicas"], said["readyReplicas"], said["readyWorkers"])
    assert "0/4" == status(a_cluster(replicas=4))["readyWorkers"]


@pytest.mark.parametrize(
    ("last", "scheduler", "run", "count"),
    [
        pytest.param("", a_scheduler(), f"{UID}/0", 4, id="ready for the first time"),
        pytest.param(f"{UID}/0", a_scheduler(), f"{UID}/0", 4, id="still ready"),
        pytest.param(f"{UID}/0", a_scheduler(restarts=2), f"{UID}/2", 5, id="restarted"),
        pytest.param(f"{UID}/2", a_scheduler(restarts=2), f"{UID}/2", 4, id="up since"),
        pytest.param("old-uid/0", a_scheduler(), f"{UID}/0", 5, id="new Pod"),
        pytest.param("old-uid/0", a_scheduler(ready=False), "old-uid/0", 4, id="not ready"),
        pytest.param("old-uid/0", a_scheduler(owner=STRANGER), "old-uid/0", 4, id="a stranger's"),
        pytest.param("old-uid/0", None, "old-uid/0", 4, id="none"),
    ],
)
def test_restarts_of_the_scheduler_are_counted(
    last: str, scheduler: Pod | None, run: str, count: int
) -> None:
    """
    A new run is counted once it is ready; another start of Dask's container or Pod makes one.
    """
    cluster = a_cluster(status={"schedulerInstance": last, "schedulerRestarts": 4})

    said = status(cluster, scheduler)

    assert (run, count) == (said["schedulerInstance"], said["schedulerRestarts"])


@pytest.mark.parametrize("names", [["renamed"], ["proxy", "main"]])
def test_an_edit_of_the_template_is_no_restart(names: list[str]) -> None:
    """
    Containers renamed or moved in the cluster's spec do not change the Pod that runs.
    """
    cluster = a_cluster(
        spec={"containers": [{"name": name} for name in names]},
        status={"schedulerInstance": f"{UID}/1", "schedulerRestarts": 1},
    )

    assert 1 == status(cluster, a_scheduler(restarts=1))["schedulerRestarts"]


def test_a_restarted_scheduler_is_ready_and_says_what_was_lost() -> None:
    """
    The condition stays True and tells that there was an earlier run.
    """
    cluster = a_cluster(status={"schedulerInstance": "old-uid/0", "schedulerRestarts": 1})

    message = "the scheduler accepts connections; times that it lost what it held: 2"
    assert ("True", "SchedulerRestarted", message) == told(
        status(cluster, a_scheduler()), "SchedulerReady"
    )


def test_fields_of_a_probe_that_are_lifted_are_told() -> None:
    """
    The status has a condition for what the operator mends in the scheduler's PodSpec.
    """
    plan = planned(a_cluster(spec=MISPLACED))

    assert plan.status is not None
    assert ("True", "MisplacedFields") == told(plan.status, "ProbeFieldsMoved")[:2]
    assert ["ProbeFieldsMoved"] == [event.reason for event in plan.events]
