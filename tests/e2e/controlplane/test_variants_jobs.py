"""What users do that no manual mentions: other fields, other orders, other moments, of jobs."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.controlplane.dask import SEED, Dask
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.pod_states import READY, SCHEDULED, terminated

JOB = "simple-job"
RUNNER = f"{JOB}-runner"
CLUSTER = f"{JOB}-cluster"
SERVICE = f"{CLUSTER}-service"
GROUP = f"{CLUSTER}-default-worker-group"
SOON_SECONDS = 10.0
GATES = {"schedulingGates": [{"name": "tests.example/hold"}]}
RUNS: Json = {"running": {}}


def created(dask: Dask, **runner: Any) -> None:
    """The seed's job with something changed in its runner."""
    manifest: Json = yaml.safe_load((SEED / "job.yaml").read_text())
    manifest["spec"]["job"]["spec"].update(runner)
    dask.create(manifest)


def word(dask: Dask) -> str:
    """The job's status in dask-kubernetes' words."""
    return str(dask.get("daskjobs", JOB).get("status", {}).get("jobStatus"))


def wait_for_word(dask: Dask, expected: str) -> None:
    dask.wait_for(lambda: word(dask) == expected, expected)


def wait_for_the_cluster_to_go(dask: Dask) -> None:
    dask.wait_for(lambda: CLUSTER not in dask.names("daskclusters"), "no cluster")


def runner_uid(dask: Dask) -> str:
    return str(dask.get("pods", RUNNER)["metadata"]["uid"])


def another_runner(dask: Dask, before: str) -> Callable[[], bool]:
    return lambda: RUNNER in dask.names("pods") and runner_uid(dask) != before


def told(name: str, state: Json) -> Json:
    """What a kubelet tells of a container."""
    required = {"image": "i", "imageID": "", "restartCount": 0, "ready": state == RUNS}
    return {"name": name, "state": state, **required}


def run_by_hand(dask: Dask) -> None:
    """Play the kubelet of a gated runner."""
    dask.wait_for(lambda: RUNNER in dask.names("pods"), "the runner")
    dask.set_pod(RUNNER, phase="Running", conditions=READY)
    wait_for_word(dask, "Running")


def succeed(dask: Dask) -> None:
    """Play the kubelet of a runner that completes."""
    dask.set_pod(RUNNER, phase="Succeeded", conditions=[SCHEDULED])


@pytest.mark.usefixtures("operator")
def test_a_runner_that_never_started_follows_its_mended_spec(dask: Dask) -> None:
    """
    A runner that no node takes, and whose spec is mended, makes room for one that can run.
    """
    created(dask, nodeSelector={"no": "node"})
    dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="Unschedulable")

    body = {"spec": {"job": {"spec": {"nodeSelector": None}}}}
    dask.api.patch(dask.path("daskjobs", JOB), body)

    dask.wait_for(lambda: word(dask) == "Running", "Running", SOON_SECONDS)


def no_services(dask: Dask) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"services": "0"}}}
    dask.api.create(dask.path("resourcequotas"), quota)
    dask.api.wait_for(
        dask.path("resourcequotas", "none"),
        lambda found: bool(found.get("status", {}).get("hard")),
        "in force",
        within_seconds=30,
    )


def strangers_service(dask: Dask) -> None:
    spec = {"ports": [{"port": 8786}], "selector": {"app": "other"}}
    dask.api.create(dask.path("services"), {"metadata": {"name": SERVICE}, "spec": spec})


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize(
    ("obstacle", "reason"), [(no_services, "QuotaExceeded"), (strangers_service, "NameConflict")]
)
def test_the_runner_waits_for_the_service(
    dask: Dask, obstacle: Callable[[Dask], None], reason: str
) -> None:
    """
    With no Service of its own there is no scheduler to connect to: the job says so, and waits.
    """
    obstacle(dask)

    created(dask)

    dask.wait_for(lambda: CLUSTER in dask.names("daskclusters"), "the cluster")
    dask.wait_for_condition("daskclusters", CLUSTER, "Ready", reason=reason)
    dask.wait_for_condition("daskclusters", CLUSTER, "SchedulerReady", status="True")
    dask.wait_for_condition("daskjobs", JOB, "Reconciling", SOON_SECONDS, reason=reason)
    assert RUNNER not in dask.names("pods")


@pytest.mark.usefixtures("operator")
def test_a_deleted_runner_is_reported(dask: Dask) -> None:
    """
    A runner that somebody deletes runs once more, and an event says that it was lost.
    """
    created(dask)
    wait_for_word(dask, "Running")
    before = runner_uid(dask)

    dask.api.delete(dask.path("pods", RUNNER))

    dask.wait_for(another_runner(dask, before), "another runner")
    wait_for_word(dask, "Running")
    dask.wait_for(lambda: "RunnerReplaced" in dask.events(JOB), "the event", SOON_SECONDS)


@pytest.mark.usefixtures("operator")
def test_one_of_two_containers_fails(dask: Dask) -> None:
    """
    With Never a failed container is named at once, and is the job's end once the other has ended.
    """
    two = [{"name": "a", "image": "a"}, {"name": "b", "image": "b"}]
    created(dask, containers=two, restartPolicy="Never", **GATES)
    run_by_hand(dask)
    failed = told("a", terminated(3, "Error", "boom"))

    dask.set_pod(RUNNER, conditions=[SCHEDULED], containerStatuses=[failed, told("b", RUNS)])
    going = dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="CrashLoop")
    assert "a ended with exit code 3: boom" in going["message"]
    assert "Running" == word(dask)

    done = told("b", terminated(0, "Completed"))
    dask.set_pod(RUNNER, phase="Failed", containerStatuses=[done, failed])
    end = dask.wait_for_condition("daskjobs", JOB, "Failed", status="True")
    assert "a ended with exit code 3: boom" in end["message"]
    wait_for_the_cluster_to_go(dask)


@pytest.mark.usefixtures("operator")
def test_one_of_two_containers_completes(dask: Dask) -> None:
    """
    A job is not over while one of its runner's containers still works.
    """
    two = [{"name": "a", "image": "a"}, {"name": "b", "image": "b"}]
    created(dask, containers=two, **GATES)
    run_by_hand(dask)
    uid = runner_uid(dask)

    done = told("a", terminated(0, "Completed"))
    crashing = told("b", {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}})
    dask.set_pod(RUNNER, conditions=[SCHEDULED], containerStatuses=[done, crashing])

    dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="CrashLoop")
    assert "Running" == word(dask)
    succeed(dask)
    wait_for_word(dask, "Successful")
    wait_for_the_cluster_to_go(dask)
    assert uid == runner_uid(dask)


@pytest.mark.usefixtures("operator")
def test_an_init_container_fails(dask: Dask) -> None:
    """
    With Never the end of a runner that did not come to its program names the init container.
    """
    created(
        dask, initContainers=[{"name": "prepare", "image": "p"}], restartPolicy="Never", **GATES
    )
    dask.wait_for(lambda: RUNNER in dask.names("pods"), "the runner")

    failed = told("prepare", terminated(2, "Error", "no data"))
    dask.set_pod(RUNNER, phase="Failed", conditions=[SCHEDULED], initContainerStatuses=[failed])

    end = dask.wait_for_condition("daskjobs", JOB, "Failed", status="True")
    assert "prepare ended with exit code 2: no data" in end["message"]
    wait_for_the_cluster_to_go(dask)


@pytest.mark.usefixtures("operator")
def test_an_end_stays_the_end(dask: Dask) -> None:
    """
    Neither another spec nor a wiped status nor a cluster of the same name wakes a job that is over.
    """
    created(dask)
    wait_for_word(dask, "Running")
    succeed(dask)
    wait_for_the_cluster_to_go(dask)

    job = dask.path("daskjobs", JOB)
    dask.api.patch(job, {"spec": {"cluster": {"spec": {"worker": {"replicas": 3}}}}})
    dask.wait_for(
        lambda: dask.get("daskjobs", JOB)["status"]["observedGeneration"] == 2, "the change"
    )
    dask.api.patch(f"{job}/status", {"status": None})
    wait_for_word(dask, "Successful")
    spec = dask.get("daskjobs", JOB)["spec"]["cluster"]["spec"]
    users = {"apiVersion": "kubernetes.dask.org/v1", "kind": "DaskCluster", "spec": spec}
    dask.create({**users, "metadata": {"name": CLUSTER}})
    dask.wait_ready("daskclusters", CLUSTER)
    dask.api.delete(job)
    dask.wait_for(lambda: RUNNER not in dask.names("pods"), "the runner to go")

    assert CLUSTER in dask.names("daskclusters")
    assert 3 == len(dask.workers(GROUP))


@pytest.mark.usefixtures("operator")
def test_a_users_cluster_under_the_jobs_name(dask: Dask) -> None:
    """
    A cluster that somebody made is not the job's: it is named, left alone, and waited for.
    """
    manifest: Json = yaml.safe_load((SEED / "cluster.yaml").read_text())
    manifest["metadata"]["name"] = CLUSTER
    manifest["spec"]["scheduler"].pop("service")
    theirs = dask.create(manifest)["metadata"]["uid"]
    dask.wait_ready("daskclusters", CLUSTER)

    created(dask)

    waits = dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="NameConflict")
    assert f"the DaskCluster {CLUSTER} is there already" in waits["message"]
    assert theirs == dask.get("daskclusters", CLUSTER)["metadata"]["uid"]
    assert RUNNER not in dask.names("pods")
    dask.api.delete(dask.path("daskclusters", CLUSTER))
    dask.wait_for(lambda: word(dask) == "Running", "the job to run", 60)


@pytest.mark.usefixtures("operator")
def test_a_users_group_joins_the_jobs_cluster(dask: Dask) -> None:
    """
    A group for the cluster of a job is served, and goes with it when the job has ended.
    """
    manifest: Json = yaml.safe_load((SEED / "highmemworkers.yaml").read_text())
    manifest["metadata"]["name"], manifest["spec"]["cluster"] = "extra", CLUSTER
    dask.create(manifest)
    created(dask)
    dask.wait_ready("daskworkergroups", "extra")
    wait_for_word(dask, "Running")

    succeed(dask)

    dask.wait_for(lambda: dask.left() == {RUNNER}, "all but the runner to go")


def test_a_job_that_ends_while_nobody_looks(dask: Dask, operator: OperatorProcess) -> None:
    """
    A job whose runner succeeds, and whose cluster is deleted, while the operator is down, succeeds.
    """
    created(dask)
    wait_for_word(dask, "Running")
    operator.stop()
    try:
        succeed(dask)
        dask.api.delete(dask.path("daskclusters", CLUSTER))
        dask.wait_for(lambda: dask.left() == {RUNNER}, "the cluster to go", 60)
    finally:
        operator.start()

    wait_for_word(dask, "Successful")
    assert {RUNNER} == dask.left()
    dask.wait_for(lambda: "JobSucceeded" in dask.events(JOB), "the event")
