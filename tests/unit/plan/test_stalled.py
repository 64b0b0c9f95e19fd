"""An object whose child cannot go on until somebody acts does not go on either."""

from typing import Any

import pytest

from daskop.api.meta import Manifest
from daskop.plan.cluster import plan_cluster
from daskop.plan.job import plan_job
from daskop.plan.observed import ObservedCluster, ObservedJob
from tests.unit.builders import GENERATION, a_cluster, a_scheduler, a_worker_group
from tests.unit.plan.ends import NOW
from tests.unit.plan.jobs import ADDRESS, a_runner, cluster_of, job_of

REFUSED = {"reason": "InvalidSpec", "message": "spec.containers: no"}
CONDITIONS: list[dict[str, Any]] = [
    {"type": "Ready", "status": "False", **REFUSED},
    {"type": "ReplicaFailure", "status": "True", **REFUSED},
    {"type": "Stalled", "status": "True", **REFUSED},
]
STALLED: dict[str, Any] = {"observedGeneration": GENERATION, "conditions": CONDITIONS}
EARLIER = {**STALLED, "observedGeneration": GENERATION - 1}
IN_PROGRESS = {**STALLED, "conditions": CONDITIONS[:1]}


def stalled(status: Manifest | None) -> list[str]:
    """The messages of the condition Stalled: none or one."""
    conditions = (status or {})["conditions"]
    return [entry["message"] for entry in conditions if entry["type"] == "Stalled"]


@pytest.mark.parametrize(
    ("group", "passed", "messages"),
    [
        pytest.param(STALLED, "2", [REFUSED["message"]], id="stalled"),
        pytest.param(EARLIER, "2", [], id="it has a newer spec"),
        pytest.param(STALLED, "1", [], id="it is to take up a change"),
        pytest.param(IN_PROGRESS, "2", [], id="in progress"),
        pytest.param({}, "2", [], id="new"),
    ],
)
@pytest.mark.parametrize("scheduler", [None, a_scheduler()], ids=["no scheduler", "scheduler"])
def test_a_cluster_whose_workers_are_refused(
    scheduler: Any, group: dict[str, Any], passed: str, messages: list[str]
) -> None:
    """
    It will not be ready until the worker's spec is mended, so that nobody need wait.
    """
    child = a_worker_group(name="c-default-worker-group", status=group, passed=passed)

    plan = plan_cluster(ObservedCluster(a_cluster(), scheduler, None, child), NOW)

    assert messages == stalled(plan.status)


@pytest.mark.parametrize(
    ("cluster", "address", "messages"),
    [
        pytest.param(STALLED, None, [f"waiting for the cluster: {REFUSED['message']}"], id="yes"),
        pytest.param(STALLED, ADDRESS, [], id="its scheduler is up"),
        pytest.param(EARLIER, None, [], id="it has a newer spec"),
        pytest.param(
            {**STALLED, "conditions": [CONDITIONS[0], CONDITIONS[2]]},
            None,
            [],
            id="its workers are",
        ),
        pytest.param({}, None, [], id="new"),
    ],
)
def test_a_job_whose_cluster_is_refused(
    cluster: dict[str, Any], address: str | None, messages: list[str]
) -> None:
    """
    Without a scheduler no runner is made; a cluster that is short of workers takes one.
    """
    job = job_of()
    child = cluster_of(job, status=cluster)

    plan = plan_job(ObservedJob(job, child, None, address), NOW)

    assert messages == stalled(plan.status)


def test_a_job_that_changes_its_cluster_is_not_stalled() -> None:
    """
    What the cluster says is of its spec before the change.
    """
    child = cluster_of(job_of(image="another"), status=STALLED)

    assert [] == stalled(plan_job(ObservedJob(job_of(), child, None, None), NOW).status)


def test_a_strangers_cluster_stalls_nothing() -> None:
    """
    It is in the way, which is what the job says.
    """
    child = cluster_of(job_of(), owner="a-stranger", status=STALLED)

    assert [] == stalled(plan_job(ObservedJob(job_of(), child, None, None), NOW).status)


def test_an_ended_job_is_stalled_by_its_end_alone() -> None:
    """
    The condition is said once, with the runner's own words.
    """
    child = cluster_of(job_of(), status=STALLED)

    plan = plan_job(ObservedJob(job_of(), child, a_runner("Failed", finished="x"), None), NOW)

    assert ["the runner has failed, and is not restarted"] == stalled(plan.status)
