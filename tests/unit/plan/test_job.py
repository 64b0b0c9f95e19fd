"""The plan of a DaskJob."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from daskop.api.children import Pod
from daskop.api.cluster import CLUSTER, DaskCluster
from daskop.api.job import DaskJob
from daskop.api.labels import PodLabels
from daskop.plan.actions import LOOK_AGAIN, Create, Delete, Plan
from daskop.plan.job import job_cluster, plan_job
from daskop.plan.observed import ObservedJob
from tests.unit.builders import JOB_UID, a_job, a_meta, a_pod, owned_by

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADDRESS = "tcp://j-cluster-service.ns.svc:8786"
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


def a_job_cluster(owner: str = JOB_UID) -> DaskCluster:
    wanted = job_cluster(a_job())
    manifest = {
        **wanted,
        "metadata": {**wanted["metadata"], "uid": "jc-uid", "resourceVersion": "1"},
    }
    meta = a_meta("j-cluster", "jc-uid", owned_by(owner, "DaskJob"))
    return replace(CLUSTER.parse(manifest), meta=meta)


def a_runner(phase: str = "Running", owner: str = JOB_UID, **fields: Any) -> Pod:
    labels = PodLabels("j-cluster", "job-runner")
    return a_pod("j-runner", owner=owner, phase=phase, **{"labels": labels, **fields})


def planned(
    job: DaskJob | None = None,
    cluster: DaskCluster | None = None,
    runner: Pod | None = None,
    address: str | None = None,
) -> Plan:
    return plan_job(ObservedJob(job or a_job(), cluster, runner, address), NOW)


def word(plan: Plan) -> Any:
    assert plan.status is not None
    return plan.status["jobStatus"]


def conditions(plan: Plan) -> dict[str, str]:
    assert plan.status is not None
    return {c["type"]: c["status"] for c in plan.status["conditions"]}


def test_the_cluster_comes_first() -> None:
    """
    A new job gets its cluster, and no runner yet.
    """
    plan = planned()

    (action,) = plan.actions
    assert isinstance(action, Create)
    assert "j-cluster" == action.key.name
    assert "JobCreated" == word(plan)


def test_the_runner_waits_for_the_scheduler() -> None:
    """
    No runner is made before the scheduler accepts connections.
    """
    plan = planned(cluster=a_job_cluster())

    assert ((), "ClusterCreated") == (plan.actions, word(plan))


def test_the_runner_is_told_the_address() -> None:
    """
    The runner restarts on failure unless told otherwise, and a bare Client() finds the scheduler.
    """
    (action,) = planned(cluster=a_job_cluster(), address=ADDRESS).actions

    assert isinstance(action, Create)
    spec = action.manifest["spec"]
    assert "OnFailure" == spec["restartPolicy"]
    assert {"name": "DASK_SCHEDULER_ADDRESS", "value": ADDRESS} in spec["containers"][0]["env"]


OPEN = {"ClusterReady": "True", "Complete": "False", "Failed": "False"}


def test_a_running_job_is_not_reconciling() -> None:
    """
    A job whose runner works is, for kstatus, as it should be.
    """
    plan = planned(cluster=a_job_cluster(), runner=a_runner(), address=ADDRESS)

    assert ((), "Running") == (plan.actions, word(plan))
    assert {**OPEN, "Running": "True", "Reconciling": "False"} == conditions(plan)


def test_a_pending_runner_is_waited_for() -> None:
    """
    Until the runner has started the job is on its way.
    """
    plan = planned(cluster=a_job_cluster(), runner=a_runner("Pending"), address=ADDRESS)

    assert {**OPEN, "Running": "False", "Reconciling": "True"} == conditions(plan)


def test_the_end_is_stored_before_the_cluster_goes() -> None:
    """
    The pass that sees the runner's end writes the status and deletes nothing.
    """
    plan = planned(cluster=a_job_cluster(), runner=a_runner("Succeeded"))

    assert ((), "Successful") == (plan.actions, word(plan))
    assert "True" == conditions(plan)["Complete"]


def test_a_failure_is_final() -> None:
    """
    A runner that failed for good makes the job Failed and, for kstatus, stalled.
    """
    plan = planned(cluster=a_job_cluster(), runner=a_runner("Failed"))

    assert "Failed" == word(plan)
    assert ("True", "True") == (conditions(plan)["Failed"], conditions(plan)["Stalled"])


def test_start_and_end_are_those_of_the_runner() -> None:
    """
    The times come from the Pod, not from when the operator looked.
    """
    runner = a_runner("Succeeded")._replace(
        started="2026-01-01T00:00:00Z", finished="2026-01-02T00:00:00Z"
    )

    status = planned(cluster=a_job_cluster(), runner=runner).status

    assert status is not None
    assert ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z") == (
        status["startTime"],
        status["endTime"],
    )


def test_the_cluster_of_an_ended_job_is_removed() -> None:
    """
    With the end on record the job's own cluster is deleted by its uid.
    """
    plan = planned(a_job(status=COMPLETE), a_job_cluster(), a_runner("Succeeded"))

    (action,) = plan.actions
    assert isinstance(action, Delete)
    assert "jc-uid" == action.uid
    assert {**COMPLETE, "observedGeneration": 3} == plan.status


def test_an_ended_job_does_not_run_again() -> None:
    """
    Without cluster and runner an ended job stays ended, and a stranger's cluster stays.
    """
    settled = Plan(status={**COMPLETE, "observedGeneration": 3})

    assert settled == planned(a_job(status=COMPLETE))
    assert settled == planned(a_job(status=COMPLETE), a_job_cluster("a-stranger"))


def test_a_job_that_is_going_is_left_alone() -> None:
    """
    A deleted job starts nothing.
    """
    assert Plan() == planned(a_job(deleting=True))


def test_children_of_an_earlier_job_are_waited_out() -> None:
    """
    A cluster or runner left by a deleted job of the same name is not taken over.
    """
    old_cluster = planned(cluster=a_job_cluster("earlier"))
    old_runner = planned(cluster=a_job_cluster(), runner=a_runner("Succeeded", "earlier"))

    assert ((), LOOK_AGAIN) == (old_cluster.actions, old_cluster.requeue_after)
    assert ((), LOOK_AGAIN) == (old_runner.actions, old_runner.requeue_after)
    assert "ClusterCreated" == word(old_runner)
