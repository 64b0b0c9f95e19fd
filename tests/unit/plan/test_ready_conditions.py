"""The conditions of parts: WorkersReady of a cluster, ClusterReady, Running and both ends of a job."""

from typing import Any

import pytest

from daskop.api.children import Pod
from daskop.api.cluster import DaskCluster
from daskop.api.meta import Manifest
from daskop.plan.cluster import plan_cluster
from daskop.plan.job import plan_job
from daskop.plan.observed import ObservedCluster, ObservedJob
from tests.unit.builders import (
    JOB_UID,
    a_cluster,
    a_job,
    a_pod,
    a_scheduler,
    a_worker_group,
    workers_up,
)
from tests.unit.plan.ends import NOW
from tests.unit.plan.jobs import a_runner, cluster_of

NOT_READY = {"type": "Ready", "status": "False", "reason": "QuotaExceeded", "message": "no room"}


def told(status: Manifest | None) -> dict[str, tuple[str, str, str]]:
    conditions = (status or {})["conditions"]
    return {c["type"]: (c["status"], c["reason"], c["message"]) for c in conditions}


def workers_told(group: Manifest | None, scheduler: Pod | None) -> tuple[str, str, str]:
    there = None
    if group is not None:
        there = a_worker_group(name="c-default-worker-group", status=group)
    observed = ObservedCluster(a_cluster(), scheduler, None, there)
    return told(plan_cluster(observed, NOW).status)["WorkersReady"]


@pytest.mark.parametrize("scheduler", [None, a_scheduler()], ids=["no scheduler", "scheduler"])
@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (None, ("False", "WorkersNotReady", "0 of 2 workers are ready")),
        ({}, ("False", "WorkersNotReady", "0 of 2 workers are ready")),
        ({"conditions": [NOT_READY]}, ("False", "QuotaExceeded", "no room")),
    ],
    ids=["no group", "a new group", "a group that says why"],
)
def test_why_workers_are_not_ready(
    scheduler: Pod | None, group: dict[str, Any] | None, expected: tuple[str, str, str]
) -> None:
    """
    It is the group's own reason, whatever is in the way of the cluster besides.
    """
    assert expected == workers_told(group, scheduler)


def test_workers_may_be_ready_without_a_scheduler() -> None:
    """
    Each condition is about its own part.
    """
    group = a_worker_group(name="c-default-worker-group", status=workers_up(2))

    status = told(plan_cluster(ObservedCluster(a_cluster(), None, None, group), NOW).status)

    assert ("True", "WorkersReady", "all workers are ready: 2") == status["WorkersReady"]
    assert "SchedulerNotReady" == status["Ready"][1] == status["SchedulerReady"][1]


ACCEPTS = ("True", "SchedulerReady", "the scheduler of the job's cluster accepts connections")
STARTING = ("False", "Starting", "waiting for the cluster's scheduler")
STRANGER = a_cluster()


@pytest.mark.parametrize(
    ("cluster", "address", "expected"),
    [
        pytest.param(None, None, STARTING, id="none"),
        pytest.param(cluster_of(a_job()), None, STARTING, id="new"),
        pytest.param(
            cluster_of(a_job(), status={"conditions": [NOT_READY]}),
            None,
            ("False", "QuotaExceeded", "waiting for the cluster: no room"),
            id="it says why",
        ),
        pytest.param(cluster_of(a_job()), "tcp://x", ACCEPTS, id="up"),
    ],
)
def test_whether_a_jobs_cluster_is_up(
    cluster: DaskCluster | None, address: str | None, expected: tuple[str, str, str]
) -> None:
    """
    The runner waits for the scheduler alone, and the condition says what the scheduler waits for.
    """
    plan = plan_job(ObservedJob(a_job(), cluster, None, address), NOW)

    conditions = told(plan.status)
    assert expected == conditions["ClusterReady"]
    ends = ("False", "NotEnded", "the runner has not ended")
    assert (ends, ends, "False") == (
        conditions["Complete"],
        conditions["Failed"],
        conditions["Running"][0],
    )


def test_a_strangers_cluster_is_named() -> None:
    """
    Whatever a cluster of that name says, it is not the job's.
    """
    plan = plan_job(ObservedJob(a_job(), STRANGER, None, None), NOW)

    message = "the DaskCluster c is there already, and not made for this DaskJob: it is left alone"
    assert ("False", "NameConflict", message) == told(plan.status)["ClusterReady"]


@pytest.mark.parametrize(
    ("phase", "complete", "failed", "reason"),
    [
        ("Succeeded", "True", "False", "RunnerSucceeded"),
        ("Failed", "False", "True", "RunnerFailed"),
    ],
)
def test_an_ended_job(phase: str, complete: str, failed: str, reason: str) -> None:
    """
    One end is true and the other is not; nothing runs, and the cluster is on its way out.
    """
    runner = a_runner(phase)

    conditions = told(plan_job(ObservedJob(a_job(), cluster_of(a_job()), runner, "x"), NOW).status)

    ends = [conditions[type_][:2] for type_ in ("Complete", "Failed", "Running")]
    assert [(complete, reason), (failed, reason), ("False", reason)] == ends
    removed = ("False", "JobEnded", "the job has ended, and its cluster is removed")
    assert removed == conditions["ClusterReady"]


def test_a_pending_runner_does_not_run() -> None:
    """
    Running is about the Pod's containers, not about the Pod.
    """
    pending = a_pod("j-runner", owner=JOB_UID, phase="Pending", created="")

    conditions = told(plan_job(ObservedJob(a_job(), cluster_of(a_job()), pending, "x"), NOW).status)

    assert ("False", "RunnerStarting") == conditions["Running"][:2]
