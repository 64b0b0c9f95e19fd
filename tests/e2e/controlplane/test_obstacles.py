"""Why is it not up? The test plays scheduler and kubelet, and reads what users are told."""

from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.cluster.controlplane.api import Json
from tests.e2e.cluster.controlplane.options import Options
from tests.e2e.cluster.controlplane.plane import ControlPlane
from tests.e2e.controlplane.custom_resources import apply_custom_resources
from tests.e2e.controlplane.dask import GROUP, SEED, Dask
from tests.e2e.controlplane.namespaces import own_namespace
from tests.e2e.controlplane.operator_process import OperatorProcess
from tests.e2e.controlplane.pod_states import (
    READY,
    SCHEDULED,
    container,
    on_a_node,
    terminated,
    unscheduled,
    waiting,
)

NAME = "simple-cluster"
SCHEDULER = f"{NAME}-scheduler"
JOB = "simple-job"
TOLD_WITHIN_SECONDS = 5.0


@pytest.fixture(scope="module")
def empty_plane() -> Iterator[ControlPlane]:
    """A control plane without scheduler and nodes: no Pod has a status that the test did not write."""
    with ControlPlane(Options(scheduler=False, nodes=0)) as plane:
        apply_custom_resources(plane)
        with OperatorProcess(plane.kubeconfig):
            yield plane


@pytest.fixture
def dask(empty_plane: ControlPlane) -> Iterator[Dask]:
    """An empty namespace."""
    with own_namespace(empty_plane.api) as name:
        yield Dask(empty_plane.api, name)


CRASHED = terminated(1, "Error")
NOT_FOUND = terminated(
    128, "StartError", 'exec: "dask-scheduler": executable file not found in $PATH'
)

TABLE = {
    "unschedulable": (
        unscheduled("0/3 nodes are available: 3 Insufficient memory."),
        "Unschedulable",
        "0/3 nodes are available: 3 Insufficient memory.",
    ),
    "gated": (unscheduled("waiting for gates", "SchedulingGated"), "SchedulingGated", "gates"),
    "no image": (
        on_a_node(container(waiting("ImagePullBackOff", 'Back-off pulling image "nope"'))),
        "ImagePullBackOff",
        'Back-off pulling image "nope"',
    ),
    "no such secret": (
        on_a_node(container(waiting("CreateContainerConfigError", 'secret "s" not found'))),
        "CreateContainerConfigError",
        'secret "s" not found',
    ),
    "crash loop": (
        on_a_node(container(waiting("CrashLoopBackOff", "back-off 20s"), lastState=CRASHED)),
        "CrashLoop",
        "scheduler ended with exit code 1: Error",
    ),
    "between two crashes": (
        on_a_node(container({"running": {}}, lastState=CRASHED, restartCount=3), phase="Running"),
        "CrashLoop",
        "exit code 1",
    ),
    "out of memory": (
        on_a_node(container(terminated(137, "OOMKilled")), phase="Running"),
        "CrashLoop",
        "exit code 137: OOMKilled",
    ),
    "command that is gone": (
        on_a_node(container(waiting("CrashLoopBackOff"), lastState=NOT_FOUND)),
        "CrashLoop",
        "dask-scheduler does not exist from distributed 2026.6.0 on: write dask scheduler instead",
    ),
    "on its way": (
        on_a_node(container(waiting("ContainerCreating"))),
        "SchedulerNotReady",
        "waiting for the scheduler's readiness",
    ),
    "not ready yet": (
        on_a_node(container({"running": {}}), phase="Running"),
        "SchedulerNotReady",
        "waiting for the scheduler's readiness",
    ),
}


@pytest.mark.parametrize(("status", "reason", "words"), TABLE.values(), ids=TABLE)
def test_what_keeps_the_scheduler(dask: Dask, status: Json, reason: str, words: str) -> None:
    """
    Ready of the cluster names it within five seconds, and it is pending until it is mended.
    """
    dask.apply("cluster.yaml")
    dask.wait_for(lambda: SCHEDULER in dask.names("pods"), "the scheduler")

    dask.set_pod(SCHEDULER, **unscheduled("at first"))
    dask.wait_for_condition("daskclusters", NAME, "Ready", message=f"Pod {SCHEDULER}: at first")

    dask.set_pod(SCHEDULER, **status)

    def told() -> bool:
        entry = dask.condition("daskclusters", NAME, "Ready")
        return bool(entry["reason"] == reason and words in entry["message"])

    dask.wait_for(told, words, TOLD_WITHIN_SECONDS)
    cluster = dask.get("daskclusters", NAME)["status"]
    assert ("Pending", "0/2") == (cluster["phase"], cluster["readyWorkers"])

    dask.set_pod(SCHEDULER, phase="Running", conditions=READY, containerStatuses=None)
    for worker in dask.worker_names():
        dask.set_pod(worker, phase="Running", conditions=READY)
    dask.wait_ready("daskclusters", NAME)


def test_what_keeps_a_worker(dask: Dask) -> None:
    """
    With the scheduler up, the group's obstacle is the cluster's, with the number of those ready.
    """
    dask.apply("cluster.yaml")
    dask.wait_for_workers(2)
    first, second = dask.worker_names()
    dask.set_pod(SCHEDULER, phase="Running", conditions=READY)
    dask.set_pod(second, phase="Running", conditions=READY)

    dask.set_pod(first, **unscheduled("no node has a GPU"))

    message = f"1 of 2 workers are ready; Pod {first}: no node has a GPU"
    for plural, name in (("daskworkergroups", GROUP), ("daskclusters", NAME)):
        dask.wait_for_condition(
            plural, name, "Ready", TOLD_WITHIN_SECONDS, reason="Unschedulable", message=message
        )


def test_who_goes_first(dask: Dask) -> None:
    """
    Scaling down takes the pending worker, then the one that is not ready, and keeps the other.
    """
    manifest = yaml.safe_load((SEED / "cluster.yaml").read_text())
    manifest["spec"]["worker"]["replicas"] = 3
    dask.create(manifest)
    dask.wait_for_workers(3)
    pending, unready, ready = dask.worker_names()
    dask.set_pod(unready, phase="Running", conditions=[SCHEDULED])
    dask.set_pod(ready, phase="Running", conditions=READY)
    dask.wait_for_condition("daskworkergroups", GROUP, "Ready", message="1 of 3 workers are ready")

    dask.scale("daskworkergroups", GROUP, 2)
    dask.wait_for(lambda: dask.worker_names() == [unready, ready], f"{pending} to go")
    dask.scale("daskworkergroups", GROUP, 1)
    dask.wait_for(lambda: dask.worker_names() == [ready], f"{unready} to go")


def test_a_runner_that_fails_and_fails(dask: Dask) -> None:
    """
    Under OnFailure the job goes on, but says with which code its program ended.
    """
    dask.apply("job.yaml")
    runner = started(dask)
    crashed = container(waiting("CrashLoopBackOff"), lastState=terminated(3, "Error"))

    dask.set_pod(runner, phase="Running", conditions=[], containerStatuses=[crashed])

    told = dask.wait_for_condition("daskjobs", JOB, "Reconciling", reason="CrashLoop")
    assert ("False", True) == (told["status"], "ended with exit code 3: Error" in told["message"])
    dask.wait_for(lambda: "RunnerCrashes" in dask.events(JOB), "the event")
    assert "Running" == word(dask)


def test_what_keeps_a_job(dask: Dask) -> None:
    """
    A job tells what its cluster waits for, then what its runner waits for, and never says Ready.
    """
    dask.apply("job.yaml")
    scheduler, runner = f"{JOB}-cluster-scheduler", f"{JOB}-runner"
    dask.wait_for(lambda: scheduler in dask.names("pods"), "the scheduler")

    dask.set_pod(scheduler, **unscheduled("no node"))
    told = dask.wait_for_condition(
        "daskjobs", JOB, "Reconciling", TOLD_WITHIN_SECONDS, reason="Unschedulable"
    )
    assert f"waiting for the cluster: Pod {scheduler}: no node" == told["message"]

    dask.set_pod(scheduler, phase="Running", conditions=READY)
    dask.wait_for(lambda: runner in dask.names("pods"), "the runner")
    dask.set_pod(runner, **on_a_node(container(waiting("ErrImagePull", "no such image"))))
    told = dask.wait_for_condition(
        "daskjobs", JOB, "Reconciling", TOLD_WITHIN_SECONDS, reason="ErrImagePull"
    )
    assert f"Pod {runner}: scheduler: no such image" == told["message"]
    assert {} == dask.condition("daskjobs", JOB, "Ready")


@pytest.mark.parametrize(
    ("policy", "status", "end"),
    [
        ("Never", {"phase": "Failed"}, "Failed"),
        ("Never", {"phase": "Failed", "reason": "Evicted"}, "Failed"),
        ("OnFailure", {"phase": "Failed", "reason": "DeadlineExceeded"}, "Failed"),
        ("OnFailure", {"phase": "Succeeded"}, "Successful"),
    ],
    ids=["failed", "evicted with Never", "too long", "succeeded"],
)
def test_the_end_of_a_job(dask: Dask, policy: str, status: Json, end: str) -> None:
    """
    The runner's end is the job's, with its time; the cluster goes, and the runner stays.
    """
    dask.apply("job.yaml")
    change = {"spec": {"job": {"spec": {"restartPolicy": policy}}}}
    dask.api.patch(dask.path("daskjobs", JOB), change)
    runner = started(dask)
    ended = {"finishedAt": "2026-01-01T00:00:00Z", "exitCode": 0, "reason": "Completed"}

    dask.set_pod(runner, **status, containerStatuses=[container({"terminated": ended})])

    dask.wait_for(lambda: word(dask) == end, end)
    dask.wait_for(lambda: f"{JOB}-cluster" not in dask.names("daskclusters"), "no cluster")
    assert "2026-01-01T00:00:00Z" == dask.get("daskjobs", JOB)["status"]["endTime"]
    assert runner in dask.names("pods")
    reason = "JobSucceeded" if end == "Successful" else "JobFailed"
    dask.wait_for(lambda: reason in dask.events(JOB), "the event")


def test_an_evicted_runner_is_replaced(dask: Dask) -> None:
    """
    With OnFailure, a runner that its node threw out runs once more, and the job goes on.
    """
    dask.apply("job.yaml")
    runner = started(dask)
    first = dask.get("pods", runner)["metadata"]["uid"]

    dask.set_pod(runner, phase="Failed", reason="Evicted")

    def another() -> bool:
        return runner in dask.names("pods") and dask.get("pods", runner)["metadata"]["uid"] != first

    dask.wait_for(another, "another runner")
    dask.wait_for(lambda: "RunnerReplaced" in dask.events(JOB), "the event")
    assert f"{JOB}-cluster" in dask.names("daskclusters")


def started(dask: Dask) -> str:
    """Bring the job's cluster up, have its runner run, and return its name."""
    scheduler, runner = f"{JOB}-cluster-scheduler", f"{JOB}-runner"
    dask.wait_for(lambda: scheduler in dask.names("pods"), "the scheduler")
    dask.set_pod(scheduler, phase="Running", conditions=READY)
    dask.wait_for(lambda: runner in dask.names("pods"), "the runner")
    dask.set_pod(runner, phase="Running", conditions=READY)
    dask.wait_for(lambda: word(dask) == "Running", "Running")
    return runner


def word(dask: Dask) -> str:
    """The job's status in dask-kubernetes' words."""
    return str(dask.get("daskjobs", JOB).get("status", {}).get("jobStatus"))


def test_workers_that_fail_at_once_are_replaced_more_slowly(dask: Dask) -> None:
    """
    The first early end is made up for at once; that of its successor is held back, and told.
    """
    dask.apply("cluster.yaml")
    dask.wait_for_workers(2)
    dask.set_pod(SCHEDULER, phase="Running", conditions=READY)
    first, other = dask.worker_names()
    dask.set_pod(first, phase="Failed")
    dask.wait_for(lambda: first not in dask.worker_names(), "the first one to go")
    dask.wait_for_workers(2)
    (second,) = set(dask.worker_names()) - {other}

    dask.set_pod(second, phase="Failed", reason="Evicted")

    told = dask.wait_for_condition("daskworkergroups", GROUP, "Ready", reason="WorkersFail")
    assert f"Pod {second} has ended: Evicted" in told["message"]
    dask.wait_for(lambda: second not in dask.worker_names(), "the second one to go")
    dask.wait_for_workers(2)
    assert 2 == dask.get("daskworkergroups", GROUP)["status"]["failures"]
    assert "WorkersReplaced" in dask.events(GROUP)
